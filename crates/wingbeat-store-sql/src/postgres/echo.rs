//! What transactions touched, told to other servers. A transaction leaves the keys of its rows; who reads them finds
//! the rows as they are now, so a reader that is far behind reads each row once.

use sqlx::Row;
use wingbeat_model::{
    ActionKey, ActionName, AttemptKey, Changes, Needs, RunId, Seq, ServerId, SessionId, State,
};
use wingbeat_store::Echo;

use super::load::{bind_action_key, read_runs};
use super::params::Params;
use super::pending::Pending;
use super::queries;
use super::readers::Readers;
use super::row::read_rows;
use crate::fault::Fault;
use crate::rows::{action, attempt, queue, session};

/// Positions that are kept: minutes under the highest load. Who is further behind reads everything anew.
pub(crate) const KEPT: i64 = 65_536;

/// Transactions that are read at once.
const AT_ONCE: i64 = 64;

/// In place of an attempt's number.
const NO_ATTEMPT: i64 = 0;
const SESSION: i64 = -1;

/// After other parameters, the keys of what was written, for `head_advance.sql`.
pub(crate) fn and_keys(params: Params, written: &Pending) -> Result<Params, Fault> {
    let runs = written.runs.keys().chain(written.run_counts.keys()).map(|run| (run.0, "", NO_ATTEMPT));
    let actions = written
        .actions
        .keys()
        .chain(written.action_counts.keys())
        .map(|key| (key.run.0, key.name.as_str(), NO_ATTEMPT));
    // Whose executor is to stop: the order is for the attempt, whose row has not changed.
    let stopping = written
        .actions
        .values()
        .filter(|action| matches!(action.state, State::Running { stopping: Some(_), .. }))
        .map(|action| (action.key.run.0, action.key.name.as_str(), i64::from(action.attempts)));
    let attempts = written
        .attempts
        .keys()
        .map(|key| (key.action.run.0, key.action.name.as_str(), i64::from(key.attempt)));
    let sessions = written.sessions.keys().map(|id| (0, &*id.0, SESSION));
    let all = runs.chain(actions).chain(stopping).chain(attempts).chain(sessions);
    params.and_rows(&queries::HEAD_ADVANCE, all, |row, (run, name, attempt)| {
        row.put(*run)?;
        row.put(*name)?;
        row.put(*attempt)
    })
}

/// What other servers than `server` changed after `after`; `None` when that is not known any more.
pub(crate) async fn read(readers: &Readers, server: ServerId, after: Seq) -> Result<Option<Echo>, Fault> {
    let params = Params::new().with(after.0)?.with(server.0)?.with(AT_ONCE)?;
    let rows = readers.fetch(&queries::ECHO_READ, params).await?;
    let (mut upto, mut head, mut keys) = (after.0, after.0, Needs::default());
    for row in &rows {
        head = row.try_get("head")?;
        let Some(seq) = row.try_get::<Option<i64>, _>("seq")? else { break };
        if row.try_get::<i64, _>("base")? > upto {
            return Ok(None);
        }
        upto = seq;
        let runs = row.try_get::<Vec<i64>, _>("runs")?;
        let names = row.try_get::<Vec<String>, _>("names")?;
        let attempts = row.try_get::<Vec<i64>, _>("attempts")?;
        for ((run, name), attempt) in runs.into_iter().zip(names).zip(attempts) {
            want(&mut keys, RunId(run), &name, attempt)?;
        }
    }
    if rows.len() < usize::try_from(AT_ONCE).unwrap_or(usize::MAX) && upto < head {
        return Ok(None);
    }
    let mut changes = load(readers, keys).await?;
    if !rows.is_empty() {
        // There are few of them, so transactions need not name them.
        let since = || Params::new().with(after.0);
        changes.queues = read_rows(&readers.fetch(&queries::QUEUE_CHANGED, since()?).await?, queue::read)?;
        changes.shares =
            read_rows(&readers.fetch(&queries::SHARE_CHANGED, since()?).await?, queue::read_share)?;
    }
    Ok(Some(Echo { changes, upto: Seq(upto), more: upto < head }))
}

fn want(keys: &mut Needs, run: RunId, name: &str, attempt: i64) -> Result<(), Fault> {
    if attempt == SESSION {
        keys.sessions.insert(SessionId(name.into()));
        return Ok(());
    }
    if name.is_empty() {
        keys.runs.insert(run);
        return Ok(());
    }
    let action = ActionKey { run, name: ActionName::stored(name) };
    if attempt == NO_ATTEMPT {
        keys.actions.insert(action);
    } else {
        let attempt = attempt.try_into().map_err(|_| Fault::corrupt("an attempt's number in an echo"))?;
        keys.attempts.insert(AttemptKey { action, attempt });
    }
    Ok(())
}

async fn load(readers: &Readers, keys: Needs) -> Result<Changes, Fault> {
    let mut changes = Changes::default();
    if !keys.runs.is_empty() {
        let params = Params::rows(&queries::RUN_GET, &keys.runs, |row, id| row.put(id.0))?;
        changes.runs = read_runs(&readers.fetch(&queries::RUN_GET, params).await?)?;
    }
    if !keys.actions.is_empty() {
        let query = &queries::ACTION_FIND;
        let params = Params::rows(query, &keys.actions, |row, key| bind_action_key(row, key))?;
        changes.actions = read_rows(&readers.fetch(query, params).await?, action::read)?;
    }
    if !keys.attempts.is_empty() {
        let query = &queries::ATTEMPT_FIND;
        let params = Params::rows(query, &keys.attempts, |row, key| {
            bind_action_key(row, &key.action)?;
            row.put(key.attempt)
        })?;
        changes.attempts = read_rows(&readers.fetch(query, params).await?, attempt::read)?;
    }
    if !keys.sessions.is_empty() {
        let query = &queries::SESSION_FIND;
        let params = Params::rows(query, &keys.sessions, |row, id| row.put(&*id.0))?;
        changes.sessions = read_rows(&readers.fetch(query, params).await?, session::read)?;
    }
    Ok(changes)
}
