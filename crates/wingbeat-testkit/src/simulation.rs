//! Runs programs on the real engine while everything around it fails: crashes of the server before and
//! after a commit, crashes of executors, sessions lost by mistake, messages lost, doubled and overtaken.
//!
//! One seed is one history. After every transaction the engine's invariants are checked; in the end the
//! faults stop, and everything has to come to its end.

mod account;
mod executor;
mod network;
pub(crate) mod plan;
mod server;
mod watcher;

use std::collections::BTreeSet;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use wingbeat_engine::Command;
use wingbeat_engine::invariants::{self, Rows};
use wingbeat_model::{ActionKey, AttemptKey, Phase, RunId, ServerId, Span, Timestamp};

use crate::Recorder;
use executor::Executor;
use network::{Asker, Message};
use plan::Plan;
use server::{Fate, Server};
use watcher::Watcher;

/// What a simulation came through. Equal seeds give equal summaries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Transactions.
    pub commits: u64,
    /// Server crashes.
    pub crashes: u64,
    /// Executor crashes and sessions lost by mistake.
    pub losses: u64,
    /// Actions.
    pub actions: usize,
    /// Attempts.
    pub attempts: usize,
    /// Runs that succeeded.
    pub succeeded: usize,
}

/// Runs one seed on `recorder`, and gives it back.
///
/// # Errors
/// The first rule that was broken, with what led to it.
pub fn run(seed: u64, recorder: Recorder) -> Result<(Summary, Recorder), String> {
    let mut simulation = Simulation::new(seed, recorder);
    let steps = simulation.rng.random_range(100..500);
    for _ in 0..steps {
        simulation.step()?;
    }
    simulation.calm()?;
    simulation.account()
}

struct Simulation {
    rng: StdRng,
    recorder: Recorder,
    now: Timestamp,
    server: Server,
    executors: Vec<Executor>,
    net: Vec<Message>,
    plans: Vec<Plan>,
    created: BTreeSet<RunId>,
    started: BTreeSet<AttemptKey>,
    watcher: Watcher,
    summary: Summary,
}

