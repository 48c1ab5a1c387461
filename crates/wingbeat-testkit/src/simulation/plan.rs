//! The programs that the simulation runs: trees of tasks, traces and conditions, made from the seed.

use std::collections::BTreeMap;

use rand::Rng;
use rand::rngs::StdRng;
use wingbeat_engine::{NewAction, NewBody, NewCacheUse, NewRun};
use wingbeat_model::{
    ActionKey, ActionName, AttemptIdentity, Backoff, CacheScope, Digest, Policy, ProjectKey, ReplayKey,
    Resources, Run, RunId, RunKey, Seq, Span, TaskRef, Timestamp,
};

/// The queue that an operator of the storm narrows, pauses and opens again.
pub(crate) const NARROW: &str = "narrow";

/// What one action does.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) parent: Option<ActionName>,
    pub(crate) children: Vec<ActionName>,
    body: Body,
    /// Of 100 attempts, how many fail by themselves.
    pub(crate) fails: u32,
}

#[derive(Debug, Clone)]
enum Body {
    Task { policy: Policy, cache: Option<NewCacheUse>, resources: Resources },
    Trace,
    Condition { timeout: Option<Span> },
}

/// A program: its actions by name.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) run: RunId,
    pub(crate) nodes: BTreeMap<ActionName, Node>,
    max_concurrency: Option<u32>,
    /// Tasks whose names end in an odd digit wait in [`NARROW`]; somebody has to make it first.
    uses_narrow: bool,
}

impl Plan {
    pub(crate) fn random(rng: &mut StdRng, run: RunId) -> Self {
        let max_concurrency = rng.random_bool(0.4).then(|| rng.random_range(1..4));
        let mut plan = Self { run, nodes: BTreeMap::new(), max_concurrency, uses_narrow: false };
        let root = Node { parent: None, children: vec![], body: task(rng, 0), fails: 10 };
        plan.nodes.insert(ActionName::root(), root);
        plan.grow(rng, &ActionName::root(), 0);
        plan
    }

    fn grow(&mut self, rng: &mut StdRng, parent: &ActionName, depth: u32) {
        let children = if depth == 0 { rng.random_range(1..6) } else { rng.random_range(0..3) };
        for _ in 0..children {
            let name = ActionName::stored(&format!("n{}", self.nodes.len()));
            let body = match rng.random_range(0..10) {
                0 => Body::Trace,
                1 => Body::Condition {
                    timeout: rng.random_bool(0.5).then(|| Span::from_secs(rng.random_range(1..300))),
                },
                _ => task(rng, depth + 1),
            };
            let works = matches!(body, Body::Task { .. });
            let node =
                Node { parent: Some(parent.clone()), children: vec![], body, fails: rng.random_range(0..40) };
            self.nodes.insert(name.clone(), node);
            let parent = self.nodes.get_mut(parent).expect("the parent was planned before");
            parent.children.push(name.clone());
            if works && depth < 2 {
                self.grow(rng, &name, depth + 1);
            }
        }
    }

    /// How long an attempt of this action may run.
    pub(crate) fn max_runtime(&self, name: &ActionName) -> Option<Span> {
        match &self.nodes.get(name)?.body {
            Body::Task { policy, .. } => policy.max_runtime,
            Body::Trace | Body::Condition { .. } => None,
        }
    }

    pub(crate) fn with_narrow_queue(self) -> Self {
        Self { uses_narrow: true, ..self }
    }

