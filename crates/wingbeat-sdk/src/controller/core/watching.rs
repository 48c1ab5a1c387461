//! What the state machine does about its watch, its timers, and its end.

use super::event::{Ask, Completion, Effect, Name, Timer, WatchEnd};
use super::pace::{self, AFTER_CLEAN_END, MOST_WATCH_FAILURES, SNAPSHOT_PATIENCE};
use super::{Core, Stage, Watch};
use crate::error::TaskError;

/// Code of a task whose watch on its children could not be kept up; the stock SDK's.
const WATCH_FAILED: &str = "InformerWatchFailure";
/// Code of a call that came after the task's end, or was cut off by it.
const FINISHED: &str = "TaskFinished";

impl Core {
    pub(super) fn watch_opened(&mut self) {
        if !self.is_ready {
            self.heard = false;
            self.snapshot_wait += 1;
            let timer = Timer::Snapshot(self.snapshot_wait);
            self.effects.push(Effect::SetTimer { timer, after: SNAPSHOT_PATIENCE });
        }
    }

    pub(super) fn snapshot_ended(&mut self) {
        (self.watch_failures, self.heard) = (0, true);
        self.become_ready();
    }

    /// What is known by now has to do: those who asked early are served.
    fn become_ready(&mut self) {
        if self.is_ready || self.over.is_some() {
            return;
        }
        self.is_ready = true;
        for (ticket, name, ask) in std::mem::take(&mut self.early) {
            self.serve(ticket, name, ask);
        }
    }

    pub(super) fn watch_ended(&mut self, end: WatchEnd) {
        if self.watch != Watch::Open {
            return;
        }
        // Silence says that a snapshot is complete only while it could be heard.
        self.snapshot_wait += 1;
        let (what, after) = match end {
            WatchEnd::Clean => (None, AFTER_CLEAN_END),
            WatchEnd::Lost(what) => (Some(what), pace::before_reconnect(self.watch_failures)),
            WatchEnd::Refused(what) => {
                self.watch_failures = MOST_WATCH_FAILURES;
                (Some(what), AFTER_CLEAN_END)
            }
        };
        match what {
            Some(what) if self.watch_failures >= MOST_WATCH_FAILURES => {
                self.watch = Watch::Over;
                let message = format!("the platform cannot be watched for this task's children: {what}");
                self.close(TaskError::system(WATCH_FAILED, message));
            }
            what => {
                self.watch_failures += u32::from(what.is_some());
                self.watch = Watch::Waiting;
                self.effects.push(Effect::SetTimer { timer: Timer::Reconnect, after });
            }
        }
    }

    pub(super) fn timer_fired(&mut self, timer: Timer) {
        match timer {
            Timer::Snapshot(wait) if wait != self.snapshot_wait || self.is_ready => {}
            Timer::Snapshot(_) if self.heard => self.watch_opened(),
            Timer::Snapshot(_) => self.become_ready(),
            Timer::Reconnect if self.watch == Watch::Waiting => {
                self.watch = Watch::Open;
                self.effects.push(Effect::OpenWatch);
            }
            Timer::Reconnect => {}
            Timer::Retry(name) => {
                let action = self.actions.get(&name);
                if action.is_some_and(|action| action.stage == Stage::BackingOff) {
                    self.launches.push_ready(name);
                }
            }
            Timer::Echo(name) => {
                let Some(action) = self.actions.get_mut(&name) else { return };
                if action.stage == Stage::Started {
                    let recorded = action.take_waiters(Ask::Record);
                    self.complete(recorded, &Completion::Accepted);
                }
            }
        }
    }

    /// The task has ended: nobody waits any more, and its children must not run on.
    pub(super) fn finished(&mut self) {
        if matches!(self.watch, Watch::Open | Watch::Waiting) {
            self.effects.push(Effect::CloseWatch);
        }
        self.watch = Watch::Over;
        let message = "the task has ended; it can ask for nothing any more";
        self.close(TaskError::system(FINISHED, message));
        let alive = |name: &Name| {
            let action = &self.actions[name];
            action.ask == Ask::Child && action.end.is_none() && action.stage != Stage::Abandoned
        };
        let alive: Vec<Name> = self.actions.keys().filter(|name| alive(name)).cloned().collect();
        for name in alive {
            self.abandon(&name);
        }
    }

    /// Nothing can be asked any more: everybody who waits is told why.
    fn close(&mut self, error: TaskError) {
        let completion = Completion::Failed(error.clone());
        self.over = Some(error);
        for (ticket, name, _) in std::mem::take(&mut self.early) {
            self.effects.push(Effect::Forget(name));
            self.effects.push(Effect::Complete { ticket, completion: completion.clone() });
        }
        let mut waiters = Vec::new();
        for action in self.actions.values_mut() {
            waiters.append(&mut action.waiters);
        }
        self.complete(waiters, &completion);
    }
}
