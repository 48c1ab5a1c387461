//! Tells a store which of a unit's wishes are new. Pure set arithmetic; knows nothing of where rows are kept.

use std::collections::BTreeSet;

use wingbeat_model::Needs;

/// What of `wanted` was not asked for before. It is added to `asked`.
pub fn take_new(wanted: Needs, asked: &mut Needs) -> Needs {
    Needs {
        runs: take(wanted.runs, &mut asked.runs),
        runs_by_key: take(wanted.runs_by_key, &mut asked.runs_by_key),
        actions: take(wanted.actions, &mut asked.actions),
        attempts: take(wanted.attempts, &mut asked.attempts),
        cache: take(wanted.cache, &mut asked.cache),
        reservations: take(wanted.reservations, &mut asked.reservations),
        live_children: take(wanted.live_children, &mut asked.live_children),
        cache_waiters: take(wanted.cache_waiters, &mut asked.cache_waiters),
        held: take(wanted.held, &mut asked.held),
        sessions: take(wanted.sessions, &mut asked.sessions),
        sessions_of: take(wanted.sessions_of, &mut asked.sessions_of),
        queues: take(wanted.queues, &mut asked.queues),
        replays: take(wanted.replays, &mut asked.replays),
    }
}

fn take<K: Ord + Clone>(wanted: BTreeSet<K>, asked: &mut BTreeSet<K>) -> BTreeSet<K> {
    wanted.into_iter().filter(|key| asked.insert(key.clone())).collect()
}
