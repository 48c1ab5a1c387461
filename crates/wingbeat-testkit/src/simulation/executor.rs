//! Executors and the task processes that they run. A process dies with its executor; everything else
//! that an executor knows dies with its session.

use std::collections::{BTreeMap, BTreeSet};

use rand::Rng;
use rand::rngs::StdRng;
use wingbeat_engine::{Command, Effect, Reject, Reply, Report, ReportKind};
use wingbeat_model::{
    ActionName, AttemptIdentity, AttemptKey, Failure, FailureClass, Fence, Phase, ServerId, Session,
    SessionId, Timestamp,
};

use super::network::{Asker, Message};
use super::plan::Plan;
use crate::Recorder;

#[derive(Debug)]
pub(super) struct Executor {
    ix: usize,
    life: u32,
    /// Attempts that were ever heard of in this session: an order that is repeated is not obeyed twice.
    known: BTreeSet<AttemptKey>,
    processes: BTreeMap<AttemptKey, Process>,
    /// Reports that nobody has confirmed.
    outbox: BTreeMap<u64, Report>,
    sent: u64,
}

#[derive(Debug)]
struct Process {
    fence: Fence,
    said_started: bool,
    /// Children that the server has.
    enqueued: BTreeSet<ActionName>,
}

impl Executor {
    pub(super) const fn new(ix: usize) -> Self {
        Self {
            ix,
            life: 0,
            known: BTreeSet::new(),
            processes: BTreeMap::new(),
            outbox: BTreeMap::new(),
            sent: 0,
        }
    }

    pub(super) fn session(&self) -> SessionId {
        SessionId(format!("x{}-{}", self.ix, self.life).into())
    }

    /// Dies, with all that it ran, and comes back.
    pub(super) fn restart(&mut self) {
        *self = Self { life: self.life + 1, ..Self::new(self.ix) };
    }

    /// Opens its stream (again).
    pub(super) fn connect(&self, now: Timestamp) -> Message {
        let id = self.session();
        let session = Session::new(id.clone(), format!("x{}", self.ix), ServerId::ONLY, now);
        let from = Asker::Connect { executor: self.ix, session: id };
        Message::request(from, Command::StartSession(session))
    }

    /// Attempts whose process lives.
    pub(super) fn running(&self) -> Vec<AttemptKey> {
        self.processes.keys().cloned().collect()
    }

    /// Sends everything that is not confirmed.
    pub(super) fn flush(&self) -> Vec<Message> {
        let ask = |(number, report): (&u64, &Report)| {
            let from = Asker::Report { executor: self.ix, session: self.session(), number: *number };
            Message::request(from, Command::Report(Box::new(report.clone())))
        };
        self.outbox.iter().map(ask).collect()
    }

    pub(super) fn is_quiet(&self) -> bool {
        self.outbox.is_empty() && self.processes.is_empty()
    }

    /// Obeys an order. Says which process it started.
    pub(super) fn obey(&mut self, order: Effect, now: Timestamp) -> Option<AttemptKey> {
        match order {
            Effect::Assign { attempt, fence, session } => {
                let news = session == self.session() && self.known.insert(attempt.clone());
                if !news {
                    return None;
                }
                let process = Process { fence, said_started: false, enqueued: BTreeSet::new() };
                self.processes.insert(attempt.clone(), process);
                Some(attempt)
            }
            Effect::Stop { attempt, fence, session, .. } => {
                let ended = self.outbox.values().any(|report| {
                    report.attempt == attempt && !matches!(report.kind, ReportKind::Started { .. })
                });
                if session == self.session() && !ended {
                    self.known.insert(attempt.clone());
                    self.processes.remove(&attempt);
                    self.say(attempt, fence, now, ReportKind::Stopped);
                }
                None
            }
            Effect::ConditionCreated(_) | Effect::FollowUp(_) => None,
        }
    }

