//! Adds an action to a run, or finds that it is there, or lets a failed one run again.

use wingbeat_model::{
    Action, ActionKey, ActionKind, ActionName, ActionOutcome, AttemptCause, CacheStatus, Failure, Policy,
    QueueName, Resources, Run, Spent, State, Timestamp,
};

use crate::admit::{self, Admission};
use crate::reopen::reopens;
use crate::working::Working;
use crate::{Effect, NewAction, NewBody, Reject, Reply, queue};

pub(crate) fn enqueue(work: &mut Working, new: NewAction) -> Result<Reply, Reject> {
    let run = work.run(new.key.run).ok_or(Reject::NoRun)?;
    if let Some(caller) = &new.caller {
        work.check_caller(caller)?;
    }
    let aborted = run.abort.as_ref().map(|abort| abort.reason.clone());
    if let Some(existing) = work.action(&new.key) {
        let existing = existing.clone();
        return again(work, &existing, new, aborted);
    }
    if let Some(reason) = aborted {
        return Err(Reject::RunAborted(reason));
    }
    check_queue(work, run, &new)?;
    let depth = live_parent(work, &new)?.depth.saturating_add(1);
    add(work, new, depth);
    Ok(Reply::Enqueued)
}

/// Is there the queue that a new action is to wait in?
pub(crate) fn check_queue(work: &Working, run: &Run, new: &NewAction) -> Result<(), Reject> {
    let NewBody::Task { queue, .. } = &new.body else { return Ok(()) };
    queue::check_exists(work, &QueueName::of(if queue.is_empty() { &run.queue } else { queue }))
}

fn live_parent<'w>(work: &'w Working, new: &NewAction) -> Result<&'w Action, Reject> {
    let name = new.parent.clone().unwrap_or_else(ActionName::root);
    let key = ActionKey { run: new.key.run, name: name.clone() };
    let parent = work.action(&key).ok_or(Reject::NoParent(name))?;
    if let Some(outcome) = parent.outcome() {
        return Err(Reject::ParentEnded { parent: parent.key.name.clone(), phase: word(outcome) });
    }
    Ok(parent)
}

const fn word(outcome: &ActionOutcome) -> &'static str {
    match outcome {
        ActionOutcome::Succeeded { .. } => "succeeded",
        ActionOutcome::Failed(_) => "failed",
        ActionOutcome::Aborted(_) => "aborted",
        ActionOutcome::TimedOut(_) => "timed out",
        ActionOutcome::Recovered { .. } => "recovered",
    }
}

/// The name is taken. By the same action, most likely: clients repeat themselves.
fn again(
    work: &mut Working,
    existing: &Action,
    new: NewAction,
    aborted: Option<String>,
) -> Result<Reply, Reject> {
    let kind = kind(&new.body);
    // The record of a trace holds its times, so a repetition is never the same bytes.
    if kind != existing.kind || (existing.spec != new.spec && kind != ActionKind::Trace) {
        return Err(Reject::DifferentSpec(new.key.name));
    }
    if !work.parent(existing).is_some_and(|parent| reopens(parent, existing)) {
        return Ok(Reply::AlreadyEnqueued);
    }
    if let Some(reason) = aborted {
        return Err(Reject::RunAborted(reason));
    }
    reopen(work, &existing.key, new);
    Ok(Reply::Enqueued)
}

fn reopen(work: &mut Working, key: &ActionKey, new: NewAction) {
    let (now, position) = (work.now, work.seq);
    work.put_spec(new.spec, new.spec_bytes);
    work.edit(key, |action| {
        action.spec = new.spec;
        action.input_uri = new.input_uri;
        action.spent = Spent::default();
        action.next_cause = AttemptCause::ParentRetry;
        // Its own failed children run again too: a new life is no crash retry.
        action.reopens_since = Some(position);
    });
    match new.body {
        NewBody::Task { .. } => admit::readmit(work, key, now),
        NewBody::Trace { failure, output_uri, started_at, ended_at } => work.edit(key, |action| {
            record(action, Happened { failure, output_uri, started_at, ended_at }, now);
        }),
        NewBody::Condition { timeout } => {
            work.edit(key, |action| {
                action.state = State::Paused { expires: timeout.map(|timeout| now + timeout) };
            });
            work.effect(Effect::ConditionCreated(key.clone()));
        }
    }
}

