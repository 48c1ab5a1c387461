//! A server in one struct: all that it keeps besides the store's rows, and so all that a crash loses.

use std::collections::{BTreeMap, VecDeque};

use rand::Rng;
use rand::rngs::StdRng;
use wingbeat_engine::{Batch, Command, Decided, Effect, resume, wake_at};
use wingbeat_model::{ActionKey, Changes, SessionId, State, Timestamp};

use super::network::{Asker, Message};
use crate::Recorder;

/// What happens to a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is written and acknowledged.
    Fine,
    /// The server dies before anything is written.
    CrashBefore,
    /// The server dies when everything is written and nobody knows.
    CrashAfter,
    /// The store refuses; nothing is written.
    Refused,
}

#[derive(Debug, Default)]
pub(super) struct Server {
    queue: VecDeque<(Asker, Command)>,
    timers: BTreeMap<ActionKey, Timestamp>,
}

impl Server {
    /// Begins on what the store holds.
    pub(super) fn boot(recorder: &Recorder) -> Self {
        let mut server = Self::default();
        recorder.live_actions().for_each(|action| server.observe(action));
        for work in &recorder.rows.follow_ups {
            server.queue.push_back((Asker::Nobody, Command::FollowUp(work.clone())));
        }
        server
    }

    fn observe(&mut self, action: &wingbeat_model::Action) {
        match wake_at(action) {
            Some(at) => self.timers.insert(action.key.clone(), at),
            None => self.timers.remove(&action.key),
        };
    }

    pub(super) fn accept(&mut self, from: Asker, command: Command) {
        self.queue.push_back((from, command));
    }

    pub(super) fn is_idle(&self) -> bool {
        self.queue.is_empty()
    }

    /// Queues what time calls for. A timer fires once: only a changed row sets it again.
    pub(super) fn take_due(&mut self, now: Timestamp) {
        let due: Vec<ActionKey> =
            self.timers.iter().filter(|(_, at)| **at <= now).map(|(key, _)| key.clone()).collect();
        for key in due {
            self.timers.remove(&key);
            self.queue.push_back((Asker::Nobody, Command::Wake(key)));
        }
    }

    /// Offers queued actions to sessions.
    pub(super) fn schedule(&mut self, recorder: &Recorder, rng: &mut StdRng, now: Timestamp) {
        let sessions: Vec<&SessionId> = recorder.open_sessions().map(|session| &session.id).collect();
        if sessions.is_empty() {
            return;
        }
        for action in recorder.live_actions() {
            let ready = matches!(action.state, State::Queued { not_before, .. } if not_before <= now);
            if ready && rng.random_bool(0.7) {
                let session = sessions[rng.random_range(0..sessions.len())].clone();
                let claim = Command::Claim { action: action.key.clone(), session };
                self.queue.push_back((Asker::Nobody, claim));
            }
        }
    }

    /// Commits some of what waits. `None`: the server died.
    pub(super) fn commit(
        mut self,
        recorder: &mut Recorder,
        (now, fate, most): (Timestamp, Fate, usize),
        net: &mut Vec<Message>,
    ) -> Option<Self> {
        let taken: Vec<(Asker, Command)> = self.queue.drain(..most.min(self.queue.len())).collect();
        match fate {
            Fate::CrashBefore => return None,
            Fate::Refused => {
                // Who asked is told nothing and asks again; the server's own work is kept.
                let own = taken.into_iter().filter(|(asker, _)| *asker == Asker::Nobody);
                self.queue.extend(own);
                return Some(self);
            }
            Fate::Fine | Fate::CrashAfter => {}
        }
        let commands = taken.iter().map(|(_, command)| command.clone()).collect();
        let decided = recorder.commit(Batch::new(commands, now));
        if fate == Fate::CrashAfter {
            return None;
        }
        self.follow(recorder, taken, decided, net);
        Some(self)
    }

    fn follow(
        &mut self,
        recorder: &Recorder,
        taken: Vec<(Asker, Command)>,
        decided: Decided,
        net: &mut Vec<Message>,
    ) {
        let Decided { replies, effects, changes } = decided;
        let Changes { actions, .. } = changes;
        for action in &actions {
            self.observe(action);
        }
        for ((asker, _), reply) in taken.into_iter().zip(replies) {
            if let (Asker::Connect { session, .. }, Ok(_)) = (&asker, &reply) {
                net.extend(resumed(recorder, session));
            }
            if asker != Asker::Nobody {
                net.push(Message::Answer { to: asker, reply });
            }
        }
        for effect in effects {
            match effect {
                Effect::FollowUp(work) => self.queue.push_back((Asker::Nobody, Command::FollowUp(work))),
                Effect::Assign { ref session, .. } | Effect::Stop { ref session, .. } => {
                    net.push(Message::Order { to: session.clone(), effect });
                }
                Effect::ConditionCreated(_) => {}
            }
        }
    }
}

/// What an executor is told when its stream opens.
fn resumed(recorder: &Recorder, session: &SessionId) -> Vec<Message> {
    let held = recorder.held_attempts().filter(|attempt| attempt.session == *session);
    let effects = held.filter_map(|attempt| {
        let action = recorder.rows.actions.get(&attempt.key.action)?;
        resume(action, attempt)
    });
    effects.map(|effect| Message::Order { to: session.clone(), effect }).collect()
}
