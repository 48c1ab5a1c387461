//! A store in a few lines, and short words for what tests do with it.

use std::collections::BTreeMap;

use wingbeat_model::{
    Action, ActionKey, ActionName, Attempt, AttemptIdentity, AttemptKey, CacheEntry, CacheKey, CacheOwner,
    CacheScope, Changes, Digest, Failure, FailureClass, Fence, Loaded, Needs, Phase, Policy, ProjectKey,
    QueueChange, QueueName, ReplayKey, Reservation, Resources, Run, RunId, RunKey, Seq, ServerId, Session,
    SessionId, Span, TaskRef, Timestamp, UnitOfWork,
};

use crate::invariants::{self, Rows};
use crate::{
    Batch, Command, Effect, NewAction, NewBody, NewCacheUse, NewRun, Office, Reject, Reply, Report,
    ReportKind,
};

pub(super) const RUN: RunId = RunId(1);

#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) rows: Rows,
    pub(super) cache: BTreeMap<CacheKey, CacheEntry>,
    replays: BTreeMap<ReplayKey, (Digest, RunId)>,
    pub(super) now: Timestamp,
    /// Who decides; nobody in particular.
    pub(super) office: Option<Office>,
    /// How often the duty of timers has changed hands.
    pub(super) epoch: i64,
    seq: i64,
    /// Effects so far, without follow-ups: those are rows.
    pub(super) effects: Vec<Effect>,
    /// What the last batch wrote.
    pub(super) wrote: Changes,
}

impl World {
    /// Nothing but two executors, `s1` and `s2`, and the queue of its runs.
    pub(super) fn empty() -> Self {
        let mut world = Self {
            rows: Rows::default(),
            cache: BTreeMap::new(),
            replays: BTreeMap::new(),
            now: Timestamp::from_micros(1_000_000),
            office: None,
            epoch: 0,
            seq: 0,
            effects: Vec::new(),
            wrote: Changes::default(),
        };
        world.ok(Command::StartSession(session("s1", "one")));
        world.ok(Command::StartSession(session("s2", "two")));
        world.ok(Command::PutQueue { name: QueueName::of("of-run"), change: QueueChange::default() });
        world
    }

    /// Run 1, its root queued.
    pub(super) fn with_run(change: impl FnOnce(&mut NewRun)) -> Self {
        let mut world = Self::empty();
        let mut new = new_run(RUN, "r1");
        change(&mut new);
        world.ok(Command::CreateRun(Box::new(new)));
        world
    }

    /// Run 1, its root running on `s1`.
    pub(super) fn running() -> Self {
        let mut world = Self::with_run(|_| {});
        world.start("a0");
        world
    }

    /// One transaction, a little later than the one before.
    pub(super) fn batch(&mut self, commands: Vec<Command>) -> Vec<Result<Reply, Reject>> {
        self.pass(Span::from_millis(10));
        self.seq += 1;
        let mut batch = Batch::new(commands, self.now);
        if let Some(office) = self.office {
            batch = batch.by(office);
        }
        let mut loaded = Loaded { epoch: self.epoch, ..Loaded::default() };
        for round in 0.. {
            let needs = batch.needs(&loaded);
            if needs.is_empty() {
                break;
            }
            assert!(round < 8, "never content: {needs:?}");
            self.load(&mut loaded, needs);
        }
        let before = self.rows.clone();
        let seen = loaded.clone();
        let changes = batch.decide(loaded, Seq(self.seq));
        self.nothing_is_written_unseen(&seen, &changes);
        self.write(changes.clone());
        self.wrote = changes;
        let decided = batch.into_decided().expect("it was decided");
        let lasting = decided.effects.into_iter().filter(|e| !matches!(e, Effect::FollowUp(_)));
        self.effects.extend(lasting);
        let mut broken = invariants::broken(&self.rows);
        broken.extend(invariants::broken_between(&before, &self.rows));
        assert_eq!(broken, Vec::<String>::new());
        decided.replies
    }

    pub(super) fn send(&mut self, command: Command) -> Result<Reply, Reject> {
        self.batch(vec![command]).remove(0)
    }

    pub(super) fn ok(&mut self, command: Command) -> Reply {
        self.send(command).expect("the command is accepted")
    }

    /// Works off all follow-ups.
    pub(super) fn settle(&mut self) {
        for _ in 0..1_000 {
            let Some(next) = self.rows.follow_ups.first().cloned() else { return };
            self.ok(Command::FollowUp(next));
        }
        panic!("follow-ups never end: {:?}", self.rows.follow_ups);
    }

    pub(super) fn pass(&mut self, span: Span) {
        self.now = self.now + span;
    }

