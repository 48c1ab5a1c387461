//! Claims in the transaction that gives their reason: an action that would have its place at once is made and given away in
//! one, and a place is given on by the one that frees it.

use std::cmp::Reverse;
use std::collections::BTreeMap;

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
        let before = if is_plain { self.foresee(commands.clone()) } else { Vec::new() };
        let mut proposals = if before.is_empty() { Vec::new() } else { self.propose(now, before.len()) };
        proposals.extend(self.propose_made(commands, now));
        // Until their rows say so they are where they were.
        for (key, holding) in before {
            self.release(&key);
            self.hold(key, holding);
        }
        proposals
    }

    /// Takes those out of their places who are about to end, and brings parents back whose last children they are: one of
    /// them may have waited itself, and leaves no place to its parent. Returns what was changed, as it was.
    fn foresee<'a>(&mut self, commands: impl Iterator<Item = &'a Command>) -> Vec<(ActionKey, Holding)> {
        let mut before = Vec::new();
        let mut ended_children: BTreeMap<ActionKey, u32> = BTreeMap::new();
        for report in commands.filter_map(end) {
            let key = &report.attempt.action;
            let Some(holding) = self.holdings.get(key).filter(|held| held.is_of(report)).cloned() else {
                continue;
            };
            if let Some(parent) = parent_of(key, &holding) {
                *ended_children.entry(parent).or_default() += 1;
            }
            self.release(key);
            before.push((key.clone(), holding));
        }
        for (parent, ended) in ended_children {
            let returns = |holding: &&Holding| holding.waits_for_children() && holding.live_children <= ended;
            let Some(holding) = self.holdings.get(&parent).filter(returns).cloned() else { continue };
            self.release(&parent);
            self.hold(parent.clone(), Holding { live_children: 0, ..holding.clone() });
            before.push((parent, holding));
        }
        before
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
