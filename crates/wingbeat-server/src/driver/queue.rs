//! Commands that wait for a transaction: in lanes, one per run, which are served in turn. So a run with thousands of
//! waiting commands delays a run with one by a turn, not by thousands. Within a run the order is that of arrival.
//!
//! It decides nothing but the order across runs; nothing is dropped here.

use std::collections::{HashMap, VecDeque};

use wingbeat_engine::Command;
use wingbeat_model::{FollowUpKind, RunId};

use super::Waiting;

/// Commands that a lane may send before the next one has its turn.
const TURN: usize = 16;

/// As many commands as a follow-up counts for.
const FOLLOW_UP: usize = 512;

/// Whose commands are kept in order. `None`: those that belong to no run, such as an executor's session.
type Lane = Option<RunId>;

/// See the module's text.
#[derive(Default)]
pub(super) struct Queue {
    /// Taken once and given back: they go first, in their old order.
    again: VecDeque<Waiting>,
    lanes: HashMap<Lane, VecDeque<Waiting>>,
    /// Every lane that holds something, once; the next in turn is the first.
    turns: VecDeque<Lane>,
    in_lanes: usize,
}

impl Queue {
    pub(super) fn len(&self) -> usize {
        self.again.len() + self.in_lanes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn push(&mut self, waiting: Waiting) {
        let lane = lane(&waiting.command);
        let waiting_there = self.lanes.entry(lane).or_default();
        if waiting_there.is_empty() {
            self.turns.push_back(lane);
        }
        waiting_there.push_back(waiting);
        self.in_lanes += 1;
    }

    /// The next commands, at most `most`; fewer when some of them change many rows.
    pub(super) fn take(&mut self, most: usize) -> Vec<Waiting> {
        let (mut taken, mut weight) = (Vec::new(), 0_usize);
        while weight < most
            && let Some(next) = self.again.pop_front()
        {
            weight = weight.saturating_add(weight_of(&next.command));
            taken.push(next);
        }
        while weight < most
            && let Some(lane) = self.turns.pop_front()
        {
            let Some(waiting) = self.lanes.get_mut(&lane) else { continue };
            for _ in 0..TURN {
                if weight >= most {
                    break;
                }
                let Some(next) = waiting.pop_front() else { break };
                weight = weight.saturating_add(weight_of(&next.command));
                taken.push(next);
                self.in_lanes -= 1;
            }
            if waiting.is_empty() {
                self.lanes.remove(&lane);
            } else {
                self.turns.push_back(lane);
            }
        }
        taken
    }

    /// Gives back what was taken and not carried out.
    pub(super) fn put_back(&mut self, taken: Vec<Waiting>) {
        taken.into_iter().rev().for_each(|waiting| self.again.push_front(waiting));
    }

    /// Forgets what nobody waits for.
    pub(super) fn keep_asked(&mut self) {
        let kept = self.take(usize::MAX).into_iter().filter(|waiting| waiting.answer.is_some());
        kept.collect::<Vec<_>>().into_iter().for_each(|waiting| self.push(waiting));
    }
}

/// A follow-up changes up to a thousand rows, so that only a few share a transaction.
const fn weight_of(command: &Command) -> usize {
    if matches!(command, Command::FollowUp(_)) { FOLLOW_UP } else { 1 }
}

fn lane(command: &Command) -> Lane {
    match command {
        Command::CreateRun(new) => Some(new.run.id),
        Command::Enqueue(new) => Some(new.key.run),
        Command::Claim { action, .. }
        | Command::Abort { action, .. }
        | Command::Signal { action, .. }
        | Command::Wake(action) => Some(action.run),
        Command::Report(report) => Some(report.attempt.action.run),
        Command::FollowUp(work) => match &work.kind {
            FollowUpKind::AbortChildren { parent, .. } => Some(parent.run),
            FollowUpKind::WakeCacheWaiters(_) | FollowUpKind::LoseSession(_) => None,
        },
        Command::StartSession(_)
        | Command::EndSession { .. }
        | Command::DrainExecutor(_)
        | Command::LeaveSession(_)
        | Command::PutQueue { .. }
        | Command::DeleteQueue(_)
        | Command::PutShare(_)
        | Command::CachePut { .. }
        | Command::CacheDelete { .. }
        | Command::Reserve { .. }
        | Command::ReleaseReservation { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use wingbeat_engine::Command;
    use wingbeat_model::{ActionKey, ActionName, FollowUp, FollowUpKind, RunId, SessionId};

    use super::{Queue, TURN};
    use crate::driver::Waiting;

    fn wake(run: i64, number: usize) -> Waiting {
        let name = ActionName::stored(&format!("c{number}"));
        Waiting { command: Command::Wake(ActionKey { run: RunId(run), name }), answer: None }
    }

    fn told(taken: &[Waiting]) -> Vec<(i64, String)> {
        let key = |waiting: &Waiting| {
            let Command::Wake(key) = &waiting.command else { panic!("only wakes were put in") };
            (key.run.0, key.name.as_str().to_owned())
        };
        taken.iter().map(key).collect()
    }

    #[test]
    fn a_run_of_one_waits_for_a_turn_and_not_for_a_run_of_thousands() {
        let mut queue = Queue::default();
        (0..5_000).for_each(|number| queue.push(wake(1, number)));
        queue.push(wake(2, 0));
        assert_eq!(queue.len(), 5_001);
        let taken = told(&queue.take(TURN + 1));
        assert_eq!(taken.last(), Some(&(2, "c0".to_owned())));
        assert_eq!(queue.len(), 5_000 - TURN);
    }

    #[test]
    fn the_order_within_a_run_is_that_of_arrival_and_nothing_is_lost() {
        let mut queue = Queue::default();
        for number in 0..100 {
            (1..=3).for_each(|run| queue.push(wake(run, number)));
        }
        let mut taken = Vec::new();
        while !queue.is_empty() {
            taken.extend(told(&queue.take(7)));
        }
        for run in 1..=3 {
            let order = taken.iter().filter(|(of, _)| *of == run).map(|(_, name)| name.clone());
            assert!(order.eq((0..100).map(|number| format!("c{number}"))), "run {run}");
        }
    }

    #[test]
    fn what_is_given_back_goes_first_and_in_its_old_order() {
        let mut queue = Queue::default();
        (0..4).for_each(|number| queue.push(wake(1, number)));
        let taken = queue.take(3);
        queue.put_back(taken);
        queue.push(wake(2, 0));
        let names: Vec<String> = told(&queue.take(10)).into_iter().map(|(_, name)| name).collect();
        assert_eq!(names, ["c0", "c1", "c2", "c3", "c0"]);
    }

    #[test]
    fn few_follow_ups_share_a_transaction() {
        let mut queue = Queue::default();
        for id in 0..10 {
            let work = FollowUp { id, kind: FollowUpKind::LoseSession(SessionId("s".into())) };
            queue.push(Waiting { command: Command::FollowUp(work), answer: None });
        }
        assert_eq!(queue.take(128).len(), 1, "one at least");
        assert_eq!(queue.take(1_024).len(), 2);
        assert_eq!(queue.len(), 7);
    }

    #[test]
    fn only_what_somebody_waits_for_is_kept() {
        let mut queue = Queue::default();
        queue.push(wake(1, 0));
        queue.push(Waiting { answer: Some((0, 0)), ..wake(1, 1) });
        queue.keep_asked();
        assert_eq!(told(&queue.take(10)), [(1, "c1".to_owned())]);
    }
}
