//! Counts of children by phase, and runs summed up by task.

use std::collections::BTreeMap;

use wingbeat_idl::time;
use wingbeat_model::{Action, ActionName, ActionOutcome, FailureClass, Phase, Run, Span};
use wingbeat_proto::flyteidl2::workflow::{TaskGroup, task_group};
use wingbeat_store::ActionCounts;

use super::view;

/// Runs that one picture looks at.
pub(crate) const MOST: usize = 1_000;
/// Runs that a group shows one by one.
const RECENT: usize = 10;

/// Counts of the direct children of `parent`. `counts` are sorted by parent, as stores give them.
pub(crate) fn below<'a>(counts: &'a [ActionCounts], parent: &ActionName) -> &'a [ActionCounts] {
    let of_others = counts.partition_point(|row| row.parent.as_ref() < Some(parent));
    let rest = &counts[of_others..];
    &rest[..rest.partition_point(|row| row.parent.as_ref() == Some(parent))]
}

/// Direct children of `parent` by phase number. `counts` are sorted by parent.
pub(crate) fn children(counts: &[ActionCounts], parent: &ActionName) -> BTreeMap<i32, i32> {
    let mut sums = BTreeMap::new();
    for row in below(counts, parent).iter().filter(|row| row.count > 0) {
        let sum: &mut i32 = sums.entry(row.phase.number()).or_default();
        *sum = sum.saturating_add(i32::try_from(row.count).unwrap_or(i32::MAX));
    }
    sums
}

/// Runs by task, newest run first.
pub(crate) fn by_task(runs: &[(Run, Action)]) -> Vec<TaskGroup> {
    let mut groups: BTreeMap<&str, Vec<&(Run, Action)>> = BTreeMap::new();
    for run in runs {
        groups.entry(&run.1.task.name).or_default().push(run);
    }
    let mut groups: Vec<TaskGroup> = groups.into_values().map(|runs| group(&runs)).collect();
    groups
        .sort_by_key(|group| std::cmp::Reverse((group.latest_run_time.seconds, group.latest_run_time.nanos)));
    groups
}

fn group(runs: &[&(Run, Action)]) -> TaskGroup {
    let roots: Vec<&Action> = runs.iter().map(|(_, root)| root).collect();
    let newest = roots[0];
    let ended = || roots.iter().filter_map(|root| Some((root.created_at, root.ended_at()?)));
    let failed = roots.iter().filter(|root| root.phase() == Phase::Failed).count();
    let mut phases: BTreeMap<Phase, i64> = BTreeMap::new();
    let mut subjects: Vec<&str> = Vec::new();
    for (run, root) in runs {
        *phases.entry(root.phase()).or_default() += 1;
        if !subjects.contains(&run.created_by.as_str()) {
            subjects.push(&run.created_by);
        }
    }
    let recent = runs.iter().take(RECENT).map(|(run, root)| task_group::RecentStatus {
        run_name: run.key.name().to_owned(),
        phase: view::phase(root.phase()),
        ..Default::default()
    });
    let counted = phases.iter().map(|(phase, count)| task_group::PhaseCounts {
        phase: view::phase(*phase),
        count: *count,
        ..Default::default()
    });
    let starts = roots.iter().filter_map(|root| Some(root.started_at?.since(root.created_at)));
    TaskGroup {
        task_name: newest.task.name.clone(),
        environment_name: newest.task.environment.clone(),
        total_runs: i64::try_from(roots.len()).unwrap_or(i64::MAX),
        latest_run_time: time::timestamp(newest.created_at).into(),
        recent_statuses: recent.collect(),
        average_failure_rate: ratio(failed, roots.len()),
        average_duration: average(ended().map(|(start, end)| end.since(start))).map(time::duration).into(),
        latest_finished_time: ended().map(|(_, end)| end).max().map(time::timestamp).into(),
        created_by: subjects.into_iter().map(view::identity).collect(),
        short_name: newest.task.short_name.clone(),
        error_counts: errors(&roots).into(),
        phase_counts: counted.collect(),
        average_time_to_running: average(starts).map(time::duration).into(),
        ..Default::default()
    }
}

fn errors(roots: &[&Action]) -> task_group::ErrorCounts {
    let mut counts = task_group::ErrorCounts::default();
    for root in roots {
        let Some(ActionOutcome::Failed(failure)) = root.outcome() else { continue };
        match failure.class {
            FailureClass::User => counts.user_error += 1,
            FailureClass::System | FailureClass::Infrastructure => counts.system_error += 1,
        }
    }
    counts
}

#[allow(clippy::cast_precision_loss, reason = "at most a thousand runs")]
fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

fn average(spans: impl Iterator<Item = Span>) -> Option<Span> {
    let (sum, count) = spans.fold((0_i64, 0_i64), |(sum, count), span| (sum + span.as_micros(), count + 1));
    (count > 0).then(|| Span::from_micros(sum / count))
}