impl Simulation {
    fn new(seed: u64, recorder: Recorder) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let runs = rng.random_range(1..4);
        let plans = (1..=runs).map(|id| Plan::random(&mut rng, RunId(id))).collect();
        let executors = (0..rng.random_range(1..4)).map(Executor::new).collect();
        Self {
            server: Server::boot(&recorder),
            rng,
            recorder,
            now: Timestamp::from_micros(1_000_000),
            executors,
            net: Vec::new(),
            plans,
            created: BTreeSet::new(),
            started: BTreeSet::new(),
            watcher: Watcher::default(),
            summary: Summary::default(),
        }
    }

    /// Anything that can happen, happens: one thing.
    fn step(&mut self) -> Result<(), String> {
        self.now = self.now + Span::from_micros(self.rng.random_range(1..20_000));
        match self.rng.random_range(0..100) {
            0..30 => self.deliver_one()?,
            30..55 => {
                let fate = self.fate();
                self.commit(fate)?;
            }
            55..78 => self.work(),
            78..83 => {
                self.server.take_due(self.now);
                self.server.schedule(&self.recorder, &mut self.rng, self.now);
            }
            83..88 => self.ask(),
            88..92 => self.now = self.now + Span::from_millis(self.rng.random_range(0..10_000)),
            92..96 => self.watcher.look(&self.recorder)?,
            96..98 => self.meddle(),
            _ => self.lose(),
        }
        Ok(())
    }

    fn fate(&mut self) -> Fate {
        match self.rng.random_range(0..100) {
            0..4 => Fate::CrashBefore,
            4..8 => Fate::CrashAfter,
            8..11 => Fate::Refused,
            _ => Fate::Fine,
        }
    }

    fn commit(&mut self, fate: Fate) -> Result<(), String> {
        if self.server.is_idle() {
            return Ok(());
        }
        let before = self.recorder.rows.clone();
        let most = self.rng.random_range(1..20);
        let server = std::mem::take(&mut self.server);
        let alive = server.commit(&mut self.recorder, (self.now, fate, most), &mut self.net);
        self.summary.commits += 1;
        self.server = alive.unwrap_or_else(|| {
            self.summary.crashes += 1;
            Server::boot(&self.recorder)
        });
        self.check(&before)
    }

    fn check(&self, before: &Rows) -> Result<(), String> {
        let mut broken = invariants::broken(&self.recorder.rows);
        broken.extend(invariants::broken_between(before, &self.recorder.rows));
        if broken.is_empty() { Ok(()) } else { Err(broken.join("\n")) }
    }

    /// Delivers some message, not the oldest one, and perhaps it will come again, or never comes.
    fn deliver_one(&mut self) -> Result<(), String> {
        if self.net.is_empty() {
            return Ok(());
        }
        let ix = self.rng.random_range(0..self.net.len());
        let message = match self.rng.random_range(0..100) {
            0..8 => self.net[ix].clone(),
            8..16 => {
                self.net.swap_remove(ix);
                return Ok(());
            }
            _ => self.net.swap_remove(ix),
        };
        self.deliver(message)
    }

    fn deliver(&mut self, message: Message) -> Result<(), String> {
        match message {
            Message::Request { from, command } => self.server.accept(from, command),
            Message::Answer { to, reply } => match to {
                Asker::Nobody => {}
                Asker::User(run) => {
                    if reply.is_ok() {
                        self.created.insert(run);
                    }
                }
                Asker::Connect { executor, session } => self.executors[executor].connected(&session, &reply),
                Asker::Report { executor, session, number } => {
                    self.executors[executor].confirmed(&session, number, &reply);
                }
                Asker::Task { executor, attempt, child } => {
                    self.executors[executor].enqueued(&attempt, child, &reply);
                }
            },
            Message::Order { to, effect } => {
                let now = self.now;
                let whose = self.executors.iter_mut().find(|executor| executor.session() == to);
                let began = whose.and_then(|executor| executor.obey(effect, now));
                if let Some(attempt) = began
                    && !self.started.insert(attempt.clone())
                {
                    return Err(format!("{attempt:?} was started twice"));
                }
            }
        }
        Ok(())
    }

    /// Some task processes do something.
    fn work(&mut self) {
        for executor in &mut self.executors {
            for key in executor.running() {
                let plan = &self.plans[plan_of(&key.action)];
                if self.rng.random_bool(0.6) {
                    let said = executor.work(&key, plan, &self.recorder, &mut self.rng, self.now);
                    self.net.extend(said);
                }
            }
        }
    }

    /// Whoever has no answer asks again.
    fn ask(&mut self) {
        for plan in &self.plans {
            if !self.created.contains(&plan.run) {
                let create = Command::CreateRun(Box::new(plan.new_run(self.now)));
                self.net.push(Message::request(Asker::User(plan.run), create));
            }
        }
        for executor in &self.executors {
            self.net.push(executor.connect(self.now));
            self.net.extend(executor.flush());
        }
    }

    /// A user aborts something or answers a condition.
    fn meddle(&mut self) {
        let live: Vec<(ActionKey, Phase)> =
            self.recorder.live_actions().map(|action| (action.key.clone(), action.phase())).collect();
        if live.is_empty() {
            return;
        }
        let (action, phase) = live[self.rng.random_range(0..live.len())].clone();
        let by = "ada".to_owned();
        let command = if phase == Phase::Paused {
            Command::Signal { action, value: vec![1], by }
        } else if self.rng.random_bool(0.2) {
            Command::Abort { action, reason: "enough".to_owned(), by, caller: None }
        } else {
            return;
        };
        self.net.push(Message::request(Asker::Nobody, command));
    }

    /// An executor dies, or is given up although it lives.
    fn lose(&mut self) {
        self.summary.losses += 1;
        let ix = self.rng.random_range(0..self.executors.len());
        if self.rng.random_bool(0.5) {
            self.executors[ix].restart();
        } else {
            let end = Command::EndSession { session: self.executors[ix].session(), server: ServerId::ONLY };
            self.server.accept(Asker::Nobody, end);
        }
    }

    /// No more faults: everything comes to its end.
    fn calm(&mut self) -> Result<(), String> {
        for _ in 0..5_000 {
            if self.is_over() {
                return Ok(());
            }
            self.now = self.now + Span::from_millis(200);
            self.ask();
            for message in std::mem::take(&mut self.net) {
                self.deliver(message)?;
            }
            self.work();
            self.answer_conditions();
            self.server.take_due(self.now);
            self.server.schedule(&self.recorder, &mut self.rng, self.now);
            while !self.server.is_idle() {
                self.commit(Fate::Fine)?;
            }
            self.watcher.look(&self.recorder)?;
        }
        let live: Vec<String> = self
            .recorder
            .live_actions()
            .map(|action| format!("{:?} {:?}", action.key, action.state))
            .collect();
        let held: Vec<String> = self.recorder.held_attempts().map(|a| format!("{:?}", a.key)).collect();
        Err(format!("it never ends; live: {live:#?}; held: {held:#?}"))
    }

    fn answer_conditions(&mut self) {
        let paused = self.recorder.live_actions().filter(|action| action.phase() == Phase::Paused);
        let answers = paused.map(|action| {
            let action = action.key.clone();
            let signal = Command::Signal { action, value: vec![1], by: "ada".to_owned() };
            Message::request(Asker::Nobody, signal)
        });
        self.net.extend(answers);
    }

    fn is_over(&self) -> bool {
        self.created.len() == self.plans.len()
            && self.recorder.live_actions().next().is_none()
            && self.recorder.held_attempts().next().is_none()
            && self.recorder.rows.follow_ups.is_empty()
            && self.executors.iter().all(Executor::is_quiet)
    }
}

fn plan_of(action: &ActionKey) -> usize {
    usize::try_from(action.run.0 - 1).expect("runs are counted from 1")
}