    pub(super) fn action(&self, name: &str) -> &Action {
        &self.rows.actions[&key(name)]
    }

    pub(super) fn phase(&self, name: &str) -> Phase {
        self.action(name).phase()
    }

    pub(super) fn attempt(&self, name: &str, attempt: u32) -> &Attempt {
        &self.rows.attempts[&AttemptKey { action: key(name), attempt }]
    }

    pub(super) fn run(&self) -> &Run {
        &self.rows.runs[&RUN]
    }

    pub(super) fn spawn(&mut self, name: &str) {
        self.add(task(name));
    }

    pub(super) fn add(&mut self, new: NewAction) -> Reply {
        self.ok(Command::Enqueue(Box::new(new)))
    }

    pub(super) fn claim(&mut self, name: &str) -> Result<Reply, Reject> {
        self.send(Command::Claim { action: key(name), session: session_id("s1") })
    }

    /// Claims on `s1` and reports the start.
    pub(super) fn start(&mut self, name: &str) {
        self.claim(name).expect("the claim is accepted");
        self.say(name, started()).expect("the start counts");
    }

    /// A report of the newest attempt by whoever has it.
    pub(super) fn say(&mut self, name: &str, kind: ReportKind) -> Result<Reply, Reject> {
        let report = self.report_of(name, kind);
        self.send(Command::Report(Box::new(report)))
    }

    pub(super) fn report_of(&self, name: &str, kind: ReportKind) -> Report {
        let attempt = self.attempt(name, self.action(name).attempts);
        let (fence, session) = (attempt.fence, attempt.session.clone());
        Report { attempt: attempt.key.clone(), fence, session, at: self.now, kind }
    }

    /// Who the newest attempt of an action is.
    pub(super) fn caller(&self, name: &str) -> AttemptIdentity {
        let attempt = self.attempt(name, self.action(name).attempts);
        AttemptIdentity { action: key(name), attempt: attempt.key.attempt, fence: attempt.fence }
    }

    pub(super) fn abort(&mut self, name: &str) -> Result<Reply, Reject> {
        let (action, reason, by) = (key(name), "enough".to_owned(), "ada".to_owned());
        self.send(Command::Abort { action, reason, by, caller: None })
    }

    pub(super) fn wake(&mut self, name: &str) {
        self.ok(Command::Wake(key(name)));
    }

    pub(super) fn reservation(&self, key: &CacheKey) -> Option<&Reservation> {
        self.rows.reservations.iter().find(|reservation| reservation.key == *key)
    }

    pub(super) fn reserved_by(&self, name: &str) -> bool {
        let owner = CacheOwner::Action(key(name));
        self.rows.reservations.iter().any(|reservation| reservation.owner == owner)
    }
}

/// The store's side.
impl World {
    /// A row that is there is replaced only by whoever has read it: `needs` forgets nothing.
    fn nothing_is_written_unseen(&self, seen: &Loaded, changes: &Changes) {
        let rows = &self.rows;
        for key in changes.actions.iter().map(|action| &action.key) {
            assert!(seen.actions.contains_key(key) || !rows.actions.contains_key(key), "{key:?}");
        }
        for key in changes.attempts.iter().map(|attempt| &attempt.key) {
            assert!(seen.attempts.contains_key(key) || !rows.attempts.contains_key(key), "{key:?}");
        }
        for run in &changes.runs {
            assert!(seen.runs.contains_key(&run.id) || !rows.runs.contains_key(&run.id), "{:?}", run.id);
        }
        for session in &changes.sessions {
            assert!(seen.sessions.contains_key(&session.id) || !rows.sessions.contains_key(&session.id));
        }
        for queue in &changes.queues {
            assert!(seen.asked.queues.contains(&queue.name), "{}", queue.name);
        }
        let claims = changes.reservations.iter().map(|claim| &claim.key);
        for key in claims.chain(&changes.reservation_deletes) {
            assert!(seen.asked.reservations.contains(key), "{key:?}");
        }
        for key in changes.cache_puts.iter().map(|entry| &entry.key).chain(&changes.cache_deletes) {
            assert!(seen.asked.cache.contains(key), "{key:?}");
        }
    }

    fn load(&self, loaded: &mut Loaded, needs: Needs) {
        self.load_rows(loaded, &needs);
        self.load_sets(loaded, &needs);
        let asked = &mut loaded.asked;
        asked.runs.extend(needs.runs);
        asked.runs_by_key.extend(needs.runs_by_key);
        asked.actions.extend(needs.actions);
        asked.attempts.extend(needs.attempts);
        asked.cache.extend(needs.cache);
        asked.reservations.extend(needs.reservations);
        asked.live_children.extend(needs.live_children);
        asked.cache_waiters.extend(needs.cache_waiters);
        asked.held.extend(needs.held);
        asked.sessions.extend(needs.sessions);
        asked.sessions_of.extend(needs.sessions_of);
        asked.replays.extend(needs.replays);
        asked.queues.extend(needs.queues);
    }

