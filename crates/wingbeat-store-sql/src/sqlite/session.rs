//! Sessions, work that is left, and answered requests as rows.

use rusqlite::{Connection, params};
use wingbeat_model::{
    ActionKey, ActionName, Digest, FollowUp, FollowUpKind, ReplayKey, RunId, Session, SessionId, Span,
    Timestamp,
};

use super::fault::Fault;
use super::parts::missing;
use super::queries;
use super::row::{Columns, find, list, write, write_bound};

const ABORT_CHILDREN: i32 = 1;
const WAKE_CACHE_WAITERS: i32 = 2;
const LOSE_SESSION: i32 = 3;

/// How long an answered request is known.
const REPLAY_LIFE: Span = Span::from_secs(600);

/// The most old requests that one commit forgets, so that none of them takes long.
const REPLAYS_EXPIRED_AT_ONCE: u32 = 200;

/// Writes a session.
pub(crate) fn put(db: &Connection, session: &Session) -> Result<(), Fault> {
    let ended = session.ended_at.map(Timestamp::as_micros);
    let params = params![&*session.id.0, session.executor, session.started_at.as_micros(), ended];
    write(db, &queries::SESSION_PUT, params).map(drop)
}

/// Loads a session.
pub(crate) fn load(db: &Connection, id: &SessionId) -> Result<Option<Session>, Fault> {
    find(db, &queries::SESSION_FIND, [&*id.0], read)
}

/// Open sessions of an executor.
pub(crate) fn open_of(db: &Connection, executor: &str) -> Result<Vec<Session>, Fault> {
    list(db, &queries::SESSION_OPEN_OF, [executor], read)
}

/// Open sessions.
pub(crate) fn open(db: &Connection) -> Result<Vec<Session>, Fault> {
    list(db, &queries::SESSION_OPEN, [], read)
}

fn read(row: &mut Columns<'_, '_>) -> Result<Session, Fault> {
    Ok(Session {
        id: SessionId(row.take_arc()?),
        executor: row.take()?,
        started_at: row.take_time()?,
        ended_at: row.take_maybe_time()?,
    })
}

/// Writes work that is left.
pub(crate) fn put_follow_up(db: &Connection, left: &FollowUp) -> Result<(), Fault> {
    write_bound(db, &queries::FOLLOW_UP_PUT, |row| {
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
    })
}

/// Work that is left.
pub(crate) fn follow_ups(db: &Connection) -> Result<Vec<FollowUp>, Fault> {
    list(db, &queries::FOLLOW_UP_LIST, [], read_follow_up)
}

fn read_follow_up(row: &mut Columns<'_, '_>) -> Result<FollowUp, Fault> {
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

/// Deletes work that is done.
pub(crate) fn delete_follow_up(db: &Connection, id: i64) -> Result<(), Fault> {
    write(db, &queries::FOLLOW_UP_DELETE, [id]).map(drop)
}

/// Writes answered requests and forgets some that are too old.
pub(crate) fn put_replays(
    db: &Connection,
    replays: &[(ReplayKey, Digest, RunId)],
    now: Timestamp,
) -> Result<(), Fault> {
    if replays.is_empty() {
        return Ok(());
    }
    for (key, digest, run) in replays {
        write(db, &queries::REPLAY_PUT, params![key.0, digest.0, run.0, now.as_micros()])?;
    }
    write(db, &queries::REPLAY_EXPIRE, ((now - REPLAY_LIFE).as_micros(), REPLAYS_EXPIRED_AT_ONCE)).map(drop)
}

/// Loads an answered request that is not too old.
pub(crate) fn load_replay(
    db: &Connection,
    key: &ReplayKey,
    now: Timestamp,
) -> Result<Option<(Digest, RunId)>, Fault> {
    let earliest = (now - REPLAY_LIFE).as_micros();
    find(db, &queries::REPLAY_FIND, (&key.0, earliest), |row| Ok((row.take_digest()?, RunId(row.take()?))))
}

#[cfg(test)]
mod tests {
    use super::{REPLAY_LIFE, load_replay, put_replays};
    use crate::sqlite::open::connect_writer;
    use wingbeat_model::{Digest, ReplayKey, RunId, Span, Timestamp};

    #[test]
    fn answered_requests_are_forgotten_after_ten_minutes() {
        let folder = tempfile::tempdir().expect("a folder");
        let db = connect_writer(&folder.path().join("meta.db")).expect("opens");
        let start = Timestamp::from_micros(1_000_000_000);
        let replay = |name: &str| (ReplayKey(name.to_owned()), Digest([1; 32]), RunId(1));
        let known = |now| load_replay(&db, &replay("old").0, now).expect("reads").is_some();
        put_replays(&db, &[replay("old")], start).expect("writes");
        let last = start + REPLAY_LIFE;
        let over = last + Span::from_micros(1);
        assert!(known(last) && !known(over));
        put_replays(&db, &[replay("new")], over).expect("writes");
        assert!(!known(start), "the next one that is written deletes it");
    }
}
