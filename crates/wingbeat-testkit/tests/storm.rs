//! The whole platform in seeded storms. `SEED=17` replays one of them, `SEEDS=5000` runs more, `FROM=4000` beside it
//! leaves out the first ones.

use std::sync::Arc;

use wingbeat_engine::defects::Defect;
use wingbeat_store::MemoryStore;
use wingbeat_store_sql::SqliteStore;
use wingbeat_testkit::storm::{self, Summary};

/// Seeds within which each defect has to be caught, and what the usual test run goes through.
const USUAL: u64 = 500;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

fn seeds(usual: u64) -> Vec<u64> {
    match number("SEED") {
        Some(seed) => vec![seed],
        None => (number("FROM").unwrap_or(0)..number("SEEDS").unwrap_or(usual)).collect(),
    }
}

fn in_memory(seed: u64) -> Summary {
    match storm::run(seed, Arc::new(MemoryStore::new()), None) {
        Ok(summary) => summary,
        Err(broken) => panic!("SEED={seed} breaks a rule:\n{broken}"),
    }
}

#[test]
fn every_storm_passes_and_leaves_nothing_broken() {
    let all: Vec<Summary> = seeds(USUAL).into_iter().map(in_memory).collect();
    assert!(!all.is_empty(), "FROM is below SEEDS");
    if all.len() < 100 {
        println!("{all:#?}");
        return;
    }
    // Storms in which nothing happens prove nothing.
    let sum = |of: fn(&Summary) -> u64| all.iter().map(of).sum::<u64>() / all.len() as u64;
    assert!(sum(|one| one.server_crashes) >= 1, "servers crash");
    assert!(sum(|one| one.store_failures) >= 1, "stores fail");
    assert!(
        all.iter().any(|one| one.servers > 2) && all.iter().any(|one| one.servers == 1),
        "servers share stores"
    );
    assert!(all.iter().map(|one| one.executor_crashes).sum::<u64>() > 100, "executors crash");
    assert!(all.iter().map(|one| one.drained).sum::<u64>() > 100, "executors drain");
    assert!(all.iter().map(|one| one.succeeded).sum::<usize>() > all.len() / 4, "runs succeed all the same");
    let (processes, actions): (usize, usize) =
        all.iter().fold((0, 0), |sum, one| (sum.0 + one.processes, sum.1 + one.actions));
    assert!(processes > actions, "{processes} processes of {actions} actions: something was retried");
}

#[test]
fn one_seed_is_one_storm() {
    for seed in [3, 7, 11] {
        assert_eq!(in_memory(seed), in_memory(seed), "SEED={seed}");
    }
}

/// Not only does every storm pass: it takes the same course.
#[test]
fn a_storm_over_sqlite_is_the_same_storm() {
    for seed in number("SEED").map_or(0..3, |seed| seed..seed + 1) {
        let folder = tempfile::tempdir().expect("a folder is made");
        let store = SqliteStore::open(&folder.path().join("platform.db")).expect("the store opens");
        let summary = storm::run(seed, Arc::new(store), None);
        assert_eq!(summary.as_ref(), Ok(&in_memory(seed)), "SEED={seed}");
    }
}

#[test]
fn every_deliberate_defect_is_caught() {
    for defect in Defect::ALL {
        let caught =
            (0..USUAL).find(|seed| storm::run(*seed, Arc::new(MemoryStore::new()), Some(defect)).is_err());
        match caught {
            Some(seed) => println!("{defect:?} is caught by seed {seed}"),
            None => panic!("{defect:?} goes unnoticed in {USUAL} storms"),
        }
    }
}