    fn load_rows(&self, loaded: &mut Loaded, needs: &Needs) {
        for run in self.rows.runs.values() {
            if needs.runs.contains(&run.id) || needs.runs_by_key.contains(&run.key) {
                loaded.run_ids.insert(run.key.clone(), run.id);
                loaded.runs.insert(run.id, run.clone());
            }
        }
        copy(&needs.actions, &self.rows.actions, &mut loaded.actions);
        copy(&needs.attempts, &self.rows.attempts, &mut loaded.attempts);
        copy(&needs.cache, &self.cache, &mut loaded.cache);
        copy(&needs.sessions, &self.rows.sessions, &mut loaded.sessions);
        copy(&needs.replays, &self.replays, &mut loaded.replays);
        copy(&needs.queues, &self.rows.queues, &mut loaded.queues);
        for key in &needs.reservations {
            if let Some(reservation) = self.reservation(key) {
                loaded.reservations.insert(key.clone(), reservation.clone());
            }
        }
        for session in self.rows.sessions.values() {
            if needs.sessions_of.contains(&session.executor) && session.ended_at.is_none() {
                loaded.sessions.insert(session.id.clone(), session.clone());
            }
        }
    }

    fn load_sets(&self, loaded: &mut Loaded, needs: &Needs) {
        let rows = || self.rows.actions.values();
        for parent in &needs.live_children {
            let children = rows().filter(|action| {
                let of = action.key.run == parent.run && action.parent.as_ref() == Some(&parent.name);
                of && !action.phase().is_terminal()
            });
            let found: Vec<Action> = children.take(Needs::CHUNK).cloned().collect();
            loaded.live_children.insert(parent.clone(), found.iter().map(|a| a.key.clone()).collect());
            loaded.actions.extend(found.into_iter().map(|action| (action.key.clone(), action)));
        }
        for key in &needs.cache_waiters {
            let waiting = |action: &&Action| matches!(&action.state, wingbeat_model::State::AwaitingCache { key: k, .. } if k == key);
            let found: Vec<Action> = rows().filter(waiting).take(Needs::CHUNK).cloned().collect();
            loaded.cache_waiters.insert(key.clone(), found.iter().map(|a| a.key.clone()).collect());
            loaded.actions.extend(found.into_iter().map(|action| (action.key.clone(), action)));
        }
        for session in &needs.held {
            let held = |attempt: &&Attempt| attempt.held && attempt.session == *session;
            let found: Vec<Attempt> =
                self.rows.attempts.values().filter(held).take(Needs::CHUNK).cloned().collect();
            loaded.held.insert(session.clone(), found.iter().map(|a| a.key.clone()).collect());
            loaded.attempts.extend(found.into_iter().map(|attempt| (attempt.key.clone(), attempt)));
        }
    }

    fn write(&mut self, changes: Changes) {
        let rows = &mut self.rows;
        rows.runs.extend(changes.runs.into_iter().map(|run| (run.id, run)));
        rows.actions.extend(changes.actions.into_iter().map(|action| (action.key.clone(), action)));
        rows.attempts.extend(changes.attempts.into_iter().map(|attempt| (attempt.key.clone(), attempt)));
        rows.queues.extend(changes.queues.into_iter().map(|queue| (queue.name.clone(), queue)));
        rows.sessions.extend(changes.sessions.into_iter().map(|session| (session.id.clone(), session)));
        for (key, by) in changes.counters {
            *rows.counters.entry(key).or_default() += by;
        }
        for (key, by) in changes.tallies {
            *rows.tallies.entry(key).or_default() += by;
        }
        let gone = |r: &Reservation| {
            changes.reservation_deletes.contains(&r.key)
                || changes.reservations.iter().any(|new| new.key == r.key)
        };
        rows.reservations.retain(|reservation| !gone(reservation));
        rows.reservations.extend(changes.reservations.clone());
        rows.follow_ups.retain(|work| !changes.follow_ups_done.contains(&work.id));
        rows.follow_ups.extend(changes.follow_ups);
        self.cache.retain(|key, _| !changes.cache_deletes.contains(key));
        self.cache.extend(changes.cache_puts.into_iter().map(|entry| (entry.key.clone(), entry)));
        self.replays.extend(changes.replays.into_iter().map(|(key, digest, run)| (key, (digest, run))));
    }
}

