//! Begins and ends executor sessions. An executor has one; what a lost one held is retried.

use wingbeat_model::{FollowUpKind, ServerId, Session, SessionId};

use crate::working::Working;
use crate::{Reject, Reply};

pub(crate) fn start(work: &mut Working, session: Session) -> Result<Reply, Reject> {
    if let Some(known) = work.session(&session.id) {
        // A reconnect. One that was found lost stays lost: its attempts may run elsewhere by now.
        if known.ended_at.is_some() {
            return Err(Reject::NoSession);
        }
        if known.server != session.server {
            let moved = Session { server: session.server, ..known.clone() };
            work.move_session(moved);
        }
        return Ok(Reply::Done);
    }
    for former in work.open_sessions_of(&session.executor) {
        end(work, &former);
    }
    work.put_session(Session { ended_at: None, ..session });
    Ok(Reply::Done)
}

/// A server gives up a session whose stream it had.
pub(crate) fn lose(work: &mut Working, id: &SessionId, server: ServerId) -> Reply {
    if work.session(id).is_some_and(|session| session.server != server) {
        return Reply::Done;
    }
    end(work, id)
}

fn end(work: &mut Working, id: &SessionId) -> Reply {
    let open = work.session(id).filter(|session| session.ended_at.is_none()).cloned();
    if let Some(session) = open {
        work.put_session(Session { ended_at: Some(work.now), ..session });
        work.leave(FollowUpKind::LoseSession(id.clone()));
    }
    Reply::Done
}
