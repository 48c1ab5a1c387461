//! How many actions a second the store writes durably: units that insert 100 actions each, then units that move
//! the same actions through three more states. `cargo run --release --example commits [FOLDER]`.

use std::any::Any;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use wingbeat_model::{
    Action, ActionKey, ActionKind, ActionName, ActionOutcome, AttemptCause, CacheScope, CacheStatus, Changes,
    Claim, CounterKey, Digest, Fence, Loaded, Needs, Phase, Policy, ProjectKey, Resources, Run, RunId,
    RunKey, Seq, SessionId, Spent, State, TaskRef, Timestamp, UnitOfWork,
};
use wingbeat_store::RunWrites;
use wingbeat_store_sql::SqliteStore;

const ACTIONS: u32 = 20_000;
const PER_UNIT: u32 = 100;

type MakeState = fn() -> State;

/// Inserts actions, or moves them on.
struct Step {
    from: u32,
    state: MakeState,
}

impl Step {
    fn keys(&self) -> impl Iterator<Item = ActionKey> {
        let name = |ix| ActionName::stored(&format!("{ix:028x}"));
        (self.from..self.from + PER_UNIT).map(move |ix| ActionKey { run: RunId(1), name: name(ix) })
    }
}

impl UnitOfWork for Step {
    fn needs(&self, _loaded: &Loaded) -> Needs {
        Needs { runs: [RunId(1)].into(), actions: self.keys().collect(), ..Needs::default() }
    }

    fn decide(&mut self, mut loaded: Loaded, seq: Seq) -> Changes {
        let next = |key: ActionKey| {
            let stored = loaded.actions.remove(&key);
            let mut action = stored.unwrap_or_else(|| queued(key));
            action.state = (self.state)();
            action.changed = seq;
            action
        };
        let actions = self.keys().map(next).collect::<Vec<_>>();
        let counter = CounterKey {
            run: RunId(1),
            parent: Some(ActionName::root()),
            group: String::new(),
            phase: Phase::Queued,
        };
        Changes {
            runs: vec![run(seq)],
            actions,
            counters: [(counter, i64::from(PER_UNIT))].into(),
            ..Changes::default()
        }
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

fn run(seq: Seq) -> Run {
    let scope = ProjectKey { org: "default".into(), project: "p".into(), domain: "development".into() };
    Run {
        id: RunId(1),
        key: RunKey::stored(scope, "bench"),
        created_at: Timestamp::from_micros(1),
        created_by: String::new(),
        spec: Digest([1; 32]),
        source: 0,
        labels: Vec::new(),
        base: "file:///data/bench/".to_owned(),
        raw_prefix: String::new(),
        start_time: Timestamp::from_micros(1),
        queue: String::new(),
        max_concurrency: None,
        running: 0,
        waiting_parents: 0,
        overwrite_cache: false,
        cache_scope: CacheScope::ProjectDomain,
        recovery: None,
        relation: None,
        abort: None,
        changed: seq,
    }
}

fn queued(key: ActionKey) -> Action {
    let input_uri = format!("file:///data/default/p/development/bench/{}/inputs.pb", key.name);
    Action {
        key,
        parent: Some(ActionName::root()),
        depth: 1,
        kind: ActionKind::Task,
        group: String::new(),
        spec: Digest([2; 32]),
        task: TaskRef {
            project: "p".to_owned(),
            domain: "development".to_owned(),
            name: "environment.function".to_owned(),
            version: "0123456789abcdef0123456789abcdef".to_owned(),
            short_name: "function".to_owned(),
            environment: "environment".to_owned(),
            task_type: "python".to_owned(),
        },
        input_uri,
        queue: "".into(),
        priority: 0,
        resources: Resources::default(),
        policy: Policy::default(),
        cache: None,
        cache_status: CacheStatus::Disabled,
        attempts: 0,
        next_cause: AttemptCause::First,
        spent: Spent::default(),
        created_at: Timestamp::from_micros(2),
        started_at: None,
        state: (STATES[0].1)(),
        live_children: 0,
        reopens_since: None,
        created_by: String::new(),
        changed: Seq(0),
    }
}

fn claim() -> Claim {
    Claim { session: SessionId("session".into()), fence: Fence(1) }
}

const AT: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

/// The life of an action.
const STATES: [(&str, MakeState); 4] = [
    ("insert queued", || State::Queued { since: AT, not_before: AT }),
    ("claim", || State::Claimed { claim: claim(), since: AT }),
    ("run", || State::Running { claim: claim(), since: AT, stopping: None }),
    ("finish", || {
        let output_uri = "file:///data/default/p/development/bench/action/1/".to_owned();
        State::Done {
            outcome: ActionOutcome::Succeeded { output_uri, value: None, signalled_by: String::new() },
            at: AT,
        }
    }),
];

#[tokio::main]
async fn main() {
    let folder = std::env::args().nth(1).map(PathBuf::from);
    let own = tempfile::tempdir().expect("a folder for the database");
    let path = folder.unwrap_or_else(|| own.path().to_owned()).join("commits.db");
    let store = Arc::new(SqliteStore::open(&path).expect("the database opens"));
    for waiting in [1_u32, 4] {
        for (what, state) in STATES {
            let start = Instant::now();
            for from in (0..ACTIONS).step_by((PER_UNIT * waiting) as usize) {
                let units = (0..waiting).map(|ix| Step { from: from + ix * PER_UNIT, state });
                let commits = units.map(|unit| store.commit(Box::new(unit)));
                for outcome in futures::future::join_all(commits).await {
                    outcome.expect("the commit works");
                }
            }
            let seconds = start.elapsed().as_secs_f64();
            let rate = f64::from(ACTIONS) / seconds;
            println!("{waiting} waiting, {PER_UNIT} per unit, {what}: {rate:.0} actions/s");
        }
    }
    store.close().await;
}
