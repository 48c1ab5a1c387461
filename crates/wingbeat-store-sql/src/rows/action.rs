//! Actions as rows: the state's parts in columns, in the order of `action_columns.sql`.

use wingbeat_model::{
    Action, ActionKey, ActionName, ActionOutcome, Backoff, CacheUse, Claim, Fence, Phase, Policy, Resources,
    RunId, Seq, SessionId, Spent, State, TaskRef,
};

use super::cell::{Binder, Columns};
use super::parts::missing;
use crate::fault::Fault;

/// Binds all columns.
pub(crate) fn bind(row: &mut Binder<'_>, action: &Action) -> Result<(), Fault> {
    bind_identity(row, action)?;
    bind_demands(row, action)?;
    bind_progress(row, action)?;
    bind_state(row, action)?;
    bind_outcome(row, action.outcome())
}

fn bind_identity(row: &mut Binder<'_>, action: &Action) -> Result<(), Fault> {
    row.put(action.key.run.0)?;
    row.put(action.key.name.as_str())?;
    row.put(action.parent.as_ref().map_or("", ActionName::as_str))?;
    row.put(action.depth)?;
    row.put_code(action.kind)?;
    row.put(&action.group)?;
    row.put(action.spec.0)?;
    let task = &action.task;
    let texts = [
        &task.project,
        &task.domain,
        &task.name,
        &task.version,
        &task.short_name,
        &task.environment,
        &task.task_type,
    ];
    texts.into_iter().try_for_each(|text| row.put(text))?;
    row.put(&action.input_uri)
}

fn bind_demands(row: &mut Binder<'_>, action: &Action) -> Result<(), Fault> {
    row.put(&*action.queue)?;
    row.put(action.priority)?;
    row.put(action.resources.cpu_millis.cast_signed())?;
    row.put(action.resources.memory_bytes.cast_signed())?;
    row.put(action.resources.gpus)?;
    row.put(action.policy.user_retries)?;
    let backoff = action.policy.backoff;
    row.put_maybe_span(backoff.map(|backoff| backoff.base))?;
    row.put(backoff.map(|backoff| backoff.factor))?;
    row.put_maybe_span(backoff.and_then(|backoff| backoff.cap))?;
    row.put_maybe_span(action.policy.max_runtime)?;
    row.put_maybe_span(action.policy.max_queued)?;
    row.put_maybe_span(action.policy.deadline)?;
    let Some(cache) = &action.cache else { return row.put_nulls(6) };
    row.put_cache_key(&cache.key)?;
    row.put(cache.overwrite)?;
    row.put(cache.serialize)?;
    row.put_maybe_span(cache.max_age)
}

fn bind_progress(row: &mut Binder<'_>, action: &Action) -> Result<(), Fault> {
    row.put_code(action.cache_status)?;
    row.put(action.attempts)?;
    row.put_code(action.next_cause)?;
    row.put(action.spent.user)?;
    row.put(action.spent.system)?;
    row.put(action.spent.preempted)?;
    row.put_time(action.created_at)?;
    row.put_maybe_time(action.started_at)?;
    row.put(action.live_children)?;
    row.put(action.reopens_since.map(|position| position.0))?;
    row.put(&action.created_by)?;
    row.put(action.changed.0)
}

/// `phase`, `since`, `not_before`, wait (3), claim (2), `stopping`, `expires_at`, `ended_at`.
fn bind_state(row: &mut Binder<'_>, action: &Action) -> Result<(), Fault> {
    row.put_code(action.phase())?;
    match &action.state {
        State::Queued { since, not_before } => {
            row.put_time(*since)?;
            row.put_time(*not_before)?;
            row.put_nulls(8)
        }
        State::AwaitingCache { since, key } => {
            row.put_time(*since)?;
            row.put_nulls(1)?;
            row.put_cache_key(key)?;
            row.put_nulls(5)
        }
        State::Claimed { claim, since } => {
            row.put_time(*since)?;
            row.put_nulls(4)?;
            bind_claim(row, claim)?;
            row.put_nulls(3)
        }
        State::Running { claim, since, stopping } => {
            row.put_time(*since)?;
            row.put_nulls(4)?;
            bind_claim(row, claim)?;
            row.put(stopping.map(super::codes::Code::code))?;
            row.put_nulls(2)
        }
        State::Paused { expires } => {
            row.put_nulls(8)?;
            row.put_maybe_time(*expires)?;
            row.put_nulls(1)
        }
        State::Done { at, .. } => {
            row.put_nulls(9)?;
            row.put_time(*at)
        }
    }
}

fn bind_claim(row: &mut Binder<'_>, claim: &Claim) -> Result<(), Fault> {
    row.put(&*claim.session.0)?;
    row.put(claim.fence.0.cast_signed())
}

/// `output_uri`, `value`, `signalled_by`, failure (6), abort (3).
const OUTCOME_COLUMNS: usize = 12;

fn bind_outcome(row: &mut Binder<'_>, outcome: Option<&ActionOutcome>) -> Result<(), Fault> {
    match outcome {
        None => row.put_nulls(OUTCOME_COLUMNS),
        Some(ActionOutcome::Succeeded { output_uri, value, signalled_by }) => {
            row.put(output_uri)?;
            row.put(value)?;
            row.put(signalled_by)?;
            row.put_nulls(9)
        }
        Some(ActionOutcome::Recovered { output_uri }) => {
            row.put(output_uri)?;
            row.put_nulls(11)
        }
        Some(ActionOutcome::Failed(failure) | ActionOutcome::TimedOut(failure)) => {
            row.put_nulls(3)?;
            row.put_failure(Some(failure))?;
            row.put_nulls(3)
        }
        Some(ActionOutcome::Aborted(abort)) => {
            row.put_nulls(9)?;
            row.put_abort(Some(abort))
        }
    }
}

