//! Sums of counts: by phase, group and task.

use std::collections::BTreeMap;

use wingbeat_model::{Phase, Tallied};
use wingbeat_proto::wingbeat::platform::v1::{CountedActions, GetRunCountsResponse, PhaseCount};
use wingbeat_store::{WindowQuery, WindowSort};

/// Actions that stand in one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) group: String,
    /// Unknown where counts are kept by parent.
    pub(super) task: Option<String>,
    pub(super) phase: Phase,
    pub(super) count: i64,
}

impl Counted {
    /// From a sum of a run.
    pub(super) fn of_standing((what, count): (Tallied, i64)) -> Option<Self> {
        match what {
            Tallied::Standing { group, task, phase } => Some(Self { group, task: Some(task), phase, count }),
            Tallied::Moment { .. } => None,
        }
    }
}

/// All of them.
pub(super) fn total(counted: &[Counted]) -> i64 {
    counted.iter().map(|row| row.count).sum()
}

/// Those that fit a window; `None`: nobody has counted that.
pub(super) fn fitting(counted: &[Counted], query: &WindowQuery) -> Option<i64> {
    if !query.text.is_empty() || query.sort != WindowSort::Created {
        return None;
    }
    let fits = |row: &&Counted| {
        (query.phases.is_empty() || query.phases.contains(&row.phase))
            && query.group.as_ref().is_none_or(|group| *group == row.group)
    };
    Some(counted.iter().filter(fits).map(|row| row.count).sum())
}

/// Counts by phase, in the order of the numbers.
pub(super) fn by_phase(counts: impl Iterator<Item = (Phase, i64)>) -> Vec<PhaseCount> {
    let mut sums: BTreeMap<i32, i64> = BTreeMap::new();
    for (phase, count) in counts {
        *sums.entry(phase.number()).or_default() += count;
    }
    let present = sums.into_iter().filter(|(_, count)| *count > 0);
    present.map(|(phase, count)| PhaseCount { phase, count, ..Default::default() }).collect()
}

/// The answer: everything, and the `limit` largest groups and tasks.
pub(super) fn answer(counted: &[Counted], limit: usize) -> GetRunCountsResponse {
    let all = entry("", counted.iter());
    let (groups, n_groups) = largest(counted, |row| Some(&row.group), limit);
    let (tasks, n_tasks) = largest(counted, |row| row.task.as_ref(), limit);
    GetRunCountsResponse { all: all.into(), groups, n_groups, tasks, n_tasks, ..Default::default() }
}

fn largest(
    counted: &[Counted],
    name: impl Fn(&Counted) -> Option<&String>,
    limit: usize,
) -> (Vec<CountedActions>, i64) {
    let mut named: BTreeMap<&str, Vec<&Counted>> = BTreeMap::new();
    for row in counted {
        if let Some(name) = name(row) {
            named.entry(name).or_default().push(row);
        }
    }
    let n_named = i64::try_from(named.len()).unwrap_or(i64::MAX);
    let mut entries: Vec<(i64, &str, Vec<&Counted>)> =
        named.into_iter().map(|(name, rows)| (rows.iter().map(|row| row.count).sum(), name, rows)).collect();
    // Stable: equally large ones stay in the order of their names.
    entries.sort_by_key(|(total, _, _)| std::cmp::Reverse(*total));
    let largest = entries.into_iter().take(limit);
    (largest.map(|(_, name, rows)| entry(name, rows.into_iter())).collect(), n_named)
}

fn entry<'a>(name: &str, rows: impl Iterator<Item = &'a Counted> + Clone) -> CountedActions {
    CountedActions {
        name: name.to_owned(),
        total: rows.clone().map(|row| row.count).sum(),
        phases: by_phase(rows.map(|row| (row.phase, row.count))),
        ..Default::default()
    }
}
