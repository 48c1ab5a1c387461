//! What is true of all rows after every transaction. Shared by tests and by the simulation; each
//! broken rule is a sentence. Never used to decide anything.

use std::collections::BTreeMap;

use wingbeat_model::{
    Action, ActionKey, ActionOutcome, Attempt, AttemptKey, CacheOwner, CounterKey, FollowUp, FollowUpKind,
    Queue, QueueName, Reservation, Run, RunId, Session, SessionId, State, TallyKey, tally,
};

use crate::reopens;

/// All rows of a store, between two transactions.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// Runs.
    pub runs: BTreeMap<RunId, Run>,
    /// Actions.
    pub actions: BTreeMap<ActionKey, Action>,
    /// Attempts.
    pub attempts: BTreeMap<AttemptKey, Attempt>,
    /// Sessions.
    pub sessions: BTreeMap<SessionId, Session>,
    /// Claims on cache keys.
    pub reservations: Vec<Reservation>,
    /// Work that is left.
    pub follow_ups: Vec<FollowUp>,
    /// Counts; zeros may be there or not.
    pub counters: BTreeMap<CounterKey, i64>,
    /// Sums; zeros may be there or not.
    pub tallies: BTreeMap<TallyKey, i64>,
    /// Queues.
    pub queues: BTreeMap<QueueName, Queue>,
}

/// Every rule that the rows break.
pub fn broken(rows: &Rows) -> Vec<String> {
    let mut broken = Vec::new();
    for action in rows.actions.values() {
        action_is_whole(rows, action, &mut broken);
    }
    for run in rows.runs.values() {
        run_counts_are_exact(rows, run, &mut broken);
    }
    for attempt in rows.attempts.values() {
        attempt_is_whole(rows, attempt, &mut broken);
    }
    children_are_counted(rows, &mut broken);
    counters_are_exact(rows, &mut broken);
    tallies_are_exact(rows, &mut broken);
    queue_counts_are_exact(rows, &mut broken);
    reservations_have_owners(rows, &mut broken);
    broken
}

/// Every rule that the step from one state of the rows to a later one breaks.
pub fn broken_between(before: &Rows, after: &Rows) -> Vec<String> {
    let mut broken = Vec::new();
    for (key, old) in &before.actions {
        let Some(new) = after.actions.get(key) else {
            broken.push(format!("action {} vanished", key.name));
            continue;
        };
        if new.attempts < old.attempts {
            broken.push(format!("action {} lost attempts", key.name));
        }
        let ended_otherwise = old.outcome().is_some() && old.outcome() != new.outcome();
        if ended_otherwise && !may_reopen(before, after, old) {
            broken.push(format!("action {} left its end {:?}", key.name, old.phase()));
        }
    }
    for (key, old) in &before.attempts {
        match after.attempts.get(key) {
            None => broken.push(format!("attempt {} of {} vanished", key.attempt, key.action.name)),
            Some(new) if old.end.is_some() && old.end != new.end => {
                broken.push(format!("attempt {} of {} ended twice", key.attempt, key.action.name));
            }
            Some(new) if !old.held && new.held => {
                broken.push(format!("attempt {} of {} is held again", key.attempt, key.action.name));
            }
            Some(_) => {}
        }
    }
    broken
}

// The retry that allows it may be part of the same transaction, so the later parent counts as well.
fn may_reopen(before: &Rows, after: &Rows, child: &Action) -> bool {
    let Some(name) = &child.parent else { return false };
    let parent = ActionKey { run: child.key.run, name: name.clone() };
    [before, after].iter().any(|rows| {
        rows.actions
            .get(&parent)
            .is_some_and(|parent| parent.reopens_since.is_some() && reopens(parent, child))
    })
}

fn action_is_whole(rows: &Rows, action: &Action, broken: &mut Vec<String>) {
    let name = &action.key.name;
    if !rows.runs.contains_key(&action.key.run) {
        broken.push(format!("action {name} has no run"));
    }
    for attempt in 1..=action.attempts {
        let key = AttemptKey { action: action.key.clone(), attempt };
        let Some(row) = rows.attempts.get(&key) else {
            broken.push(format!("attempt {attempt} of {name} is missing"));
            continue;
        };
        let open = attempt == action.attempts && action.claim().is_some();
        if open == row.end.is_some() {
            let is = if open { "has ended but is claimed" } else { "has no end but is not claimed" };
            broken.push(format!("attempt {attempt} of {name} {is}"));
        }
    }
    let newest = AttemptKey { action: action.key.clone(), attempt: action.attempts };
    if let (Some(claim), Some(row)) = (action.claim(), rows.attempts.get(&newest))
        && (claim.fence != row.fence || claim.session != row.session || !row.held)
    {
        broken.push(format!("the claim of {name} is not its newest attempt's"));
    }
}

fn attempt_is_whole(rows: &Rows, attempt: &Attempt, broken: &mut Vec<String>) {
    let (name, number) = (&attempt.key.action.name, attempt.key.attempt);
    match rows.actions.get(&attempt.key.action) {
        Some(action) if number >= 1 && number <= action.attempts => {}
        Some(_) | None => broken.push(format!("attempt {number} of {name} is beyond its action's count")),
    }
    if attempt.phases.windows(2).any(|two| two[0].at > two[1].at) {
        broken.push(format!("attempt {number} of {name} goes back in time"));
    }
    if !attempt.held {
        return;
    }
    let session = rows.sessions.get(&attempt.session);
    let losing = rows
        .follow_ups
        .iter()
        .any(|work| matches!(&work.kind, FollowUpKind::LoseSession(lost) if *lost == attempt.session));
    match session {
        None => broken.push(format!("attempt {number} of {name} is held by an unknown session")),
        Some(session) if session.ended_at.is_some() && !losing => {
            broken.push(format!("attempt {number} of {name} is held by a session that ended"));
        }
        Some(_) => {}
    }
}

