//! The heart of the remote controller: which child is sent, joined, awaited, repeated or aborted, and when.
//!
//! A pure state machine: no clock, no I/O, no randomness, no async. Events go in by [`Core::handle`], effects come out.
//! What it rests on: names are deterministic and Enqueue is idempotent by name, so sending again is always safe; the
//! watch tells everything at least once, in any order, and begins with a snapshot. A final phase is final.

pub(crate) mod event;
mod launches;
mod pace;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
mod watching;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use self::event::{Answer, Ask, Completion, Effect, End, Event, Name, Ticket, Timer, Update};
use self::launches::Launches;
pub(crate) use self::launches::Limits;
use self::pace::{ECHO_PATIENCE, MOST_FAILURES};
use crate::error::TaskError;

/// Code of a child that could not be sent.
const ENQUEUE_FAILED: &str = "EnqueueFailed";

/// How far an action has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Only the watch has told of it.
    Heard,
    /// It waits for a place.
    Waiting,
    /// Its files are being written.
    Preparing,
    /// The platform is being told.
    Calling,
    /// The platform could not be told; it will be again.
    BackingOff,
    /// The platform has it.
    Started,
    /// Nobody waits for it any more, and the platform was told so if it may have it.
    Abandoned,
}

#[derive(Debug)]
struct Action {
    ask: Ask,
    stage: Stage,
    /// The last place of outputs that was told; an update without one does not erase it.
    output_uri: String,
    end: Option<Arc<End>>,
    waiters: Vec<(Ticket, Ask)>,
    /// Answers that bade to come again, one after another.
    tries: u32,
    /// Those of them that count.
    failures: u32,
    /// It holds a place among the children.
    counted: bool,
    progress: Progress,
    /// The watch has told of it since it was sent.
    echoed: bool,
}

/// What was done for an action, whatever became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Progress {
    Nothing,
    /// Its files are written.
    Prepared,
    /// It was sent: the platform may have it.
    Sent,
}

/// State of the watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Watch {
    /// Nobody has asked for anything yet.
    Closed,
    /// It is connected, or about to be.
    Open,
    /// It was lost and will be opened again.
    Waiting,
    /// It is over for good.
    Over,
}

/// The children, steps and conditions of one attempt of one task.
#[derive(Debug)]
pub(crate) struct Core {
    /// Ordered, so that the same events give the same effects.
    actions: BTreeMap<Name, Action>,
    tickets: HashMap<Ticket, Name>,
    launches: Launches,
    watch: Watch,
    watch_failures: u32,
    /// The first snapshot has ended, or was waited for long enough.
    is_ready: bool,
    /// Something came since the snapshot's timer was set.
    heard: bool,
    /// The number of the snapshot's timer that counts; no timer has it while nothing is connected.
    snapshot_wait: u64,
    /// Asked before the first snapshot had ended.
    early: Vec<(Ticket, Name, Ask)>,
    /// Why nothing can be asked any more.
    over: Option<TaskError>,
    effects: Vec<Effect>,
}

