//! The real server loop, its feed, timers, sessions and watches, and the executor's side of the protocol, in a
//! storm: servers that die between any two awaits, executors that die, streams that break, messages that are
//! lost, late or doubled, clocks that jump, and a store that is slow, full, or gone before it answered.
//!
//! One seed is one history: time stands still while anybody works, and all chance comes from the seed. Rules are
//! checked after every transaction and every answer; in the end the weather calms down, and everything has to
//! come to its end.

mod ledger;
mod machine;
mod neighbourhood;
mod network;
mod process;
mod store;
mod users;
mod weather;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::{Instant, sleep};
use wingbeat_blob::BlobStore;
use wingbeat_engine::defects::{Defect, switch_on};
use wingbeat_engine::invariants;
use wingbeat_model::{ActionKey, CacheStatus, Phase, RunId, Seq, Span, State, Timestamp};
use wingbeat_server::simulation::{Clock, SimulatedServer};
use wingbeat_store::Metadata;

use crate::simulation::plan::Plan;
use ledger::Ledger;
use machine::Machine;
use neighbourhood::Neighbourhood;
use network::Network;
use store::{Shared, StormyStore};
use users::Watcher;
use weather::Weather;

/// How long everything may take to come to its end after the storm.
const LONGEST_CALM: Duration = Duration::from_hours(1);
/// How often in a row, every half second, a watcher may be found behind when everything is over.
const LATEST_NEWS: u32 = 10;
/// How often in a row an action may be found without a reason: a moment passes between a commit and its echo.
const PATIENCE: u32 = 20;

/// What a storm came to. Equal seeds give equal summaries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Servers that were there at once.
    pub servers: usize,
    /// Transactions.
    pub commits: u64,
    /// Server crashes.
    pub server_crashes: u64,
    /// Executor crashes.
    pub executor_crashes: u64,
    /// Executors that have drained.
    pub drained: u64,
    /// Commits that failed or killed the server.
    pub store_failures: u64,
    /// Actions.
    pub actions: usize,
    /// Processes that were started.
    pub processes: usize,
    /// Runs that succeeded.
    pub succeeded: usize,
}

/// What all parts of a storm share.
struct World {
    weather: Arc<Weather>,
    ledger: Arc<Ledger>,
    network: Network,
    plans: Vec<Plan>,
    summary: Mutex<Summary>,
}

impl World {
    fn plan(&self, run: RunId) -> &Plan {
        &self.plans[usize::try_from(run.0 - 1).expect("runs are counted from 1")]
    }

