use wingbeat_model::{Action, Changes, Loaded, Run, Seq};
use wingbeat_store::conformance::rows::{action, run};

use super::Pending;

/// What happens to a transaction.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// A unit changes counts alone.
    Counts,
    /// A unit changes the rest of the rows.
    Rest,
    /// What is pending is written.
    Flush,
    /// The connection breaks, and with it goes what was written.
    Lose,
}

/// Two rows as the database has them.
#[derive(Debug, Clone, PartialEq)]
struct Rows(Option<(Run, Action)>);

impl Rows {
    fn write(&mut self, pending: &Pending) {
        for (run, action) in pending.runs.values().zip(pending.actions.values()) {
            self.0 = Some((run.clone(), action.clone()));
        }
        for counts in pending.run_counts.values() {
            assert!(pending.runs.is_empty(), "no row is written twice");
            counts.put(&mut self.0.as_mut().expect("rows whose counts change are there").0);
        }
        for live_children in pending.action_counts.values() {
            assert!(pending.actions.is_empty(), "no row is written twice");
            self.0.as_mut().expect("rows whose counts change are there").1.live_children = *live_children;
        }
    }
}

fn decide(step: Step, known: &Loaded) -> Changes {
    let (mut run, mut action) = match (known.runs.values().next(), known.actions.values().next()) {
        (Some(run), Some(action)) => (run.clone(), action.clone()),
        _ => (run(1, Seq(1)), action(1, "a0", Seq(1))),
    };
    run.running += 2;
    run.changed = Seq(run.changed.0 + 1);
    action.live_children += 1;
    if matches!(step, Step::Rest) {
        run.source += 1;
        action.attempts += 1;
    }
    Changes { runs: vec![run], actions: vec![action], ..Changes::default() }
}

/// The steps, as a transaction makes them that finds these rows; what it leaves, and what it should have left.
fn carry_out(steps: &[Step], found: &Rows) -> (Rows, Rows) {
    let (mut database, mut known) = (found.clone(), Loaded::default());
    if let Some((run, action)) = &found.0 {
        known.runs.insert(run.id, run.clone());
        known.actions.insert(action.key.clone(), action.clone());
    }
    let (mut pending, mut written) = (Pending::default(), Pending::default());
    for step in steps.iter().chain([&Step::Flush]) {
        match step {
            Step::Counts | Step::Rest => pending.add(decide(*step, &known), &mut known),
            Step::Flush => {
                database.write(&pending);
                pending.move_to(&mut written);
            }
            Step::Lose => {
                database = found.clone();
                written.merge(std::mem::take(&mut pending));
                pending = std::mem::take(&mut written);
            }
        }
    }
    let rows = known.runs.into_values().next().zip(known.actions.into_values().next());
    (database, Rows(rows))
}

#[test]
fn whatever_happens_to_a_transaction_its_rows_end_as_they_were_decided() {
    const LENGTH: usize = 6;
    let steps = [Step::Counts, Step::Rest, Step::Flush, Step::Lose];
    let mut all: Vec<Vec<Step>> = vec![Vec::new()];
    for _ in 0..LENGTH {
        let longer = all.iter().flat_map(|begun| steps.map(|step| [begun.as_slice(), &[step]].concat()));
        all = longer.collect();
    }
    let stored = Rows(Some((run(1, Seq(1)), action(1, "a0", Seq(1)))));
    for steps in &all {
        for found in [&stored, &Rows(None)] {
            let (left, decided) = carry_out(steps, found);
            assert_eq!(left, decided, "{steps:?}");
        }
    }
}
