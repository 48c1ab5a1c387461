//! Says which rows a batch still has to see before it can be decided. Asks for nothing twice, and
//! for nothing that the batch itself is going to create.

use std::collections::{BTreeMap, BTreeSet};

use wingbeat_model::{
    ActionKey, ActionName, AttemptIdentity, AttemptKey, CacheKey, FollowUpKind, Loaded, Needs, QueueName,
    Run, RunId, SessionId,
};

use crate::{Command, NewAction, NewBody, admit};

/// Collects needs against what is loaded.
pub(crate) struct Wanted<'a> {
    loaded: &'a Loaded,
    new_runs: BTreeMap<RunId, &'a Run>,
    new_actions: BTreeMap<&'a ActionKey, &'a NewAction>,
    needs: Needs,
}

/// What has to be known of an action to know which rows its end touches.
struct Ties {
    parent: Option<ActionName>,
    attempts: u32,
    cache: Option<CacheKey>,
}

impl<'a> Wanted<'a> {
    /// What `commands` still need.
    pub(crate) fn of(commands: &'a [Command], loaded: &'a Loaded) -> Needs {
        let (mut new_runs, mut new_actions) = (BTreeMap::new(), BTreeMap::new());
        for command in commands {
            if let Command::CreateRun(new) = command {
                new_runs.insert(new.run.id, &new.run);
                new_actions.insert(&new.root.key, &new.root);
            }
            if let Command::Enqueue(new) = command {
                new_actions.entry(&new.key).or_insert(&**new);
            }
        }
        let mut wanted = Self { loaded, new_runs, new_actions, needs: Needs::default() };
        for command in commands {
            wanted.command(command);
        }
        wanted.queues();
        wanted.needs
    }

    fn command(&mut self, command: &'a Command) {
        match command {
            Command::CreateRun(new) => {
                missing(&mut self.needs.runs_by_key, &self.loaded.asked.runs_by_key, &new.run.key);
                if let Some((key, _)) = &new.replay {
                    missing(&mut self.needs.replays, &self.loaded.asked.replays, key);
                }
                self.cache_of(&new.run, &new.root);
            }
            Command::Enqueue(new) => self.enqueue(new),
            Command::Claim { action, session } => {
                self.run(action.run);
                self.action(action);
                self.session(session);
            }
            Command::Report(report) => {
                self.attempt(report.attempt.clone());
                self.ending(&report.attempt.action);
            }
            Command::Abort { action, caller, .. } => {
                self.caller(caller.as_ref());
                self.ending(action);
            }
            Command::Signal { action, .. } | Command::Wake(action) => self.ending(action),
            Command::StartSession(session) => {
                self.session(&session.id);
                self.sessions_of(&session.executor);
            }
            Command::LeaveSession(session) => {
                self.session(session);
                missing(&mut self.needs.held, &self.loaded.asked.held, session);
            }
            Command::DrainExecutor(executor) => self.sessions_of(executor),
            Command::EndSession { session, .. } => self.session(session),
            Command::PutQueue { name, .. } | Command::DeleteQueue(name) => self.queue(name),
            Command::PutShare(_) => (),
            Command::FollowUp(follow_up) => self.follow_up(&follow_up.kind),
            Command::CachePut { entry, .. } => self.cache(&entry.key),
            Command::CacheDelete { key, .. }
            | Command::Reserve { key, .. }
            | Command::ReleaseReservation { key, .. } => self.cache(key),
        }
    }

    /// The queues of all actions in sight: whatever becomes of one of them, its queue's counts may change.
    fn queues(&mut self) {
        let loaded = self.loaded.actions.values().map(wingbeat_model::Action::queue_name);
        let new = self.new_actions.values().filter_map(|new| {
            let NewBody::Task { queue, .. } = &new.body else { return None };
            let run =
                self.new_runs.get(&new.key.run).copied().or_else(|| self.loaded.runs.get(&new.key.run))?;
            Some(QueueName::of(if queue.is_empty() { &run.queue } else { queue }))
        });
        let wanted: BTreeSet<QueueName> = loaded.chain(new).collect();
        for name in wanted {
            self.queue(&name);
        }
    }

    fn sessions_of(&mut self, executor: &String) {
        missing(&mut self.needs.sessions_of, &self.loaded.asked.sessions_of, executor);
    }

    fn queue(&mut self, name: &QueueName) {
        missing(&mut self.needs.queues, &self.loaded.asked.queues, name);
    }

