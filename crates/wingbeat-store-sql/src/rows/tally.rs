//! Sums over a run's actions, and the times of one action.

use wingbeat_model::tally::{Event, Marks};
use wingbeat_model::{ActionName, Phase, Tallied, TallyKey};
use wingbeat_store::ActionCounts;

use super::cell::{Binder, Columns};
use super::codes::Code;
use crate::fault::Fault;

/// What a row of the table is a sum of. A number is never reused for something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TallyKind {
    Standing = 1,
    Moment = 2,
}

/// Ends of what never started are so much larger than those of what did, which are phases.
const UNSTARTED: i32 = 100;

impl Code for Event {
    const WHAT: &'static str = "event";
    const ALL: &'static [Self] = &[
        Self::Created,
        Self::Started,
        Self::Ended(Phase::Succeeded),
        Self::Ended(Phase::Failed),
        Self::Ended(Phase::Aborted),
        Self::Ended(Phase::TimedOut),
        Self::Ended(Phase::Recovered),
        Self::EndedUnstarted(Phase::Succeeded),
        Self::EndedUnstarted(Phase::Failed),
        Self::EndedUnstarted(Phase::Aborted),
        Self::EndedUnstarted(Phase::TimedOut),
        Self::EndedUnstarted(Phase::Recovered),
    ];
    fn code(self) -> i32 {
        match self {
            Self::Created => 0,
            Self::Started => 1,
            Self::Ended(phase) => phase.number(),
            Self::EndedUnstarted(phase) => UNSTARTED + phase.number(),
        }
    }
}

/// Binds a difference to a sum.
pub(crate) fn bind(row: &mut Binder<'_>, key: &TallyKey, difference: i64) -> Result<(), Fault> {
    row.put(key.run.0)?;
    match &key.what {
        Tallied::Standing { group, task, phase } => {
            row.put(TallyKind::Standing as i64)?;
            row.put(0_i64)?;
            row.put(group)?;
            row.put(task)?;
            row.put_code(*phase)?;
        }
        Tallied::Moment { slot, event } => {
            row.put(TallyKind::Moment as i64)?;
            row.put(*slot)?;
            row.put("")?;
            row.put("")?;
            row.put_code(*event)?;
        }
    }
    row.put(difference)
}

/// Reads a sum.
pub(crate) fn read(row: &mut Columns<'_>) -> Result<(Tallied, i64), Fault> {
    let (kind, slot) = (row.take::<i64>()?, row.take()?);
    let (group, task) = (row.take()?, row.take()?);
    let what = if kind == TallyKind::Standing as i64 {
        Tallied::Standing { group, task, phase: row.take_code()? }
    } else {
        Tallied::Moment { slot, event: row.take_code()? }
    };
    Ok((what, row.take()?))
}

/// Reads a count of children.
pub(crate) fn read_count(row: &mut Columns<'_>) -> Result<ActionCounts, Fault> {
    let parent = row.take::<String>()?;
    Ok(ActionCounts {
        parent: (!parent.is_empty()).then(|| ActionName::stored(&parent)),
        group: row.take()?,
        phase: row.take_code::<Phase>()?,
        count: row.take()?,
        newest: None,
    })
}

/// Reads the times of an action.
pub(crate) fn read_marks(row: &mut Columns<'_>) -> Result<Marks, Fault> {
    Ok(Marks {
        created: row.take_time()?,
        started: row.take_maybe_time()?,
        ended: row.take_maybe_time()?,
        phase: row.take_code()?,
    })
}
