//! Rows to test with: plain ones to start from.

use wingbeat_model::{
    Action, ActionKey, ActionKind, ActionName, Attempt, AttemptCause, AttemptKey, CacheEntry, CacheKey,
    CacheScope, CacheStatus, Changes, Claim, Digest, Failure, FailureClass, Fence, Phase, PhaseTime, Policy,
    ProjectKey, Resources, Run, RunId, RunKey, Seq, SessionId, Spent, State, TaskRef, Timestamp,
};

use super::{Store, put};

/// The place of most rows.
pub(super) fn place(project: &str, domain: &str) -> ProjectKey {
    ProjectKey { org: "default".into(), project: project.into(), domain: domain.into() }
}

/// So many microseconds.
pub(super) fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

/// An action's key.
pub fn key(run: i64, name: &str) -> ActionKey {
    ActionKey { run: RunId(run), name: ActionName::stored(name) }
}

/// A run in p/development, created at its number.
pub fn run(id: i64, seq: Seq) -> Run {
    Run {
        id: RunId(id),
        key: RunKey::stored(place("p", "development"), &format!("run-{id}")),
        created_at: at(id),
        created_by: String::new(),
        spec: Digest([1; 32]),
        source: 0,
        labels: Vec::new(),
        base: format!("file:///data/run-{id}/"),
        raw_prefix: String::new(),
        start_time: at(id),
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

/// A queued action; the root if its name is `a0`, else the root's child.
pub fn action(run: i64, name: &str, seq: Seq) -> Action {
    let key = key(run, name);
    let parent = (!key.name.is_root()).then(ActionName::root);
    Action {
        depth: u32::from(parent.is_some()),
        parent,
        key,
        kind: ActionKind::Task,
        group: String::new(),
        spec: Digest([2; 32]),
        task: TaskRef {
            project: "p".to_owned(),
            domain: "development".to_owned(),
            name: "env.main".to_owned(),
            version: "v1".to_owned(),
            short_name: "main".to_owned(),
            environment: "env".to_owned(),
            task_type: "python".to_owned(),
        },
        input_uri: "file:///data/inputs.pb".to_owned(),
        queue: "".into(),
        priority: 0,
        resources: Resources::default(),
        policy: Policy::default(),
        cache: None,
        cache_status: CacheStatus::Disabled,
        attempts: 0,
        next_cause: AttemptCause::First,
        spent: Spent::default(),
        created_at: at(run),
        started_at: None,
        state: State::Queued { since: at(run), not_before: at(run) },
        live_children: 0,
        reopens_since: None,
        created_by: String::new(),
        changed: seq,
    }
}

/// A claim.
pub(super) fn claim(session: &str, fence: u64) -> Claim {
    Claim { session: SessionId(session.into()), fence: Fence(fence) }
}

/// An attempt that runs.
pub(super) fn attempt(run: i64, name: &str, number: u32, session: &str) -> Attempt {
    Attempt {
        key: AttemptKey { action: key(run, name), attempt: number },
        cause: AttemptCause::First,
        fence: Fence(7),
        session: SessionId(session.into()),
        held: true,
        phases: vec![
            PhaseTime { phase: Phase::Queued, at: at(1) },
            PhaseTime { phase: Phase::Running, at: at(-5) },
        ],
        end: None,
        report_uri: None,
        isolation: "process".to_owned(),
        cache_status: CacheStatus::Disabled,
    }
}

/// A failure with every field set.
pub(super) fn failure() -> Failure {
    Failure {
        class: FailureClass::Infrastructure,
        code: "OOMKilled".to_owned(),
        message: "out of memory\nat line 2".to_owned(),
        recoverable: true,
        worker: "worker-3".to_owned(),
        wire_kind: 2,
    }
}

/// A cache key.
pub(super) fn cache_key(name: &str) -> CacheKey {
    CacheKey { org: "default".into(), scope: "p/development".into(), key: name.into() }
}

/// A cache entry.
pub(super) fn cache_entry(name: &str) -> CacheEntry {
    CacheEntry {
        key: cache_key(name),
        output_uri: "file:///data/out".to_owned(),
        created_at: at(5),
        updated_at: at(6),
        source: "p/development/run-1/a0".to_owned(),
        metadata: vec![0, 1, 255],
    }
}

/// Stores runs, each with its root.
pub(super) async fn put_runs(store: &Store, ids: impl IntoIterator<Item = i64>) {
    for id in ids {
        put(store, move |seq| Changes {
            runs: vec![run(id, seq)],
            actions: vec![action(id, "a0", seq)],
            ..Changes::default()
        })
        .await;
    }
}

/// The names of actions.
pub(super) fn names(actions: &[Action]) -> Vec<&str> {
    actions.iter().map(|action| action.key.name.as_str()).collect()
}

/// The runs of actions.
pub(super) fn runs_of(actions: &[Action]) -> Vec<i64> {
    actions.iter().map(|action| action.key.run.0).collect()
}