impl Core {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            actions: BTreeMap::new(),
            tickets: HashMap::new(),
            launches: Launches::new(limits),
            watch: Watch::Closed,
            watch_failures: 0,
            is_ready: false,
            heard: false,
            snapshot_wait: 0,
            early: Vec::new(),
            over: None,
            effects: Vec::new(),
        }
    }

    /// Takes one event and says what has to be done, in this order.
    pub(crate) fn handle(&mut self, event: Event) -> Vec<Effect> {
        match event {
            Event::Asked { ticket, name, ask } => self.asked(ticket, name, ask),
            Event::Dropped(ticket) => self.dropped(ticket),
            Event::Prepared { name, result } => self.prepared(&name, result),
            Event::Answered { name, answer } => self.answered(&name, answer),
            Event::WatchOpened => self.watch_opened(),
            Event::Updated(update) => self.updated(update),
            Event::SnapshotEnded => self.snapshot_ended(),
            Event::WatchEnded(end) => self.watch_ended(end),
            Event::TimerFired(timer) => self.timer_fired(timer),
            Event::Finished => self.finished(),
        }
        self.launch();
        std::mem::take(&mut self.effects)
    }

    fn asked(&mut self, ticket: Ticket, name: Name, ask: Ask) {
        if let Some(error) = &self.over {
            let completion = Completion::Failed(error.clone());
            self.effects.push(Effect::Complete { ticket, completion });
            return;
        }
        if self.watch == Watch::Closed {
            self.watch = Watch::Open;
            self.effects.push(Effect::OpenWatch);
        }
        if self.is_ready { self.serve(ticket, name, ask) } else { self.early.push((ticket, name, ask)) }
    }

    /// Answers from what is known, or makes the caller wait.
    fn serve(&mut self, ticket: Ticket, name: Name, ask: Ask) {
        let known = self.actions.get(&name);
        let end = known.and_then(|action| action.end.clone());
        let completion = match (ask, end) {
            (Ask::Child | Ask::Value | Ask::Recorded, Some(end)) => Some(Completion::Ended(end)),
            (Ask::Open, _) if known.is_some_and(Action::has_started) => Some(Completion::Accepted),
            (Ask::Recorded, None) => Some(Completion::Unknown),
            (Ask::Child | Ask::Value | Ask::Record | Ask::Open, _) => None,
        };
        if let Some(completion) = completion {
            self.effects.push(Effect::Forget(name));
            self.effects.push(Effect::Complete { ticket, completion });
            return;
        }
        self.tickets.insert(ticket, name.clone());
        let action = self.actions.entry(name.clone()).or_insert_with(|| Action::new(ask));
        action.waiters.push((ticket, ask));
        // A step is recorded anew even where an earlier attempt did: it was run again because of how that ended.
        let begins = match ask {
            Ask::Record => matches!(action.stage, Stage::Heard | Stage::Started),
            Ask::Child | Ask::Open => !action.has_started() && action.stage == Stage::Heard,
            Ask::Recorded | Ask::Value => false,
        };
        if !matches!(ask, Ask::Recorded | Ask::Value) {
            action.ask = ask;
        }
        if begins {
            action.stage = Stage::Waiting;
            if ask == Ask::Child { self.launches.push_child(name) } else { self.launches.push_ready(name) }
        }
    }

    /// Sends what there are places for.
    fn launch(&mut self) {
        if self.over.is_some() {
            return;
        }
        while let Some((name, counted)) = self.launches.next() {
            let wanted = self.actions.get_mut(&name);
            let wanted = wanted.filter(|action| matches!(action.stage, Stage::Waiting | Stage::BackingOff));
            let Some(action) = wanted else {
                self.launches.launch_ended();
                if counted {
                    self.launches.child_ended();
                }
                continue;
            };
            action.counted |= counted;
            if action.progress >= Progress::Prepared {
                action.call(&mut self.effects, name);
            } else {
                action.stage = Stage::Preparing;
                self.effects.push(Effect::Prepare(name));
            }
        }
    }

    fn prepared(&mut self, name: &Name, result: Result<(), TaskError>) {
        let action = self.actions.get_mut(name).filter(|action| action.stage == Stage::Preparing);
        match (action, result) {
            (Some(action), Ok(())) => {
                action.progress = Progress::Prepared;
                action.call(&mut self.effects, name.clone());
            }
            (Some(_), Err(error)) => {
                self.launches.launch_ended();
                self.fail(name, &error);
            }
            // It ended meanwhile, or nobody waits any more.
            (None, _) => self.launches.launch_ended(),
        }
    }

    fn answered(&mut self, name: &Name, answer: Answer) {
        self.launches.launch_ended();
        let Some(action) = self.actions.get_mut(name) else { return };
        let may_have_it = matches!(answer, Answer::Accepted | Answer::Unavailable { .. });
        if action.stage == Stage::Calling {
            self.answered_in_time(name, answer);
        } else if action.stage == Stage::Abandoned && action.end.is_none() && may_have_it {
            self.effects.push(Effect::Abort(name.clone()));
        }
    }

    fn answered_in_time(&mut self, name: &Name, answer: Answer) {
        let action = self.actions.get_mut(name).expect("the caller has just found it");
        match answer {
            Answer::Accepted => {
                action.stage = Stage::Started;
                action.tries = 0;
                self.accepted(name);
            }
            Answer::Exhausted { hint } => {
                action.stage = Stage::BackingOff;
                let after = pace::before_retry(action.tries, hint);
                action.tries += 1;
                self.effects.push(Effect::SetTimer { timer: Timer::Retry(name.clone()), after });
            }
            Answer::Unavailable { message, .. } if action.failures >= MOST_FAILURES => {
                let error = TaskError::system(ENQUEUE_FAILED, message);
                self.fail(name, &error);
            }
            Answer::Unavailable { hint, .. } => {
                action.stage = Stage::BackingOff;
                let after = pace::before_retry(action.tries, hint);
                (action.tries, action.failures) = (action.tries + 1, action.failures + 1);
                self.effects.push(Effect::SetTimer { timer: Timer::Retry(name.clone()), after });
            }
            Answer::Refused(error) => self.fail(name, &error),
        }
    }

    /// The platform has the action.
    fn accepted(&mut self, name: &Name) {
        self.effects.push(Effect::Forget(name.clone()));
        let action = self.actions.get_mut(name).expect("the caller has just found it");
        let opened = action.take_waiters(Ask::Open);
        self.complete(opened, &Completion::Accepted);
        let action = self.actions.get_mut(name).expect("completing removes no action");
        if action.ask == Ask::Record {
            let echo = action.end.clone().filter(|_| action.echoed);
            if let Some(end) = echo {
                let recorded = action.take_waiters(Ask::Record);
                self.complete(recorded, &Completion::Ended(end));
            } else {
                let timer = Timer::Echo(name.clone());
                self.effects.push(Effect::SetTimer { timer, after: ECHO_PATIENCE });
            }
        }
    }

    fn updated(&mut self, update: Update) {
        (self.watch_failures, self.heard) = (0, true);
        if self.over.is_some() {
            return;
        }
        let action = self.actions.entry(update.name.clone()).or_insert_with(|| Action::new(Ask::Recorded));
        action.echoed = true;
        if !update.output_uri.is_empty() {
            action.output_uri = update.output_uri;
        }
        let Some(phase) = update.ended else {
            self.heard_alive(&update.name);
            return;
        };
        let lacks_outputs =
            action.end.as_ref().is_some_and(|end| end.phase == phase && end.output_uri.is_empty());
        if action.end.is_none() || action.ask == Ask::Record || lacks_outputs {
            let output_uri = action.output_uri.clone();
            let (error, value) = (update.error, update.value);
            action.end = Some(Arc::new(End { phase, error, output_uri, value }));
        }
        self.ended(&update.name);
    }

    /// The platform has an action that lives: whoever told it, it need not be sent.
    fn heard_alive(&mut self, name: &Name) {
        let action = self.actions.get_mut(name).expect("the caller has just found it");
        if action.ask != Ask::Record && matches!(action.stage, Stage::Waiting | Stage::BackingOff) {
            action.stage = Stage::Started;
            self.accepted(name);
        }
    }

    /// An action has ended: everybody who waits for that is told.
    fn ended(&mut self, name: &Name) {
        let action = self.actions.get_mut(name).expect("the caller has just found it");
        let end = action.end.clone().expect("the caller has just set it");
        // What is told of a step may be what an earlier attempt recorded; only what the platform accepts is kept.
        if action.ask == Ask::Record && !matches!(action.stage, Stage::Heard | Stage::Started) {
            return;
        }
        action.stage = Stage::Started;
        if std::mem::take(&mut action.counted) {
            self.launches.child_ended();
        }
        let waiters = std::mem::take(&mut action.waiters);
        self.effects.push(Effect::Forget(name.clone()));
        let (opened, others): (Vec<_>, Vec<_>) = waiters.into_iter().partition(|(_, ask)| *ask == Ask::Open);
        self.complete(opened, &Completion::Accepted);
        self.complete(others, &Completion::Ended(end));
    }

    fn dropped(&mut self, ticket: Ticket) {
        if let Some(ix) = self.early.iter().position(|(waiting, ..)| *waiting == ticket) {
            let (_, name, _) = self.early.remove(ix);
            self.effects.push(Effect::Forget(name));
            return;
        }
        let Some(name) = self.tickets.remove(&ticket) else { return };
        let Some(action) = self.actions.get_mut(&name) else { return };
        action.waiters.retain(|(waiting, _)| *waiting != ticket);
        if action.waiters.is_empty() && action.ask == Ask::Child && action.end.is_none() {
            self.abandon(&name);
        }
    }

    /// Nobody waits for a child any more: it must not run on.
    fn abandon(&mut self, name: &Name) {
        let action = self.actions.get_mut(name).expect("the caller has just found it");
        // One that is just being sent is aborted when the call is over: an abort that overtakes it would be lost.
        if action.stage != Stage::Calling && (action.progress == Progress::Sent || action.echoed) {
            self.effects.push(Effect::Abort(name.clone()));
        }
        action.stage = Stage::Abandoned;
        if std::mem::take(&mut action.counted) {
            self.launches.child_ended();
        }
        self.effects.push(Effect::Forget(name.clone()));
    }

    /// An action will not be: everybody who waits is told why.
    fn fail(&mut self, name: &Name, error: &TaskError) {
        let Some(action) = self.actions.remove(name) else { return };
        if action.counted {
            self.launches.child_ended();
        }
        self.effects.push(Effect::Forget(name.clone()));
        self.complete(action.waiters, &Completion::Failed(error.clone()));
    }

    fn complete(&mut self, waiters: Vec<(Ticket, Ask)>, completion: &Completion) {
        for (ticket, _) in waiters {
            self.tickets.remove(&ticket);
            self.effects.push(Effect::Complete { ticket, completion: completion.clone() });
        }
    }
}

impl Action {
    fn new(ask: Ask) -> Self {
        Self {
            ask,
            stage: Stage::Heard,
            output_uri: String::new(),
            end: None,
            waiters: Vec::new(),
            tries: 0,
            failures: 0,
            counted: false,
            progress: Progress::Nothing,
            echoed: false,
        }
    }

    /// The platform is known to have it.
    fn has_started(&self) -> bool {
        self.stage == Stage::Started || (self.echoed && self.ask != Ask::Record)
    }

    fn call(&mut self, effects: &mut Vec<Effect>, name: Name) {
        self.stage = Stage::Calling;
        self.progress = Progress::Sent;
        // Only what is told from here on is an echo of this record.
        if self.ask == Ask::Record {
            self.echoed = false;
        }
        effects.push(Effect::Enqueue(name));
    }

    fn take_waiters(&mut self, wanted: Ask) -> Vec<(Ticket, Ask)> {
        let (taken, kept) =
            std::mem::take(&mut self.waiters).into_iter().partition(|(_, ask)| *ask == wanted);
        self.waiters = kept;
        taken
    }
}
