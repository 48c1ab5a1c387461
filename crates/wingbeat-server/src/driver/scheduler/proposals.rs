//! Who is next: claims are proposed, kept until they are decided, and taken back.

use wingbeat_model::{ActionKey, QueueName, SessionId, ShareKey, Timestamp};

use super::lanes::Lane;
use super::machines::Holding;
use super::{Proposal, Ready, RunLoad, Scheduler};

/// How far a lane looks past actions that fit nowhere now, so that one large request does not block small ones.
const LOOK_PAST: usize = 16;

impl Scheduler {
    /// The time at which a retry's backoff ends next.
    pub(in crate::driver) fn next_backoff(&self) -> Option<Timestamp> {
        self.backing_off.first().map(|(at, _)| *at)
    }

    /// Proposes claims, at most `limit`.
    pub(in crate::driver) fn propose(&mut self, now: Timestamp, limit: usize) -> Vec<Proposal> {
        self.shares.advance(now);
        while self.next_backoff().is_some_and(|at| at <= now) {
            let Some((_, key)) = self.backing_off.pop_first() else { break };
            self.enter_lane(&key);
        }
        let mut proposals = Vec::new();
        for priority in self.lanes.priorities() {
            self.propose_of_class(priority, limit, &mut proposals);
        }
        self.lanes.tidy();
        proposals
    }

    fn propose_of_class(&mut self, priority: i32, limit: usize, proposals: &mut Vec<Proposal>) {
        let mut stuck: Vec<(ShareKey, Lane)> = Vec::new();
        while proposals.len() < limit && self.machines.any_slot() {
            let Some(project) =
                self.lanes.projects(priority).min_by_key(|project| self.shares.standing(project)).cloned()
            else {
                break;
            };
            let Some(lane) = self.lanes.next(priority, &project) else { break };
            let proposal = self.propose_of(&lane, &project);
            let has_more = self.runs.get(&lane.0).is_some_and(|load| load.ready.contains_key(&lane.1));
            match (proposal, has_more) {
                (None, true) => stuck.push((project, lane)),
                (None, false) => self.lanes.leave(&lane),
                (Some(proposal), more) => {
                    proposals.push(proposal);
                    if more {
                        self.lanes.put_back(priority, &project, lane, false);
                    } else {
                        self.lanes.leave(&lane);
                    }
                }
            }
        }
        for (project, lane) in stuck.into_iter().rev() {
            self.lanes.put_back(priority, &project, lane, true);
        }
    }

    fn propose_of(&mut self, lane: &Lane, project: &ShareKey) -> Option<Proposal> {
        let load = self.runs.get(&lane.0)?;
        if !load.places.has_one() || self.closed(&lane.1).is_some() {
            return None;
        }
        let candidates = load.ready.get(&lane.1)?.iter().take(LOOK_PAST);
        let (action, session) = candidates.into_iter().find_map(|order| {
            let ready = self.ready.get(&order.3)?;
            Some((order.3.clone(), self.machines.place_for(ready.wanted())?))
        })?;
        let ready = self.remove_ready(&action)?;
        Some(self.promise(ready, session, project))
    }

    /// Keeps a place until the claim is decided.
    pub(super) fn promise(&mut self, ready: Ready, session: SessionId, project: &ShareKey) -> Proposal {
        let action = ready.order.3.clone();
        if let Some(load) = self.runs.get_mut(&action.run) {
            load.places.proposed += 1;
        }
        if let Some(load) = self.queues.get_mut(&ready.queue) {
            load.places.proposed += 1;
        }
        self.machines.charge(&promised_to(&ready, &session));
        self.machines.count_process(&session, true);
        self.shares.claim(project);
        self.proposed.insert(action.clone(), (ready, session.clone()));
        Proposal { action, session }
    }

    /// A proposed claim was refused; `again`: it goes on waiting. Otherwise the action's row speaks.
    pub(in crate::driver) fn refused(&mut self, action: &ActionKey, again: bool) {
        let ready = self.settle(action).filter(|_| again);
        if let Some(ready) = ready {
            self.add_ready(ready);
        }
    }

    /// Takes a proposed claim back whose executor has more to do than it has places, and lets the action wait on.
    pub(in crate::driver) fn withdraw_if_crowded(&mut self, action: &ActionKey) -> bool {
        let promised = self.proposed.get(action);
        let crowded =
            promised.is_some_and(|(ready, session)| self.machines.is_crowded(session, &ready.resources));
        if crowded {
            self.refused(action, true);
        }
        crowded
    }

    /// A proposed claim is over: the row that was observed speaks from now on.
    pub(super) fn settle(&mut self, action: &ActionKey) -> Option<Ready> {
        let (ready, session) = self.proposed.remove(action)?;
        if let Some(load) = self.runs.get_mut(&action.run) {
            load.places.proposed = load.places.proposed.saturating_sub(1);
        }
        if let Some(load) = self.queues.get_mut(&ready.queue) {
            load.places.proposed = load.places.proposed.saturating_sub(1);
        }
        self.machines.release(&promised_to(&ready, &session));
        self.machines.count_process(&session, false);
        Some(ready)
    }

    pub(super) fn enter_lane(&mut self, key: &ActionKey) {
        let Some(ready) = self.ready.get(key) else { return };
        // A run's row comes before its actions; should it ever not, its actions must not wait for ever.
        let nobody = || RunLoad::of(ShareKey { org: "".into(), project: "".into() }, String::new());
        let load = self.runs.entry(key.run).or_insert_with(nobody);
        load.ready.entry(ready.queue.clone()).or_default().insert(ready.order.clone());
        let priority = self.queues.get(&ready.queue).map_or(0, |queue| queue.priority);
        if self.lanes.enter(priority, &load.project, (key.run, ready.queue.clone())) {
            self.shares.wake(&load.project);
        }
    }

    /// Why a queue starts nothing now, if it does not.
    pub(super) fn closed(&self, name: &QueueName) -> Option<String> {
        let queue = self.queues.get(name)?;
        if queue.deleted {
            return Some(format!("queue `{name}` was deleted; make it again, or abort the run"));
        }
        if queue.paused {
            return Some(format!("queue `{name}` is paused"));
        }
        let cap = queue.places.cap.unwrap_or_default();
        (!queue.places.has_one())
            .then(|| format!("queue `{name}` is at its cap {}/{cap}", queue.places.running))
    }
}

/// What a claim will hold if it is accepted.
pub(super) fn promised_to(ready: &Ready, session: &SessionId) -> Holding {
    let (session, resources) = (session.clone(), ready.resources);
    Holding { session, attempt: 0, parent: None, resources, live_children: 0 }
}
