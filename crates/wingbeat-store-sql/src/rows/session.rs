//! Sessions, work that is left, and how long answered requests are known.

use wingbeat_model::{
    ActionKey, ActionName, FollowUp, FollowUpKind, RunId, ServerId, Session, SessionId, Span,
};

use super::cell::{Binder, Columns};
use super::parts::missing;
use crate::fault::Fault;

const ABORT_CHILDREN: i32 = 1;
const WAKE_CACHE_WAITERS: i32 = 2;
const LOSE_SESSION: i32 = 3;

/// How long an answered request is known.
pub(crate) const REPLAY_LIFE: Span = Span::from_secs(600);

/// The most old requests that one commit forgets, so that none of them takes long.
pub(crate) const REPLAYS_EXPIRED_AT_ONCE: u32 = 200;

/// Binds all columns of a session.
pub(crate) fn bind(row: &mut Binder<'_>, session: &Session) -> Result<(), Fault> {
    row.put(&*session.id.0)?;
    row.put(&session.executor)?;
    row.put(session.server.0)?;
    row.put_time(session.started_at)?;
    row.put_maybe_time(session.ended_at)?;
    row.put(session.draining)?;
    row.put(&session.terms)
}

/// Reads a session.
pub(crate) fn read(row: &mut Columns<'_>) -> Result<Session, Fault> {
    Ok(Session {
        id: SessionId(row.take_arc()?),
        executor: row.take()?,
        server: ServerId(row.take()?),
        started_at: row.take_time()?,
        ended_at: row.take_maybe_time()?,
        draining: row.take()?,
        terms: row.take()?,
    })
}

/// Binds all columns of work that is left.
pub(crate) fn bind_follow_up(row: &mut Binder<'_>, left: &FollowUp) -> Result<(), Fault> {
    row.put(left.id)?;
    match &left.kind {
        FollowUpKind::AbortChildren { parent, abort } => {
            row.put(ABORT_CHILDREN)?;
            row.put(parent.run.0)?;
            row.put(parent.name.as_str())?;
            row.put_abort(Some(abort))?;
            row.put_nulls(4)
        }
        FollowUpKind::WakeCacheWaiters(key) => {
            row.put(WAKE_CACHE_WAITERS)?;
            row.put_nulls(5)?;
            row.put_cache_key(key)?;
            row.put_nulls(1)
        }
        FollowUpKind::LoseSession(session) => {
            row.put(LOSE_SESSION)?;
            row.put_nulls(8)?;
            row.put(&*session.0)
        }
    }
}

/// Reads work that is left.
pub(crate) fn read_follow_up(row: &mut Columns<'_>) -> Result<FollowUp, Fault> {
    let lost = || missing("part of a follow-up");
    let (id, kind) = (row.take()?, row.take()?);
    let (run, name) = (row.take::<Option<i64>>()?, row.take::<Option<String>>()?);
    let parent =
        run.zip(name).map(|(run, name)| ActionKey { run: RunId(run), name: ActionName::stored(&name) });
    let abort = row.take_abort()?;
    let key = row.take_maybe_cache_key()?;
    let session = row.take::<Option<_>>()?;
    let kind = match kind {
        ABORT_CHILDREN => FollowUpKind::AbortChildren {
            parent: parent.ok_or_else(lost())?,
            abort: abort.ok_or_else(lost())?,
        },
        WAKE_CACHE_WAITERS => FollowUpKind::WakeCacheWaiters(key.ok_or_else(lost())?),
        LOSE_SESSION => FollowUpKind::LoseSession(SessionId(session.ok_or_else(lost())?)),
        other => return Err(Fault::corrupt(format!("kind of follow-up {other}"))),
    };
    Ok(FollowUp { id, kind })
}
