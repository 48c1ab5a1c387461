//! A task, a platform that loses, repeats and reorders, and the state machine between them, by a seed.
//!
//! What must hold, however bad the weather: every caller gets exactly one answer, and the right one; no child runs
//! twice; bounds are kept; and nobody's child lives on after the task.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{Rng as _, SeedableRng as _};

use super::event::{Answer, Ask, Completion, Effect, EndPhase, Event, Name, Ticket, Timer, Update, WatchEnd};
use super::{Core, Limits};

const LIMITS: Limits = Limits { children: 7, launches: 3 };
const N_CHILDREN: u64 = 40;

/// A watch that is lost for ever before its snapshot has ended tells nothing.
const MOST_LOSSES: u32 = 30;

#[derive(Default)]
struct Child {
    ended: bool,
    aborted: bool,
}

/// The platform: durable children, one watch, and news on their way to it.
struct World {
    rng: StdRng,
    core: Core,
    children: BTreeMap<Name, Child>,
    is_watched: bool,
    /// Of the watch that is open, or was.
    watch_number: u64,
    losses: u32,
    /// Snapshots' timers, each with the number of the watch that it was set for.
    snapshot_timers: Vec<(u64, Timer)>,
    /// Events that the driver will hand over, in any order.
    pending: Vec<Event>,
    /// News of the open watch.
    news: Vec<Event>,
    answers: BTreeMap<Ticket, Completion>,
    dropped: BTreeSet<Ticket>,
    sent: BTreeSet<Name>,
}

impl World {
    fn new(seed: u64) -> Self {
        Self {
            rng: StdRng::seed_from_u64(seed),
            core: Core::new(LIMITS),
            children: BTreeMap::new(),
            is_watched: false,
            watch_number: 0,
            losses: 0,
            snapshot_timers: Vec::new(),
            pending: Vec::new(),
            news: Vec::new(),
            answers: BTreeMap::new(),
            dropped: BTreeSet::new(),
            sent: BTreeSet::new(),
        }
    }

    fn feed(&mut self, event: Event) {
        for effect in self.core.handle(event) {
            self.obey(effect);
        }
        let (children, launches) = self.core.launches.used();
        assert!(children <= LIMITS.children && launches <= LIMITS.launches, "{children} {launches}");
    }

    fn obey(&mut self, effect: Effect) {
        match effect {
            Effect::OpenWatch => self.open_watch(),
            Effect::CloseWatch => {
                self.is_watched = false;
                self.news.clear();
            }
            Effect::Prepare(name) => self.pending.push(Event::Prepared { name, result: Ok(()) }),
            Effect::Enqueue(name) => self.enqueue(name),
            Effect::Abort(name) => {
                // An abort may be lost, but never overtakes the call that made the child.
                let child = self.children.get_mut(&name);
                if let Some(child) = child.filter(|child| !child.ended) {
                    (child.ended, child.aborted) = (true, true);
                    self.tell(&name);
                }
            }
            Effect::Forget(_) | Effect::SetTimer { timer: Timer::Echo(_), .. } => {}
            Effect::SetTimer { timer: timer @ Timer::Snapshot(_), .. } => {
                self.snapshot_timers.push((self.watch_number, timer));
            }
            Effect::SetTimer { timer, .. } => self.pending.push(Event::TimerFired(timer)),
            Effect::Complete { ticket, completion } => {
                assert!(self.answers.insert(ticket, completion).is_none(), "{ticket:?} was answered twice");
            }
        }
    }

    fn open_watch(&mut self) {
        assert!(!self.is_watched, "one watch at a time");
        if self.rng.random_bool(0.3) {
            self.pending.push(Event::WatchEnded(WatchEnd::Lost("away".into())));
            return;
        }
        self.is_watched = true;
        self.watch_number += 1;
        self.news.push(Event::WatchOpened);
        // Platforms differ in whether they tell of what lives.
        let all: Vec<Name> = self.children.keys().cloned().collect();
        for name in all {
            self.tell(&name);
        }
        self.news.push(Event::SnapshotEnded);
    }

    fn enqueue(&mut self, name: Name) {
        let answer = match self.rng.random_range(0..10) {
            0 => Answer::Exhausted { hint: None },
            // The request is lost, or its answer is.
            1 => Answer::Unavailable { hint: None, message: "away".into() },
            kind => {
                if self.sent.insert(name.clone()) {
                    self.children.insert(name.clone(), Child::default());
                }
                if kind == 2 {
                    Answer::Unavailable { hint: None, message: "reset".into() }
                } else {
                    Answer::Accepted
                }
            }
        };
        self.pending.push(Event::Answered { name, answer });
    }

    /// News of a child goes to the watch: perhaps twice, perhaps not in order, and not at all while there is none.
    fn tell(&mut self, name: &Name) {
        let child = &self.children[name];
        let phase = if child.aborted { EndPhase::Aborted } else { EndPhase::Succeeded };
        let update = Update {
            name: name.clone(),
            ended: child.ended.then_some(phase),
            error: None,
            output_uri: if child.ended && !child.aborted { name.to_string() } else { String::new() },
            value: None,
        };
        for _ in 0..self.rng.random_range(1..3) {
            if self.is_watched {
                self.news.push(Event::Updated(update.clone()));
            }
        }
    }