/// Reads an action.
pub(crate) fn read(row: &mut Columns<'_>) -> Result<Action, Fault> {
    let run = RunId(row.take()?);
    let key = ActionKey { run, name: ActionName::stored(&row.take::<String>()?) };
    let parent = row.take::<String>()?;
    Ok(Action {
        key,
        parent: (!parent.is_empty()).then(|| ActionName::stored(&parent)),
        depth: row.take()?,
        kind: row.take_code()?,
        group: row.take()?,
        spec: row.take_digest()?,
        task: read_task(row)?,
        input_uri: row.take()?,
        queue: row.take_arc()?,
        priority: row.take()?,
        resources: read_resources(row)?,
        policy: read_policy(row)?,
        cache: read_cache_use(row)?,
        cache_status: row.take_code()?,
        attempts: row.take()?,
        next_cause: row.take_code()?,
        spent: Spent { user: row.take()?, system: row.take()?, preempted: row.take()? },
        created_at: row.take_time()?,
        started_at: row.take_maybe_time()?,
        live_children: row.take()?,
        reopens_since: row.take::<Option<i64>>()?.map(Seq),
        created_by: row.take()?,
        changed: Seq(row.take()?),
        state: read_state(row)?,
    })
}

fn read_task(row: &mut Columns<'_>) -> Result<TaskRef, Fault> {
    Ok(TaskRef {
        project: row.take()?,
        domain: row.take()?,
        name: row.take()?,
        version: row.take()?,
        short_name: row.take()?,
        environment: row.take()?,
        task_type: row.take()?,
    })
}

fn read_resources(row: &mut Columns<'_>) -> Result<Resources, Fault> {
    Ok(Resources {
        cpu_millis: row.take::<i64>()?.cast_unsigned(),
        memory_bytes: row.take::<i64>()?.cast_unsigned(),
        gpus: row.take()?,
    })
}

fn read_policy(row: &mut Columns<'_>) -> Result<Policy, Fault> {
    let user_retries = row.take()?;
    let (base, factor, cap) = (row.take_maybe_span()?, row.take::<Option<f64>>()?, row.take_maybe_span()?);
    Ok(Policy {
        user_retries,
        backoff: base.zip(factor).map(|(base, factor)| Backoff { base, factor, cap }),
        max_runtime: row.take_maybe_span()?,
        max_queued: row.take_maybe_span()?,
        deadline: row.take_maybe_span()?,
    })
}

fn read_cache_use(row: &mut Columns<'_>) -> Result<Option<CacheUse>, Fault> {
    let key = row.take_maybe_cache_key()?;
    let (overwrite, serialize) = (row.take::<Option<bool>>()?, row.take::<Option<bool>>()?);
    let max_age = row.take_maybe_span()?;
    Ok(key.map(|key| CacheUse {
        key,
        overwrite: overwrite.unwrap_or_default(),
        serialize: serialize.unwrap_or_default(),
        max_age,
    }))
}

fn read_state(row: &mut Columns<'_>) -> Result<State, Fault> {
    let phase = row.take_code::<Phase>()?;
    let (since, not_before) = (row.take_maybe_time()?, row.take_maybe_time()?);
    let wait = row.take_maybe_cache_key()?;
    let (session, fence) = (row.take::<Option<_>>()?, row.take::<Option<i64>>()?);
    let claim = session
        .zip(fence)
        .map(|(session, fence)| Claim { session: SessionId(session), fence: Fence(fence.cast_unsigned()) });
    let stopping = row.take_maybe_code()?;
    let (expires, ended) = (row.take_maybe_time()?, row.take_maybe_time()?);
    let since = since.ok_or_else(missing("since of an action"));
    let claim = claim.ok_or_else(missing("claim of an action"));
    if ended.is_none() {
        row.skip(OUTCOME_COLUMNS);
    }
    Ok(match phase {
        Phase::Queued => State::Queued {
            since: since?,
            not_before: not_before.ok_or_else(missing("not_before of an action"))?,
        },
        Phase::WaitingForResources => State::AwaitingCache {
            since: since?,
            key: wait.ok_or_else(missing("cache key that an action waits for"))?,
        },
        Phase::Initializing => State::Claimed { claim: claim?, since: since? },
        Phase::Running => State::Running { claim: claim?, since: since?, stopping },
        Phase::Paused => State::Paused { expires },
        Phase::Succeeded | Phase::Failed | Phase::Aborted | Phase::TimedOut | Phase::Recovered => {
            let at = ended.ok_or_else(missing("end of an action"))?;
            State::Done { outcome: read_outcome(row, phase)?, at }
        }
    })
}

fn read_outcome(row: &mut Columns<'_>, phase: Phase) -> Result<ActionOutcome, Fault> {
    let output_uri = row.take::<Option<String>>()?.unwrap_or_default();
    let (value, signalled_by) = (row.take()?, row.take::<Option<String>>()?.unwrap_or_default());
    let failure = row.take_failure()?.ok_or_else(missing("failure of an action"));
    let abort = row.take_abort()?.ok_or_else(missing("abort of an action"));
    Ok(match phase {
        Phase::Succeeded => ActionOutcome::Succeeded { output_uri, value, signalled_by },
        Phase::Recovered => ActionOutcome::Recovered { output_uri },
        Phase::Failed => ActionOutcome::Failed(failure?),
        Phase::TimedOut => ActionOutcome::TimedOut(failure?),
        Phase::Aborted => ActionOutcome::Aborted(abort?),
        Phase::Queued | Phase::WaitingForResources | Phase::Initializing | Phase::Running | Phase::Paused => {
            return Err(Fault::corrupt("outcome of a live action"));
        }
    })
}
