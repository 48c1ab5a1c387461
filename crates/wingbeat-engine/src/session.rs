//! Begins and ends executor sessions. An executor has one; what a lost one held is retried.

use wingbeat_model::{FollowUpKind, Session, SessionId};

use crate::working::Working;
use crate::{Reject, Reply};

pub(crate) fn start(work: &mut Working, session: Session) -> Result<Reply, Reject> {
    if let Some(known) = work.session(&session.id) {
        // A reconnect. One that was found lost stays lost: its attempts may run elsewhere by now.
        return if known.ended_at.is_none() { Ok(Reply::Done) } else { Err(Reject::NoSession) };
    }
    for former in work.open_sessions_of(&session.executor) {
        end(work, &former);
    }
    work.put_session(Session { ended_at: None, ..session });
    Ok(Reply::Done)
}

pub(crate) fn end(work: &mut Working, id: &SessionId) -> Reply {
    let open = work.session(id).filter(|session| session.ended_at.is_none()).cloned();
    if let Some(session) = open {
        work.put_session(Session { ended_at: Some(work.now), ..session });
        work.leave(FollowUpKind::LoseSession(id.clone()));
    }
    Reply::Done
}
