//! Sessions, work that is left, and answered requests.

use rusqlite::{Connection, params};
use wingbeat_model::{Digest, FollowUp, ReplayKey, RunId, Session, SessionId, Timestamp};

use super::queries;
use super::row::{find, list, write, write_bound};
use crate::fault::Fault;
use crate::rows::session::{
    REPLAY_LIFE, REPLAYS_EXPIRED_AT_ONCE, bind, bind_follow_up, read, read_follow_up,
};

/// Writes a session.
pub(crate) fn put(db: &Connection, session: &Session) -> Result<(), Fault> {
    write_bound(db, &queries::SESSION_PUT, |row| bind(row, session)).map(drop)
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

/// Writes work that is left.
pub(crate) fn put_follow_up(db: &Connection, left: &FollowUp) -> Result<(), Fault> {
    write_bound(db, &queries::FOLLOW_UP_PUT, |row| bind_follow_up(row, left)).map(drop)
}

/// Work that is left.
pub(crate) fn follow_ups(db: &Connection) -> Result<Vec<FollowUp>, Fault> {
    list(db, &queries::FOLLOW_UP_LIST, [], read_follow_up)
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
    use super::{load_replay, put_replays};
    use crate::rows::session::REPLAY_LIFE;
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
