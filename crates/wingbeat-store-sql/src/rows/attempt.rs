//! Attempts as rows, in the order of `attempt_columns.sql`.

use std::fmt::Write as _;

use wingbeat_model::{
    ActionKey, ActionName, Attempt, AttemptEnd, AttemptKey, Fence, Phase, PhaseTime, RunId, SessionId,
    Timestamp,
};

use super::cell::{Binder, Columns};
use super::codes::Code;
use super::parts::missing;
use crate::fault::Fault;

const SUCCEEDED: i32 = 1;
const FAILED: i32 = 2;
const TIMED_OUT: i32 = 3;
const ABORTED: i32 = 4;

/// Binds all columns.
pub(crate) fn bind(row: &mut Binder<'_>, attempt: &Attempt) -> Result<(), Fault> {
    row.put(attempt.key.action.run.0)?;
    row.put(attempt.key.action.name.as_str())?;
    row.put(attempt.key.attempt)?;
    row.put_code(attempt.cause)?;
    row.put(attempt.fence.0.cast_signed())?;
    row.put(&*attempt.session.0)?;
    row.put(attempt.held)?;
    row.put(phases_to_text(&attempt.phases))?;
    row.put(&attempt.report_uri)?;
    row.put(&attempt.isolation)?;
    row.put_code(attempt.cache_status)?;
    bind_end(row, attempt.end.as_ref())
}

/// `output_uri`, failure (6), `reason`.
const END_COLUMNS: usize = 8;

fn bind_end(row: &mut Binder<'_>, end: Option<&AttemptEnd>) -> Result<(), Fault> {
    match end {
        None => row.put_nulls(1 + END_COLUMNS),
        Some(AttemptEnd::Succeeded { output_uri }) => {
            row.put(SUCCEEDED)?;
            row.put(output_uri)?;
            row.put_nulls(7)
        }
        Some(AttemptEnd::Failed(failure)) => {
            row.put(FAILED)?;
            row.put_nulls(1)?;
            row.put_failure(Some(failure))?;
            row.put_nulls(1)
        }
        Some(AttemptEnd::TimedOut(failure)) => {
            row.put(TIMED_OUT)?;
            row.put_nulls(1)?;
            row.put_failure(Some(failure))?;
            row.put_nulls(1)
        }
        Some(AttemptEnd::Aborted { reason }) => {
            row.put(ABORTED)?;
            row.put_nulls(7)?;
            row.put(reason)
        }
    }
}

/// Reads an attempt.
pub(crate) fn read(row: &mut Columns<'_>) -> Result<Attempt, Fault> {
    let run = RunId(row.take()?);
    let action = ActionKey { run, name: ActionName::stored(&row.take::<String>()?) };
    Ok(Attempt {
        key: AttemptKey { action, attempt: row.take()? },
        cause: row.take_code()?,
        fence: Fence(row.take::<i64>()?.cast_unsigned()),
        session: SessionId(row.take_arc()?),
        held: row.take()?,
        phases: phases_from_text(&row.take::<String>()?)?,
        report_uri: row.take()?,
        isolation: row.take()?,
        cache_status: row.take_code()?,
        end: read_end(row)?,
    })
}

fn read_end(row: &mut Columns<'_>) -> Result<Option<AttemptEnd>, Fault> {
    let Some(kind) = row.take::<Option<i32>>()? else {
        row.skip(END_COLUMNS);
        return Ok(None);
    };
    let output_uri = row.take::<Option<String>>()?.unwrap_or_default();
    let failure = row.take_failure()?.ok_or_else(missing("failure of an attempt"));
    let reason = row.take::<Option<String>>()?.unwrap_or_default();
    Ok(Some(match kind {
        SUCCEEDED => AttemptEnd::Succeeded { output_uri },
        FAILED => AttemptEnd::Failed(failure?),
        TIMED_OUT => AttemptEnd::TimedOut(failure?),
        ABORTED => AttemptEnd::Aborted { reason },
        other => return Err(Fault::corrupt(format!("end of an attempt {other}"))),
    }))
}

fn phases_to_text(phases: &[PhaseTime]) -> String {
    let mut text = String::with_capacity(phases.len() * 20);
    for seen in phases {
        let space = if text.is_empty() { "" } else { " " };
        write!(text, "{space}{}@{}", seen.phase.number(), seen.at.as_micros())
            .expect("a String takes any text");
    }
    text
}

fn phases_from_text(text: &str) -> Result<Vec<PhaseTime>, Fault> {
    let bad = || Fault::corrupt(format!("phases of an attempt: {text}"));
    let parse = |part: &str| {
        let (phase, at) = part.split_once('@').ok_or_else(bad)?;
        let phase = Phase::from_code(phase.parse().map_err(|_| bad())?)?;
        Ok(PhaseTime { phase, at: Timestamp::from_micros(at.parse().map_err(|_| bad())?) })
    };
    text.split_ascii_whitespace().map(parse).collect()
}