    fn say(&mut self, attempt: AttemptKey, fence: Fence, at: Timestamp, kind: ReportKind) {
        self.sent += 1;
        let report = Report { attempt, fence, session: self.session(), at, kind };
        self.outbox.insert(self.sent, report);
    }

    /// An answer to `connect`. A session that was found lost makes the executor start over.
    pub(super) fn connected(&mut self, session: &SessionId, reply: &Result<Reply, Reject>) {
        if *session == self.session() && reply.is_err() {
            self.restart();
        }
    }

    /// An answer to a report.
    pub(super) fn confirmed(&mut self, session: &SessionId, number: u64, reply: &Result<Reply, Reject>) {
        if *session != self.session() {
            return;
        }
        let Some(report) = self.outbox.remove(&number) else { return };
        if reply.is_err() {
            self.processes.remove(&report.attempt);
        }
    }

    /// An answer to a child's Enqueue. Whatever is refused can never be had.
    pub(super) fn enqueued(
        &mut self,
        attempt: &AttemptKey,
        child: ActionName,
        reply: &Result<Reply, Reject>,
    ) {
        if reply.is_ok()
            && let Some(process) = self.processes.get_mut(attempt)
        {
            process.enqueued.insert(child);
        }
    }

    /// Lets a task process do one thing.
    pub(super) fn work(
        &mut self,
        key: &AttemptKey,
        plan: &Plan,
        recorder: &Recorder,
        rng: &mut StdRng,
        now: Timestamp,
    ) -> Vec<Message> {
        let Some(process) = self.processes.get_mut(key) else { return Vec::new() };
        let fence = process.fence;
        let began = std::mem::replace(&mut process.said_started, true);
        let enqueued = process.enqueued.clone();
        if !began {
            let isolation = "simulated".to_owned();
            self.say(key.clone(), fence, now, ReportKind::Started { isolation });
            return Vec::new();
        }
        let node = &plan.nodes[&key.action.name];
        let missing = node.children.iter().filter(|child| !enqueued.contains(child));
        let missing: Vec<Message> =
            missing.map(|child| self.enqueue(key, fence, plan.new_action(child, None, now))).collect();
        if !missing.is_empty() {
            return missing;
        }
        let phases = || {
            let children = node.children.iter().map(|child| plan.key(child));
            children.filter_map(|child| recorder.rows.actions.get(&child)).map(wingbeat_model::Action::phase)
        };
        if !phases().all(Phase::is_terminal) {
            return Vec::new();
        }
        let all_well = phases().all(Phase::is_success);
        let kind = end(rng, all_well, node.fails, key);
        self.processes.remove(key);
        self.say(key.clone(), fence, now, kind);
        Vec::new()
    }

    fn enqueue(&self, key: &AttemptKey, fence: Fence, mut new: wingbeat_engine::NewAction) -> Message {
        let caller = AttemptIdentity { action: key.action.clone(), attempt: key.attempt, fence };
        new.caller = Some(caller);
        let child = new.key.name.clone();
        let from = Asker::Task { executor: self.ix, attempt: key.clone(), child };
        Message::request(from, Command::Enqueue(Box::new(new)))
    }
}

fn end(rng: &mut StdRng, all_well: bool, fails: u32, key: &AttemptKey) -> ReportKind {
    let class = match rng.random_range(0..100) {
        n if n < fails => [FailureClass::User, FailureClass::System][rng.random_range(0..2)],
        _ if all_well => {
            let output_uri = format!("/{}/{}", key.action.name, key.attempt);
            return ReportKind::Succeeded { output_uri, report_uri: None };
        }
        _ => FailureClass::User,
    };
    let failure = Failure {
        class,
        code: "Simulated".to_owned(),
        message: "as planned".to_owned(),
        recoverable: rng.random_bool(0.9),
        worker: String::new(),
        wire_kind: 0,
    };
    ReportKind::Failed { failure, report_uri: None }
}