fn copy<K: Ord + Clone, V: Clone>(
    keys: &std::collections::BTreeSet<K>,
    from: &BTreeMap<K, V>,
    to: &mut BTreeMap<K, V>,
) {
    for key in keys {
        if let Some(row) = from.get(key) {
            to.insert(key.clone(), row.clone());
        }
    }
}

pub(super) fn key(name: &str) -> ActionKey {
    ActionKey { run: RUN, name: ActionName::stored(name) }
}

pub(super) fn session_id(id: &str) -> SessionId {
    SessionId(id.into())
}

pub(super) fn session(id: &str, executor: &str) -> Session {
    Session::new(session_id(id), executor.to_owned(), ServerId::ONLY, Timestamp::from_micros(0))
}

pub(super) fn project() -> ProjectKey {
    ProjectKey { org: "default".into(), project: "flytesnacks".into(), domain: "development".into() }
}

pub(super) fn new_run(id: RunId, name: &str) -> NewRun {
    let run = Run {
        id,
        key: RunKey::stored(project(), name),
        created_at: Timestamp::from_micros(1),
        created_by: String::new(),
        spec: Digest([9; 32]),
        source: 0,
        labels: Vec::new(),
        base: "/b/".to_owned(),
        raw_prefix: String::new(),
        start_time: Timestamp::from_micros(1),
        queue: "of-run".to_owned(),
        max_concurrency: None,
        running: 7,
        waiting_parents: 7,
        overwrite_cache: false,
        cache_scope: CacheScope::ProjectDomain,
        recovery: None,
        relation: None,
        abort: None,
        changed: Seq(0),
    };
    let mut root = task("a0");
    root.key.run = id;
    root.parent = None;
    NewRun { run, run_spec: vec![1], root, replay: None }
}

pub(super) fn task(name: &str) -> NewAction {
    NewAction {
        key: key(name),
        parent: Some(ActionName::root()),
        caller: None,
        group: String::new(),
        spec: Digest([1; 32]),
        spec_bytes: vec![1, 2],
        task: TaskRef::default(),
        input_uri: format!("/b/{name}/inputs.pb"),
        created_by: String::new(),
        body: NewBody::Task {
            queue: "".into(),
            priority: 0,
            resources: Resources::default(),
            policy: Policy::default(),
            cache: None,
        },
    }
}

pub(super) fn child_of(parent: &str, name: &str) -> NewAction {
    NewAction { parent: Some(ActionName::stored(parent)), ..task(name) }
}

pub(super) fn with_policy(mut new: NewAction, change: impl FnOnce(&mut Policy)) -> NewAction {
    if let NewBody::Task { policy, .. } = &mut new.body {
        change(policy);
    }
    new
}

pub(super) fn cached(name: &str, serialize: bool) -> NewAction {
    let mut new = task(name);
    if let NewBody::Task { cache, .. } = &mut new.body {
        *cache = Some(NewCacheUse { key: "k".into(), serialize, max_age: None });
    }
    new
}

pub(super) fn cache_key() -> CacheKey {
    CacheKey { org: "default".into(), scope: "flytesnacks/development".into(), key: "k".into() }
}

pub(super) fn condition(name: &str, timeout: Option<Span>) -> NewAction {
    NewAction { body: NewBody::Condition { timeout }, ..task(name) }
}

pub(super) fn trace(name: &str, failure: Option<Failure>) -> NewAction {
    let (started_at, ended_at) = (Timestamp::from_micros(500), Timestamp::from_micros(600));
    let output_uri = format!("/b/{name}/outputs.pb");
    NewAction { body: NewBody::Trace { failure, output_uri, started_at, ended_at }, ..task(name) }
}

pub(super) fn failure(class: FailureClass) -> Failure {
    Failure {
        class,
        code: "ValueError".to_owned(),
        message: "no".to_owned(),
        recoverable: true,
        worker: String::new(),
        wire_kind: 1,
    }
}

pub(super) fn started() -> ReportKind {
    ReportKind::Started { isolation: "process".to_owned() }
}

pub(super) fn done() -> ReportKind {
    ReportKind::Succeeded { output_uri: "/b/out".to_owned(), report_uri: None }
}

pub(super) fn failed(class: FailureClass) -> ReportKind {
    ReportKind::Failed { failure: failure(class), report_uri: None }
}

pub(super) fn fatal() -> ReportKind {
    let failure = Failure { recoverable: false, ..failure(FailureClass::User) };
    ReportKind::Failed { failure, report_uri: None }
}

pub(super) fn stale(name: &str, attempt: u32) -> Reject {
    Reject::StaleAttempt { action: ActionName::stored(name), attempt }
}

pub(super) const WRONG: Fence = Fence(999_999);