fn run_counts_are_exact(rows: &Rows, run: &Run, broken: &mut Vec<String>) {
    let claimed = || rows.actions.values().filter(|a| a.key.run == run.id && a.claim().is_some());
    let (running, waiting) = (claimed().count(), claimed().filter(|a| a.live_children > 0).count());
    if run.running as usize != running {
        broken.push(format!("run {} counts {} running, there are {running}", run.key.name(), run.running));
    }
    if run.waiting_parents as usize != waiting {
        let counted = run.waiting_parents;
        broken.push(format!("run {} counts {counted} waiting parents, there are {waiting}", run.key.name()));
    }
}

fn children_are_counted(rows: &Rows, broken: &mut Vec<String>) {
    let mut live: BTreeMap<ActionKey, u32> = BTreeMap::new();
    for action in rows.actions.values().filter(|action| !action.phase().is_terminal()) {
        if let Some(name) = &action.parent {
            *live.entry(ActionKey { run: action.key.run, name: name.clone() }).or_default() += 1;
        }
    }
    for action in rows.actions.values() {
        let there = live.get(&action.key).copied().unwrap_or(0);
        if action.live_children != there {
            let (name, counted) = (&action.key.name, action.live_children);
            broken.push(format!("action {name} counts {counted} live children, there are {there}"));
        }
        if there > 0 && action.phase().is_terminal() && !cascade_is_left(rows, &action.key) {
            broken.push(format!(
                "action {} has ended, its live children have not, and nobody will",
                action.key.name
            ));
        }
    }
}

fn cascade_is_left(rows: &Rows, key: &ActionKey) -> bool {
    rows.follow_ups
        .iter()
        .any(|work| matches!(&work.kind, FollowUpKind::AbortChildren { parent, .. } if parent == key))
}

fn counters_are_exact(rows: &Rows, broken: &mut Vec<String>) {
    let mut there: BTreeMap<CounterKey, i64> = BTreeMap::new();
    for action in rows.actions.values() {
        let key = CounterKey {
            run: action.key.run,
            parent: action.parent.clone(),
            group: action.group.clone(),
            phase: action.phase(),
        };
        *there.entry(key).or_default() += 1;
    }
    let counted = rows.counters.iter().filter(|(_, count)| **count != 0);
    if !counted.clone().eq(there.iter()) {
        broken.push(format!("counters say {:?}, there are {there:?}", counted.collect::<Vec<_>>()));
    }
}

fn tallies_are_exact(rows: &Rows, broken: &mut Vec<String>) {
    let mut there: BTreeMap<TallyKey, i64> = BTreeMap::new();
    for action in rows.actions.values() {
        let run = action.key.run;
        let Some(created) = rows.runs.get(&run).map(|run| run.created_at) else { continue };
        for what in tally::tallied(action, created) {
            *there.entry(TallyKey { run, what }).or_default() += 1;
        }
    }
    let summed = rows.tallies.iter().filter(|(_, count)| **count != 0);
    if !summed.clone().eq(there.iter()) {
        broken.push(format!("sums say {:?}, there are {there:?}", summed.collect::<Vec<_>>()));
    }
}

fn queue_counts_are_exact(rows: &Rows, broken: &mut Vec<String>) {
    let mut there: BTreeMap<QueueName, (u32, u32)> = BTreeMap::new();
    for action in rows.actions.values().filter(|action| action.claim().is_some()) {
        let counts = there.entry(action.queue_name()).or_default();
        counts.0 += 1;
        counts.1 += u32::from(action.live_children > 0);
    }
    for queue in rows.queues.values() {
        let counts = there.remove(&queue.name).unwrap_or_default();
        if counts != (queue.running, queue.waiting_parents) {
            let counted = (queue.running, queue.waiting_parents);
            broken.push(format!(
                "queue {} counts {counted:?} running and waiting, there are {counts:?}",
                queue.name
            ));
        }
    }
    if !there.is_empty() {
        broken.push(format!("actions run in queues that are not counted: {there:?}"));
    }
}

fn reservations_have_owners(rows: &Rows, broken: &mut Vec<String>) {
    for reservation in &rows.reservations {
        if let CacheOwner::Action(owner) = &reservation.owner
            && rows.actions.get(owner).is_none_or(|action| action.phase().is_terminal())
        {
            broken.push(format!("cache key {} is held by an action that has ended", reservation.key.key));
        }
    }
    for action in rows.actions.values() {
        let State::AwaitingCache { key, .. } = &action.state else { continue };
        let held = rows.reservations.iter().any(|reservation| reservation.key == *key);
        let waking = rows
            .follow_ups
            .iter()
            .any(|work| matches!(&work.kind, FollowUpKind::WakeCacheWaiters(awaited) if awaited == key));
        if !held && !waking {
            broken.push(format!("action {} waits for a cache key that nobody computes", action.key.name));
        }
    }
}

/// Is the run over, and is nothing of it left to do?
pub fn is_settled(rows: &Rows, run: RunId) -> bool {
    let of_run = |action: &&Action| action.key.run == run;
    rows.follow_ups.is_empty()
        && rows.actions.values().filter(of_run).all(|action| action.outcome().is_some())
}

/// Did the action end well?
pub fn succeeded(rows: &Rows, key: &ActionKey) -> bool {
    let outcome = rows.actions.get(key).and_then(Action::outcome);
    matches!(outcome, Some(ActionOutcome::Succeeded { .. } | ActionOutcome::Recovered { .. }))
}