    fn count(&self, what: impl FnOnce(&mut Summary)) {
        what(&mut self.summary.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Runs one seed over an empty store.
///
/// # Errors
/// The rules that were broken.
///
/// # Panics
/// When no runtime can be made.
pub fn run(seed: u64, store: Arc<dyn Metadata>, defect: Option<Defect>) -> Result<Summary, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime starts");
    switch_on(defect);
    let result = runtime.block_on(storm(seed, store));
    // What is left of the world ends with its runtime, defects and all.
    drop(runtime);
    switch_on(None);
    result
}

async fn storm(seed: u64, inner: Arc<dyn Metadata>) -> Result<Summary, String> {
    let weather = Arc::new(Weather::new(seed));
    let (plans, machines, servers) = {
        let mut rng = weather.rng();
        let runs = rand::Rng::random_range(&mut *rng, 1..4);
        let plans: Vec<Plan> =
            (1..=runs).map(|id| Plan::random(&mut rng, RunId(id)).with_narrow_queue()).collect();
        let machines: Vec<Arc<Machine>> = (0..rand::Rng::random_range(&mut *rng, 1..4))
            .map(|number| Arc::new(Machine::new(number, rand::Rng::random_range(&mut *rng, 1..4))))
            .collect();
        // In half of the storms there is one server, as most people have it.
        let servers = rand::Rng::random_range(&mut *rng, 0..4usize).max(1);
        (plans, machines, servers)
    };
    let slots = machines.iter().map(|machine| (machine.name(), machine.slots as usize)).collect();
    let ledger = Arc::new(Ledger::new(inner.clone(), slots, servers > 1));
    let neighbourhood = Neighbourhood::new(weather.clone(), ledger.clone(), servers > 1);
    let (ours, failures) = (weather.clone(), Arc::new(AtomicU64::new(0)));
    let shared = Shared { inner, ledger: ledger.clone(), weather: ours, neighbourhood, failures };
    let network = Network::new(weather.clone(), servers);
    let summary = Mutex::default();
    let world = Arc::new(World { weather, ledger, network, plans, summary });
    let slept = Arc::new(AtomicI64::new(0));
    for place in 0..servers {
        tokio::spawn(one_server(world.clone(), shared.clone(), place, slept.clone()));
    }
    for machine in &machines {
        tokio::spawn(machine.clone().run(world.clone()));
    }
    let mut watchers = Vec::new();
    for run in world.plans.iter().map(|plan| plan.run) {
        tokio::spawn(users::create(world.clone(), run));
        let watcher = Arc::new(Watcher::default());
        watchers.push((run, watcher.clone()));
        tokio::spawn(watcher.watch(world.clone(), run));
    }
    tokio::spawn(users::meddle(world.clone()));
    tokio::spawn(users::operate(world.clone()));
    rage(&world, &machines, &slept).await?;
    calm(&world, &watchers).await?;
    account(&world, &shared)
}

/// The servers of one place, one after the other.
async fn one_server(world: Arc<World>, shared: Shared, place: usize, slept: Arc<AtomicI64>) {
    let begin = Instant::now();
    let noon = Timestamp::from_micros(1_700_000_000_000_000);
    loop {
        let passed = i64::try_from(begin.elapsed().as_micros()).unwrap_or(i64::MAX);
        let mut base = noon + Span::from_micros(passed + slept.load(Ordering::Relaxed));
        if world.weather.strikes(100) {
            // Somebody has set the clock of the machine.
            let skew = i64::try_from(world.weather.number(0..600)).unwrap_or_default();
            base = if world.weather.chance(50) {
                base + Span::from_secs(skew)
            } else {
                base - Span::from_secs(skew)
            };
        }
        let clock = Clock::simulated(base, slept.clone());
        let store = Arc::new(StormyStore::open(&shared));
        let started = SimulatedServer::start(store.clone(), blob(), clock).await;
        let Ok(server) = started else {
            store.lose();
            world.weather.pause(10..1_000).await;
            continue;
        };
        store.serves(server.clone());
        world.network.put(place, Some(server.clone()));
        tokio::select! {
            biased;
            () = server.failed() => {
                world.ledger.accuse("a part of the server panicked".to_owned());
                server.die_after(0);
            }
            () = server.died() => {}
        }
        world.count(|summary| summary.server_crashes += 1);
        world.network.put(place, None);
        store.lose();
        let away = if world.weather.strikes(100) { 60_000 } else { 2_000 };
        world.weather.pause(10..away).await;
    }
}

/// The storm itself.
async fn rage(world: &Arc<World>, machines: &[Arc<Machine>], slept: &AtomicI64) -> Result<(), String> {
    let end = Instant::now() + Duration::from_secs(world.weather.number(10..90));
    let mut unexplained = BTreeMap::new();
    while Instant::now() < end {
        world.weather.pause(50..3_000).await;
        check(world, &mut unexplained)?;
        match world.weather.number(0..100) {
            0..12 => {
                let polls = world.weather.number(0..400);
                if let Some(server) = world.network.server() {
                    server.die_after(polls);
                }
            }
            12..20 => {
                let victim = usize::try_from(world.weather.number(0..100)).unwrap_or_default();
                machines[victim % machines.len()].dies.notify_one();
            }
            20..25 => {
                let sleep = i64::try_from(world.weather.number(0..120_000_000)).unwrap_or_default();
                slept.fetch_add(sleep, Ordering::Relaxed);
            }
            _ => {}
        }
    }
    Ok(())
}

/// After the storm everything comes to its end.
async fn calm(world: &Arc<World>, watchers: &[(RunId, Arc<Watcher>)]) -> Result<(), String> {
    world.weather.calm_down();
    let end = Instant::now() + LONGEST_CALM;
    let mut overdue = 0;
    let mut unexplained = BTreeMap::new();
    loop {
        sleep(Duration::from_millis(500)).await;
        check(world, &mut unexplained)?;
        let over = {
            let book = world.ledger.book();
            let drains = book.recorder.open_sessions().any(|session| session.draining);
            book.is_over(world.plans.len()) && !drains
        };
        let missed = watchers.iter().find_map(|(run, watcher)| watcher.misses(world, *run));
        if over && missed.is_none() {
            return Ok(());
        }
        // Who is connected hears of an end at once; a watch that is quiet looks again by itself only after 15 s.
        let settled = Instant::now() + LONGEST_CALM > end + Duration::from_secs(30);
        overdue = if over && settled && world.network.is_served() { overdue + 1 } else { 0 };
        if let Some(missed) = missed.as_ref().filter(|_| overdue > LATEST_NEWS) {
            return Err(missed.clone());
        }
        if Instant::now() >= end {
            return Err(missed.filter(|_| over).unwrap_or_else(|| never_ends(world)));
        }
    }
}

fn never_ends(world: &World) -> String {
    let book = world.ledger.book();
    let live: Vec<String> =
        book.recorder.live_actions().map(|action| format!("{:?} {:?}", action.key, action.state)).collect();
    let held: Vec<_> = book.recorder.held_attempts().collect();
    let open: Vec<_> = book.recorder.open_sessions().map(|session| &session.id).collect();
    let (left, alive) = (&book.rows().follow_ups, book.alive());
    format!(
        "it never ends; live: {live:#?}; held: {held:?}; sessions: {open:?}; left: {left:?}; processes: {alive:?}"
    )
}

/// What can be found out at any time. Counts how often each queued action was found without a reason.
fn check(world: &World, unexplained: &mut BTreeMap<(ActionKey, Seq), u32>) -> Result<(), String> {
    world.ledger.verdict()?;
    let Some(server) = world.network.server() else { return Ok(()) };
    let queued: Vec<(ActionKey, Seq)> = {
        let book = world.ledger.book();
        let queued =
            book.recorder.live_actions().filter(|action| matches!(action.state, State::Queued { .. }));
        queued.map(|action| (action.key.clone(), action.changed)).collect()
    };
    unexplained.retain(|action, _| queued.contains(action));
    for action in queued {
        let reason = server.explain(&action.0);
        if !reason.is_empty() && !reason.starts_with("not known") {
            unexplained.remove(&action);
            continue;
        }
        let times = unexplained.entry(action.clone()).or_default();
        *times += 1;
        if *times > PATIENCE {
            return Err(format!("{:?} waits without a reason", action.0));
        }
    }
    Ok(())
}

/// What has to be true when all is over.
fn account(world: &World, shared: &Shared) -> Result<Summary, String> {
    world.ledger.verdict()?;
    let book = world.ledger.book();
    let disagreements = book.recorder.disagreements();
    if !disagreements.is_empty() {
        return Err(disagreements.join("\n"));
    }
    let mut summary = world.summary.lock().unwrap_or_else(PoisonError::into_inner).clone();
    for plan in &world.plans {
        if invariants::succeeded(book.rows(), &ActionKey::root(plan.run)) {
            summary.succeeded += 1;
            result_is_right(&book, plan)?;
        }
    }
    summary.commits = book.commits;
    summary.actions = book.rows().actions.len();
    summary.processes = book.started();
    summary.servers = world.network.size();
    summary.store_failures = shared.failures.load(Ordering::Relaxed);
    Ok(summary)
}

/// A task that ran and succeeded has seen all its children succeed.
fn result_is_right(book: &ledger::Book, plan: &Plan) -> Result<(), String> {
    let well = |key: &ActionKey| invariants::succeeded(book.rows(), key);
    for (name, node) in &plan.nodes {
        let ran = book.rows().actions.get(&plan.key(name)).is_some_and(|action| {
            action.phase() == Phase::Succeeded && action.cache_status != CacheStatus::Hit
        });
        let unwell = node.children.iter().find(|child| !well(&plan.key(child)));
        if let (true, Some(child)) = (ran, unwell) {
            return Err(format!("{name} of {:?} succeeded without its child {child}", plan.run));
        }
    }
    Ok(())
}

/// Nothing is ever written there, so all storms share one.
fn blob() -> BlobStore {
    static FOLDER: LazyLock<(TempDir, PathBuf)> = LazyLock::new(|| {
        let folder = tempfile::tempdir().expect("a folder is made");
        let path = folder.path().join("objects");
        (folder, path)
    });
    BlobStore::open_local(&FOLDER.1).expect("a folder can be opened as a store")
}
