//! Seeded histories with faults. `SEED=17` replays one of them, `SEEDS=5000` runs more.

use std::sync::Arc;

use wingbeat_store::MemoryStore;
use wingbeat_store_sql::{PostgresAddress, PostgresStore, SqliteStore};
use wingbeat_testkit::postgres::PostgresServer;
use wingbeat_testkit::simulation::Summary;
use wingbeat_testkit::{Recorder, simulation};

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

fn seeds(usual: u64) -> Vec<u64> {
    match number("SEED") {
        Some(seed) => vec![seed],
        None => (0..number("SEEDS").unwrap_or(usual)).collect(),
    }
}

fn run(seed: u64, recorder: Recorder) -> (Summary, Recorder) {
    match simulation::run(seed, recorder) {
        Ok(over) => over,
        Err(broken) => panic!("SEED={seed} breaks a rule:\n{broken}"),
    }
}

fn in_memory(seed: u64) -> Summary {
    run(seed, Recorder::over(Arc::new(MemoryStore::new()))).0
}

#[test]
fn whatever_fails_every_rule_holds_and_every_run_ends() {
    let all: Vec<Summary> = seeds(200).into_iter().map(in_memory).collect();
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
    assert_eq!(in_memory(7), in_memory(7));
}

#[test]
fn sqlite_holds_the_same_before_and_after_it_is_opened_again() {
    // The store's reads run on the runtime's threads; the simulation itself waits for each of them.
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime starts");
    let _entered = runtime.enter();
    for seed in seeds(6) {
        let folder = tempfile::tempdir().expect("a folder is made");
        let file = folder.path().join("platform.db");
        let store = Arc::new(SqliteStore::open(&file).expect("the store opens"));
        let (summary, recorder) = run(seed, Recorder::over(store.clone()));
        assert_eq!(summary, in_memory(seed), "SEED={seed} went another way than in memory");
        runtime.block_on(store.close());
        let again = Arc::new(SqliteStore::open(&file).expect("the store opens again"));
        let disagreements = recorder.beside(again.clone()).disagreements();
        assert_eq!(disagreements, Vec::<String>::new(), "SEED={seed}");
        runtime.block_on(again.close());
    }
}

#[test]
fn postgresql_holds_the_same_before_and_after_it_is_opened_again() {
    let Some(server) = PostgresServer::shared() else { return };
    // The store's connections are served by the runtime's threads while the simulation waits for each answer.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("a runtime starts");
    let _entered = runtime.enter();
    for seed in seeds(4) {
        let address = PostgresAddress::parse(&server.database(), None).expect("an address");
        let open = || runtime.block_on(PostgresStore::open(&address)).expect("the store opens");
        let store = Arc::new(open());
        let (summary, recorder) = run(seed, Recorder::over(store.clone()));
        assert_eq!(summary, in_memory(seed), "SEED={seed} went another way than in memory");
        runtime.block_on(store.close());
        let again = Arc::new(open());
        let disagreements = recorder.beside(again.clone()).disagreements();
        assert_eq!(disagreements, Vec::<String>::new(), "SEED={seed}");
        runtime.block_on(again.close());
    }
}