    fn enqueue(&mut self, new: &'a NewAction) {
        self.caller(new.caller.as_ref());
        // It may be there, and run again.
        self.ending(&new.key);
        if let Some(parent) = &new.parent {
            self.action(&ActionKey { run: new.key.run, name: parent.clone() });
        }
        let Some(run) = self.run(new.key.run) else { return };
        self.cache_of(run, new);
        if let Some(recovery) = &run.recovery {
            self.action(&ActionKey { run: recovery.source, name: new.key.name.clone() });
        }
    }

    fn follow_up(&mut self, kind: &'a FollowUpKind) {
        let loaded = self.loaded;
        match kind {
            FollowUpKind::AbortChildren { parent, .. } => {
                self.run(parent.run);
                self.action(parent);
                missing(&mut self.needs.live_children, &loaded.asked.live_children, parent);
                for child in loaded.live_children.get(parent).into_iter().flatten() {
                    self.ending(child);
                }
            }
            FollowUpKind::WakeCacheWaiters(key) => {
                self.cache(key);
                missing(&mut self.needs.cache_waiters, &loaded.asked.cache_waiters, key);
                for waiter in loaded.cache_waiters.get(key).into_iter().flatten() {
                    self.ending(waiter);
                }
            }
            FollowUpKind::LoseSession(session) => {
                self.session(session);
                missing(&mut self.needs.held, &loaded.asked.held, session);
                for attempt in loaded.held.get(session).into_iter().flatten() {
                    self.attempt(attempt.clone());
                    self.ending(&attempt.action);
                }
            }
        }
    }

    /// An action and all that its end touches.
    fn ending(&mut self, key: &ActionKey) {
        let run = self.run(key.run);
        self.action(key);
        let Some(ties) = self.ties(key, run) else { return };
        if let Some(name) = ties.parent {
            self.action(&ActionKey { run: key.run, name });
        }
        if ties.attempts > 0 {
            self.attempt(AttemptKey { action: key.clone(), attempt: ties.attempts });
        }
        if let Some(cache) = ties.cache {
            self.cache(&cache);
        }
    }

    fn ties(&self, key: &ActionKey, run: Option<&Run>) -> Option<Ties> {
        if let Some(action) = self.loaded.actions.get(key) {
            let cache = action.cache.as_ref().map(|cache| cache.key.clone());
            return Some(Ties { parent: action.parent.clone(), attempts: action.attempts, cache });
        }
        let new = self.new_actions.get(key)?;
        let cache = run.and_then(|run| admit::cache_use(run, new)).map(|cache| cache.key);
        Some(Ties { parent: new.parent.clone(), attempts: 0, cache })
    }

    fn run(&mut self, id: RunId) -> Option<&'a Run> {
        let found = self.new_runs.get(&id).copied().or_else(|| self.loaded.runs.get(&id));
        if found.is_none() {
            missing(&mut self.needs.runs, &self.loaded.asked.runs, &id);
        }
        found
    }

    fn action(&mut self, key: &ActionKey) {
        if !self.loaded.actions.contains_key(key) {
            missing(&mut self.needs.actions, &self.loaded.asked.actions, key);
        }
    }

    fn caller(&mut self, caller: Option<&AttemptIdentity>) {
        if let Some(caller) = caller {
            self.action(&caller.action);
        }
    }

    fn attempt(&mut self, key: AttemptKey) {
        if !self.loaded.attempts.contains_key(&key) && !self.loaded.asked.attempts.contains(&key) {
            self.needs.attempts.insert(key);
        }
    }

    fn session(&mut self, id: &SessionId) {
        missing(&mut self.needs.sessions, &self.loaded.asked.sessions, id);
    }

    fn cache_of(&mut self, run: &Run, new: &NewAction) {
        if let NewBody::Task { cache: Some(_), .. } = &new.body
            && let Some(cache) = admit::cache_use(run, new)
        {
            self.cache(&cache.key);
        }
    }

    fn cache(&mut self, key: &CacheKey) {
        missing(&mut self.needs.cache, &self.loaded.asked.cache, key);
        missing(&mut self.needs.reservations, &self.loaded.asked.reservations, key);
    }
}

fn missing<K: Ord + Clone>(needs: &mut BTreeSet<K>, asked: &BTreeSet<K>, key: &K) {
    if !asked.contains(key) {
        needs.insert(key.clone());
    }
}
