//! Claims in the transaction that gives their reason: an action that would have its place at once is made and given away in
//! one, and a place is given on by the one that frees it.

use std::cmp::Reverse;
use std::collections::HashMap;

use wingbeat_engine::{Command, NewAction, NewBody, Report, ReportKind};
use wingbeat_model::{ActionKey, QueueName, Run, RunId, ShareKey, Timestamp};

use super::machines::Holding;
use super::{Proposal, Ready, Scheduler, project_of};

impl Scheduler {
    /// Proposes claims for what `commands` make, and for the places that they free.
    pub(in crate::driver) fn propose_ahead<'a>(
        &mut self,
        commands: impl Iterator<Item = &'a Command> + Clone,
        now: Timestamp,
    ) -> Vec<Proposal> {
        // Anything else may end children, and so bring parents back to their places.
        let is_plain = commands.clone().all(|command| {
            matches!(
                command,
                Command::CreateRun(_) | Command::Enqueue(_) | Command::Claim { .. } | Command::Report(_)
            )
        });
        let left = if is_plain { self.leave(commands.clone()) } else { Vec::new() };
        let mut proposals = if left.is_empty() { Vec::new() } else { self.propose(now, left.len()) };
        proposals.extend(self.propose_made(commands, now));
        // Until their rows say so they are where they were.
        for (key, holding) in left {
            self.hold(key, holding);
        }
        proposals
    }

    /// Takes those out of their places who are about to end. A parent takes its own back with its last child's end.
    fn leave<'a>(&mut self, commands: impl Iterator<Item = &'a Command>) -> Vec<(ActionKey, Holding)> {
        let mut ends: Vec<&ActionKey> = Vec::new();
        let mut ended_children: HashMap<ActionKey, u32> = HashMap::new();
        for report in commands.filter_map(end) {
            let key = &report.attempt.action;
            let Some(holding) = self.holdings.get(key).filter(|held| held.is_of(report)) else { continue };
            ends.push(key);
            if let Some(parent) = parent_of(key, holding) {
                *ended_children.entry(parent).or_default() += 1;
            }
        }
        let mut left = Vec::new();
        for key in ends {
            let Some(holding) = self.holdings.get(key) else { continue };
            let parent = parent_of(key, holding);
            let returns = parent.is_some_and(|parent| {
                let ended = ended_children.get(&parent).copied().unwrap_or_default();
                self.holdings.get(&parent).is_some_and(|held| held.live_children <= ended)
            });
            if !returns {
                left.push((key.clone(), holding.clone()));
                self.release(key);
            }
        }
        left
    }

    /// Nobody is passed over: there are none while anything waits for a place, or if the places are not enough for all.
    fn propose_made<'a>(
        &mut self,
        commands: impl Iterator<Item = &'a Command> + Clone,
        now: Timestamp,
    ) -> Vec<Proposal> {
        let made = commands.filter_map(made_by);
        let free = self.machines.free_slots();
        let count = made.clone().take(free + 1).count();
        if count == 0 || count > free || self.lanes.any() {
            return Vec::new();
        }
        self.shares.advance(now);
        made.filter_map(|(new, run)| self.propose_new(new, run, now)).collect()
    }

    fn propose_new(&mut self, new: &NewAction, run: Option<&Run>, now: Timestamp) -> Option<Proposal> {
        let NewBody::Task { queue, priority, resources, .. } = &new.body else { return None };
        if self.knows(&new.key) {
            return None;
        }
        let (project, default_queue) = self.home(new.key.run, run)?;
        let queue = self.known(QueueName::of(if queue.is_empty() { &default_queue } else { queue }));
        if self.closed(&queue).is_some() {
            return None;
        }
        // How deep it is matters for its turn, and it has that now.
        let depth = u32::from(new.parent.is_some());
        let order = (Reverse(*priority), Reverse(depth), now, new.key.clone());
        let ready = Ready { order, resources: *resources, queue, not_before: now };
        let session = self.machines.place_for(ready.wanted())?;
        self.shares.wake(&project);
        Some(self.promise(ready, session, &project))
    }

    fn knows(&self, key: &ActionKey) -> bool {
        self.ready.contains_key(key) || self.holdings.contains_key(key) || self.proposed.contains_key(key)
    }

    /// The project of a run that has a place to give, and the queue of its actions that name none.
    fn home(&self, id: RunId, new: Option<&Run>) -> Option<(ShareKey, String)> {
        if let Some(run) = new {
            return Some((project_of(run), run.queue.clone()));
        }
        let load = self.runs.get(&id).filter(|load| load.places.has_one())?;
        Some((load.project.clone(), load.queue.clone()))
    }
}

/// The task that a command makes, and its run if that is new too.
fn made_by(command: &Command) -> Option<(&NewAction, Option<&Run>)> {
    let (new, run) = if let Command::CreateRun(new) = command {
        (&new.root, Some(&new.run))
    } else if let Command::Enqueue(new) = command {
        (&**new, None)
    } else {
        return None;
    };
    matches!(new.body, NewBody::Task { .. }).then_some((new, run))
}

/// What an attempt says at its end.
fn end(command: &Command) -> Option<&Report> {
    let Command::Report(report) = command else { return None };
    (!matches!(report.kind, ReportKind::Started { .. })).then_some(report)
}

fn parent_of(key: &ActionKey, holding: &Holding) -> Option<ActionKey> {
    Some(ActionKey { run: key.run, name: holding.parent.clone()? })
}

impl Holding {
    fn is_of(&self, report: &Report) -> bool {
        self.attempt == report.attempt.attempt && self.session == report.session
    }
}