    /// Lets one thing happen.
    fn step(&mut self) {
        match self.rng.random_range(0..20) {
            0 if self.is_watched && self.losses < MOST_LOSSES => {
                self.losses += 1;
                self.is_watched = false;
                self.news.clear();
                let end =
                    if self.rng.random_bool(0.5) { WatchEnd::Clean } else { WatchEnd::Lost("reset".into()) };
                self.feed(Event::WatchEnded(end));
            }
            1..=5 => self.end_one(),
            6 => self.end_a_snapshots_wait(),
            7..=12 => {
                // Of neighbouring news the later may come first.
                if self.news.len() > 2 && self.rng.random_bool(0.2) {
                    let end = self.news.len().min(4);
                    let updates_only =
                        self.news[..end].iter().all(|event| matches!(event, Event::Updated(_)));
                    if updates_only {
                        self.news[..end].shuffle(&mut self.rng);
                    }
                }
                if !self.news.is_empty() {
                    let event = self.news.remove(0);
                    self.feed(event);
                }
            }
            _ => {
                if !self.pending.is_empty() {
                    let ix = self.rng.random_range(0..self.pending.len());
                    let event = self.pending.swap_remove(ix);
                    self.feed(event);
                }
            }
        }
    }

    fn end_a_snapshots_wait(&mut self) {
        if self.snapshot_timers.is_empty() {
            return;
        }
        let ix = self.rng.random_range(0..self.snapshot_timers.len());
        let (watch, timer) = self.snapshot_timers.swap_remove(ix);
        let effects = self.core.handle(Event::TimerFired(timer));
        // What has not been heard of a watch that is gone may still be told by the next one.
        let is_current = self.is_watched && watch == self.watch_number;
        assert!(is_current || effects.is_empty(), "a timer of another watch had effects: {effects:?}");
        for effect in effects {
            self.obey(effect);
        }
    }

    fn end_one(&mut self) {
        let alive: Vec<Name> =
            self.children.iter().filter(|(_, child)| !child.ended).map(|(name, _)| name.clone()).collect();
        if alive.is_empty() {
            return;
        }
        let name = alive[self.rng.random_range(0..alive.len())].clone();
        self.children.get_mut(&name).expect("it was just listed").ended = true;
        self.tell(&name);
    }

    fn is_done(&self) -> bool {
        (0..N_CHILDREN).all(|ix| {
            let ticket = Ticket(ix);
            self.answers.contains_key(&ticket) || self.dropped.contains(&ticket)
        })
    }
}

fn name(ix: u64) -> Name {
    Arc::from(format!("c{ix}"))
}

fn run(seed: u64) {
    let mut world = World::new(seed);
    // An earlier attempt left some children behind.
    for ix in 0..N_CHILDREN / 4 {
        let ended = world.rng.random_bool(0.5);
        world.children.insert(name(ix), Child { ended, aborted: false });
        world.sent.insert(name(ix));
    }
    for ix in 0..N_CHILDREN {
        world.feed(Event::Asked { ticket: Ticket(ix), name: name(ix), ask: Ask::Child });
        if world.rng.random_bool(0.3) {
            world.step();
        }
    }
    let mut steps = 0;
    while !world.is_done() {
        steps += 1;
        assert!(steps < 100_000, "seed {seed}: somebody waits for ever");
        if steps < 200 && world.rng.random_bool(0.02) {
            let ticket = Ticket(world.rng.random_range(0..N_CHILDREN));
            if !world.answers.contains_key(&ticket) && world.dropped.insert(ticket) {
                world.feed(Event::Dropped(ticket));
            }
        }
        world.step();
    }
    for (ticket, completion) in &world.answers {
        let Completion::Ended(end) = completion else { panic!("seed {seed}: {ticket:?} got {completion:?}") };
        assert!(!world.dropped.contains(ticket), "seed {seed}: {ticket:?} did not wait any more");
        let want = name(ticket.0);
        assert_eq!((end.phase, end.output_uri.as_str()), (EndPhase::Succeeded, &*want), "seed {seed}");
    }
    world.feed(Event::Finished);
    // What was on its way is answered; then nothing may be left alive.
    while let Some(ix) = world.pending.iter().position(|event| matches!(event, Event::Answered { .. })) {
        let event = world.pending.swap_remove(ix);
        world.feed(event);
    }
    let alive: Vec<_> =
        world.children.iter().filter(|(_, child)| !child.ended).map(|(name, _)| name).collect();
    assert!(alive.is_empty(), "seed {seed}: {alive:?} live on");
}

#[test]
fn every_caller_gets_the_right_answer_in_any_weather() {
    for seed in 0..300 {
        run(seed);
    }
}