    fn queue(&self, name: &ActionName) -> &'static str {
        let odd = name.as_str().bytes().last().is_some_and(|last| last % 2 == 1);
        if self.uses_narrow && odd { NARROW } else { "" }
    }

    pub(crate) fn key(&self, name: &ActionName) -> ActionKey {
        ActionKey { run: self.run, name: name.clone() }
    }

    pub(crate) fn new_run(&self, now: Timestamp) -> NewRun {
        let name = format!("r{}", self.run.0);
        let run = Run {
            id: self.run,
            key: RunKey::stored(project(), &name),
            created_at: now,
            created_by: "ada".to_owned(),
            spec: digest(&name),
            source: 0,
            labels: Vec::new(),
            base: format!("/base/{name}/"),
            raw_prefix: String::new(),
            start_time: now,
            queue: String::new(),
            max_concurrency: self.max_concurrency,
            running: 0,
            waiting_parents: 0,
            overwrite_cache: false,
            cache_scope: CacheScope::ProjectDomain,
            recovery: None,
            relation: None,
            abort: None,
            changed: Seq(0),
        };
        let root = self.new_action(&ActionName::root(), None, now);
        let replay = Some((ReplayKey(format!("create {name}")), digest(&name)));
        NewRun { run, run_spec: Vec::new(), root, replay }
    }

    pub(crate) fn new_action(
        &self,
        name: &ActionName,
        caller: Option<AttemptIdentity>,
        now: Timestamp,
    ) -> NewAction {
        let node = &self.nodes[name];
        let spec = format!("spec of {name}");
        let body = match &node.body {
            Body::Task { policy, cache, resources } => NewBody::Task {
                queue: self.queue(name).into(),
                priority: 0,
                // A parent that waits for children keeps its memory: parents alone could fill all machines for ever.
                resources: if node.children.is_empty() { *resources } else { Resources::default() },
                policy: *policy,
                cache: cache.clone(),
            },
            Body::Trace => NewBody::Trace {
                failure: None,
                output_uri: format!("/{name}/outputs.pb"),
                started_at: now,
                ended_at: now,
            },
            Body::Condition { timeout } => NewBody::Condition { timeout: *timeout },
        };
        NewAction {
            key: self.key(name),
            parent: node.parent.clone(),
            caller,
            group: if name.as_str().len().is_multiple_of(2) { "even".to_owned() } else { String::new() },
            spec: digest(&spec),
            // No message at all is a message, too: all of its fields are unset.
            spec_bytes: Vec::new(),
            task: TaskRef::default(),
            input_uri: String::new(),
            created_by: String::new(),
            body,
        }
    }
}

// Keys are of one depth only: two actions with one key run the same task on the same inputs, so one of
// them is never below the other.
fn task(rng: &mut StdRng, depth: u32) -> Body {
    let mut seconds =
        |chance: f64, most: i64| rng.random_bool(chance).then(|| Span::from_secs(rng.random_range(1..most)));
    let (max_runtime, max_queued, deadline) = (seconds(0.3, 60), seconds(0.1, 60), seconds(0.1, 300));
    let backoff = rng.random_bool(0.5).then(|| Backoff {
        base: Span::from_millis(rng.random_range(0..5_000)),
        factor: 2.0,
        cap: Some(Span::from_secs(10)),
    });
    let user_retries = rng.random_range(0..3);
    let cache = rng.random_bool(0.4).then(|| NewCacheUse {
        key: format!("k{depth}-{}", rng.random_range(0..3)).into(),
        serialize: rng.random_bool(0.7),
        max_age: rng.random_bool(0.3).then(|| Span::from_secs(rng.random_range(1..60))),
    });
    let resources = resources(rng);
    Body::Task {
        policy: Policy { user_retries, backoff, max_runtime, max_queued, deadline },
        cache,
        resources,
    }
}

/// Something that each machine of a storm has: one of them is left in the end.
fn resources(rng: &mut StdRng) -> Resources {
    Resources {
        cpu_millis: [0, 0, 250, 1_000][rng.random_range(0..4)],
        memory_bytes: [0, 0, 400 << 20, 700 << 20][rng.random_range(0..4)],
        gpus: u32::from(rng.random_bool(0.2)),
    }
}

fn project() -> ProjectKey {
    ProjectKey { org: "default".into(), project: "p".into(), domain: "d".into() }
}

fn digest(text: &str) -> Digest {
    let mut bytes = [0_u8; 32];
    for (ix, byte) in text.bytes().enumerate() {
        bytes[ix % 32] = bytes[ix % 32].wrapping_mul(31) ^ byte;
    }
    Digest(bytes)
}
