//! Seeded histories with faults. `SEED=17` replays one of them, `SEEDS=5000` runs more.

use std::sync::Arc;

use wingbeat_store::MemoryStore;
use wingbeat_testkit::{Recorder, simulation};

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

fn seeds() -> Vec<u64> {
    match number("SEED") {
        Some(seed) => vec![seed],
        None => (0..number("SEEDS").unwrap_or(200)).collect(),
    }
}

fn run(seed: u64) -> simulation::Summary {
    match simulation::run(seed, Recorder::over(Arc::new(MemoryStore::default()))) {
        Ok(summary) => summary,
        Err(broken) => panic!("SEED={seed} breaks a rule:\n{broken}"),
    }
}

#[test]
fn whatever_fails_every_rule_holds_and_every_run_ends() {
    let all: Vec<simulation::Summary> = seeds().into_iter().map(run).collect();
    if all.len() < 100 {
        println!("{all:#?}");
        return;
    }
    // Seeds that go through nothing prove nothing.
    assert!(all.iter().map(|one| one.crashes).sum::<u64>() > 100);
    assert!(all.iter().map(|one| one.losses).sum::<u64>() > 100);
    assert!(all.iter().map(|one| one.succeeded).sum::<usize>() > 50);
    let (attempts, actions): (usize, usize) =
        all.iter().fold((0, 0), |sum, one| (sum.0 + one.attempts, sum.1 + one.actions));
    assert!(attempts > actions, "{attempts} attempts of {actions} actions: something was retried");
}

#[test]
fn one_seed_is_one_history() {
    assert_eq!(run(7), run(7));
}
