//! Begins, drains and ends executor sessions. An executor has one; what a lost one held is retried.

use wingbeat_model::{FollowUpKind, ServerId, Session, SessionId};

use crate::working::Working;
use crate::{Reject, Reply};

pub(crate) fn start(work: &mut Working, session: Session) -> Result<Reply, Reject> {
    if let Some(known) = work.session(&session.id) {
        // A reconnect. One that was found lost stays lost: its attempts may run elsewhere by now.
        if known.ended_at.is_some() {
            return Err(Reject::NoSession);
        }
        let (moved, says) = (known.server != session.server, known.terms != session.terms);
        let draining = known.draining || session.draining;
        let says = says || known.draining != draining;
        let comes_back = Session { server: session.server, terms: session.terms, draining, ..known.clone() };
        if moved {
            work.move_session(comes_back);
        } else if says {
            work.put_session(comes_back);
        }
        return Ok(Reply::Done);
    }
    for former in work.open_sessions_of(&session.executor) {
        end(work, &former);
    }
    work.put_session(Session { ended_at: None, ..session });
    Ok(Reply::Done)
}

/// An operator wants the executors of that name to end, with nothing lost. Later sessions of that name are new lives.
pub(crate) fn drain(work: &mut Working, executor: &str) -> Result<Reply, Reject> {
    let open = work.open_sessions_of(executor);
    if open.is_empty() {
        return Err(Reject::NoExecutor(executor.to_owned()));
    }
    for id in open {
        let asked = work.session(&id).filter(|session| !session.draining).cloned();
        if let Some(session) = asked {
            work.put_session(Session { draining: true, ..session });
        }
    }
    Ok(Reply::Done)
}

/// A drained executor ends its session. Nothing that it was given may still be on its way to it.
pub(crate) fn leave(work: &mut Working, id: &SessionId) -> Result<Reply, Reject> {
    let open = work.session(id).filter(|session| session.ended_at.is_none()).cloned();
    let Some(session) = open else { return Ok(Reply::Done) };
    if !session.draining || !work.holds_nothing(id) {
        return Err(Reject::NotDrained);
    }
    work.put_session(Session { ended_at: Some(work.now), ..session });
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