/// Adds an action that is not there, to a run that is.
pub(crate) fn add(work: &mut Working, new: NewAction, depth: u32) {
    let Some(run) = work.run(new.key.run) else { return };
    let now = work.now;
    let mut action = blank(run, &new, depth, now);
    let recovered = recovered(work, run, &new);
    work.put_spec(new.spec, new.spec_bytes);
    let key = action.key.clone();
    match (new.body, recovered) {
        (NewBody::Task { .. } | NewBody::Condition { .. }, Some(outcome)) => {
            action.started_at = Some(now);
            action.state = State::Done { outcome, at: now };
            work.insert_action(action);
        }
        (NewBody::Task { .. }, None) => {
            let admission = admit::admission(work, &action);
            admit::place(&mut action, &admission, now, now);
            let cache = action.cache.clone();
            work.insert_action(action);
            if let Admission::Go(_) = admission {
                admit::reserve(work, &key, cache.as_ref());
            }
        }
        // It has happened again, so what it left now counts, not what the recovered run has.
        (NewBody::Trace { failure, output_uri, started_at, ended_at }, _) => {
            action.created_at = started_at.min(now);
            record(&mut action, Happened { failure, output_uri, started_at, ended_at }, now);
            work.insert_action(action);
        }
        (NewBody::Condition { timeout }, None) => {
            action.state = State::Paused { expires: timeout.map(|timeout| now + timeout) };
            work.insert_action(action);
            work.effect(Effect::ConditionCreated(key));
        }
    }
}

fn blank(run: &Run, new: &NewAction, depth: u32, now: Timestamp) -> Action {
    let (queue, priority, resources, policy) = match &new.body {
        NewBody::Task { queue, priority, resources, policy, .. } => {
            let queue = if queue.is_empty() { run.queue.as_str().into() } else { queue.clone() };
            (queue, *priority, *resources, *policy)
        }
        NewBody::Trace { .. } | NewBody::Condition { .. } => {
            ("".into(), 0, Resources::default(), Policy::default())
        }
    };
    Action {
        key: new.key.clone(),
        parent: new.parent.clone(),
        depth,
        kind: kind(&new.body),
        group: new.group.clone(),
        spec: new.spec,
        task: new.task.clone(),
        input_uri: new.input_uri.clone(),
        queue,
        priority,
        resources,
        policy,
        cache: admit::cache_use(run, new),
        cache_status: CacheStatus::Disabled,
        attempts: 0,
        next_cause: AttemptCause::First,
        spent: Spent::default(),
        created_at: now,
        started_at: None,
        state: State::Queued { since: now, not_before: now },
        live_children: 0,
        reopens_since: None,
        created_by: new.created_by.clone(),
        changed: run.changed,
    }
}

const fn kind(body: &NewBody) -> ActionKind {
    match body {
        NewBody::Task { .. } => ActionKind::Task,
        NewBody::Trace { .. } => ActionKind::Trace,
        NewBody::Condition { .. } => ActionKind::Condition,
    }
}

/// What a trace says of itself.
struct Happened {
    failure: Option<Failure>,
    output_uri: String,
    started_at: Timestamp,
    ended_at: Timestamp,
}

fn record(action: &mut Action, happened: Happened, now: Timestamp) {
    let started = happened.started_at.min(now);
    let outcome = match happened.failure {
        Some(failure) => ActionOutcome::Failed(failure),
        None => ActionOutcome::Succeeded {
            output_uri: happened.output_uri,
            value: None,
            signalled_by: String::new(),
        },
    };
    action.started_at = Some(started);
    action.state = State::Done { outcome, at: happened.ended_at.clamp(started, now) };
}

/// The result that the run which is recovered has under the same name. The root always runs.
fn recovered(work: &Working, run: &Run, new: &NewAction) -> Option<ActionOutcome> {
    let recovery = run.recovery.as_ref()?;
    if new.key.name.is_root() || recovery.force_rerun.contains(&new.key.name) {
        return None;
    }
    let source = work.action(&ActionKey { run: recovery.source, name: new.key.name.clone() })?;
    if source.kind != kind(&new.body) {
        return None;
    }
    match source.outcome()? {
        ActionOutcome::Succeeded { value: None, output_uri, .. }
        | ActionOutcome::Recovered { output_uri } => {
            let output_uri = output_uri.clone();
            (source.kind != ActionKind::Condition).then_some(ActionOutcome::Recovered { output_uri })
        }
        // A client reads the value of a condition only from one that succeeded.
        answered @ ActionOutcome::Succeeded { value: Some(_), .. } => Some(answered.clone()),
        ActionOutcome::Failed(_) | ActionOutcome::Aborted(_) | ActionOutcome::TimedOut(_) => None,
    }
}
