//! What was written, said and promised, beside the platform; and whether it keeps to it. It decides nothing:
//! it only finds out what is broken.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wingbeat_engine::invariants::{self, Rows};
use wingbeat_executor::simulation::{GPUS, MEMORY_BYTES};
use wingbeat_model::{
    Action, ActionKey, Attempt, AttemptEnd, AttemptKey, Changes, Phase, RunId, Seq, SessionId,
};
use wingbeat_store::Metadata;

use crate::Recorder;

/// What a task process said of its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LastWord {
    Succeeded,
    Failed,
}

pub(super) struct Ledger {
    book: Mutex<Book>,
}

pub(super) struct Book {
    pub(super) recorder: Recorder,
    /// The states of each action, in order: phase and number of attempts.
    histories: BTreeMap<ActionKey, Vec<(Phase, u32)>>,
    started: BTreeSet<AttemptKey>,
    alive: BTreeSet<AttemptKey>,
    last_words: BTreeMap<AttemptKey, LastWord>,
    slots: BTreeMap<String, usize>,
    /// Does more than one server decide?
    several: bool,
    broken: Vec<String>,
    pub(super) commits: u64,
}

impl Ledger {
    pub(super) fn new(store: Arc<dyn Metadata>, slots: BTreeMap<String, usize>, several: bool) -> Self {
        let book = Book {
            recorder: Recorder::over(store),
            histories: BTreeMap::new(),
            started: BTreeSet::new(),
            alive: BTreeSet::new(),
            last_words: BTreeMap::new(),
            slots,
            several,
            broken: Vec::new(),
            commits: 0,
        };
        Self { book: Mutex::new(book) }
    }

    pub(super) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn accuse(&self, what: String) {
        self.book().broken.push(what);
    }

    /// What is broken by now, if anything is.
    pub(super) fn verdict(&self) -> Result<(), String> {
        let book = self.book();
        if book.broken.is_empty() { Ok(()) } else { Err(book.broken.join("\n")) }
    }

    /// A transaction is durable.
    pub(super) fn committed(&self, seq: Seq, changes: Changes) {
        let mut book = self.book();
        book.commits += 1;
        let before = book.recorder.rows.clone();
        let touched: Vec<ActionKey> = changes.actions.iter().map(|action| action.key.clone()).collect();
        let attempts: Vec<Attempt> = changes.attempts.clone();
        let noted = book.recorder.note(seq, changes);
        book.broken.extend(noted.err());
        let mut broken = invariants::broken(&book.recorder.rows);
        broken.extend(invariants::broken_between(&before, &book.recorder.rows));
        broken.extend(book.caps_exceeded(&before, &attempts));
        broken.extend(attempts.iter().filter_map(|attempt| book.unsaid(attempt)));
        book.broken.extend(broken);
        for key in touched {
            book.remember(key);
        }
    }

    /// A process starts. It is the only one that its attempt ever has.
    pub(super) fn starts(&self, attempt: &AttemptKey) {
        let mut book = self.book();
        if !book.started.insert(attempt.clone()) {
            book.broken.push(format!("{attempt:?} was started twice"));
        }
        book.alive.insert(attempt.clone());
    }

    pub(super) fn is_gone(&self, attempt: &AttemptKey) {
        self.book().alive.remove(attempt);
    }

    pub(super) fn says(&self, attempt: &AttemptKey, word: LastWord) {
        self.book().last_words.insert(attempt.clone(), word);
    }

    /// The platform acknowledged the run.
    pub(super) fn run_promised(&self, run: RunId) {
        let mut book = self.book();
        if !book.recorder.rows.runs.contains_key(&run) {
            book.broken.push(format!("{run:?} was acknowledged and is not stored"));
        }
    }

    /// The platform acknowledged the action.
    pub(super) fn action_promised(&self, key: &ActionKey) {
        let mut book = self.book();
        if !book.recorder.rows.actions.contains_key(key) {
            book.broken.push(format!("{key:?} was acknowledged and is not stored"));
        }
    }

    /// The platform acknowledged what was said of the attempt.
    pub(super) fn report_promised(&self, attempt: &AttemptKey, terminal: bool) {
        let mut book = self.book();
        let row = book.recorder.rows.attempts.get(attempt);
        let stored = row.is_some_and(|row| row.end.is_some() || (!terminal && row.phases.len() > 2));
        if !stored {
            book.broken.push(format!("a report on {attempt:?} was acknowledged and is not stored"));
        }
    }

    /// A watcher who saw the `from`th state of an action sees this one: the number of the first that it can be.
    pub(super) fn seen(&self, key: &ActionKey, from: usize, state: (Phase, u32)) -> usize {
        let mut book = self.book();
        let history = book.histories.get(key).map(Vec::as_slice).unwrap_or_default();
        let later = history.iter().enumerate().skip(from).find(|(_, known)| is_shown_as(**known, state));
        let Some((number, _)) = later else {
            let what = format!("a watcher of {key:?} saw {state:?} after state {from} of {history:?}");
            book.broken.push(what);
            return from;
        };
        number
    }
}

/// A result that was reused is shown as one attempt, though nothing ran.
fn is_shown_as(known: (Phase, u32), shown: (Phase, u32)) -> bool {
    known.0 == shown.0 && known.1.max(1) == shown.1.max(1)
}

impl Book {
    pub(super) fn rows(&self) -> &Rows {
        &self.recorder.rows
    }

    pub(super) fn started(&self) -> usize {
        self.started.len()
    }

    pub(super) fn alive(&self) -> &BTreeSet<AttemptKey> {
        &self.alive
    }

    /// The number of an action's last state.
    pub(super) fn last_state(&self, key: &ActionKey) -> Option<(Phase, u32)> {
        self.histories.get(key)?.last().copied()
    }

    pub(super) fn is_over(&self, runs: usize) -> bool {
        self.rows().runs.len() == runs
            && self.recorder.live_actions().next().is_none()
            && self.recorder.held_attempts().next().is_none()
            && self.rows().follow_ups.is_empty()
            && self.alive.is_empty()
    }

    fn remember(&mut self, key: ActionKey) {
        let Some(action) = self.recorder.rows.actions.get(&key) else { return };
        let state = (action.phase(), action.attempts);
        let history = self.histories.entry(key).or_default();
        if history.last() != Some(&state) {
            history.push(state);
        }
    }

    /// A queue over its cap, or paused, after a transaction with a new claim in it. An operator may have changed it in
    /// the same transaction: the laxer of both terms counts.
    fn queue_exceeded(&self, before: &Rows, claimed: &Action) -> Option<String> {
        let after = self.rows().queues.get(&claimed.queue_name())?;
        let was = before.queues.get(&after.name).unwrap_or(after);
        if was.terms.paused && after.terms.paused {
            return Some(format!("{:?} was claimed although queue {} is paused", claimed.key, after.name));
        }
        let cap = was.terms.max_running?.max(after.terms.max_running?);
        let most = was.waiting_parents.max(after.waiting_parents) + 1;
        let over = after.running > most.max(cap) && after.running > was.running;
        over.then(|| format!("queue {} has a cap of {cap} and {} running", after.name, after.running))
    }

    /// Runs over their cap, and executors over their slots, after a transaction with new claims in it.
    fn caps_exceeded(&self, before: &Rows, attempts: &[Attempt]) -> Vec<String> {
        let mut broken = Vec::new();
        let mut claims: BTreeMap<&SessionId, usize> = BTreeMap::new();
        for attempt in attempts.iter().filter(|attempt| !before.attempts.contains_key(&attempt.key)) {
            let action = &self.rows().actions[attempt.action()];
            // A parent whose children live computes nothing, from its first moment on.
            *claims.entry(&attempt.session).or_default() += usize::from(action.live_children == 0);
            broken.extend(self.queue_exceeded(before, action));
            let run = &self.rows().runs[&attempt.key.action.run];
            // Where everybody only waits for children, one more is let in.
            let waiting = before.runs.get(&run.id).map_or(0, |run| run.waiting_parents);
            let most = waiting.max(run.waiting_parents) + 1;
            let over = run.max_concurrency.filter(|cap| run.running > most.max(*cap));
            if let Some(cap) = over {
                broken.push(format!("run {} has a cap of {cap} and {} running", run.key.name(), run.running));
            }
        }
        for (session, new) in claims {
            broken.extend(self.slots_exceeded(before, session, attempts, new));
            let name = self.rows().sessions.get(session).map(|row| row.executor.as_str()).unwrap_or_default();
            broken.extend(self.overcommitted(before, session, name, new));
        }
        broken
    }

    /// An executor with more attempts that compute than slots, after a transaction that gave it `new` ones.
    fn slots_exceeded(
        &self,
        before: &Rows,
        session: &SessionId,
        attempts: &[Attempt],
        new: usize,
    ) -> Option<String> {
        let name = self.rows().sessions.get(session).map(|row| row.executor.as_str()).unwrap_or_default();
        let slots = self.slots.get(name).copied().unwrap_or_default();
        let holders = |rows: &'_ Rows| -> BTreeSet<ActionKey> {
            let holds = |action: &&Action| {
                action.live_children == 0 && action.claim().is_some_and(|claim| claim.session == *session)
            };
            let holders =
                rows.actions.values().filter(holds).filter(|action| !self.comes_back(before, action));
            holders.map(|action| action.key.clone()).collect()
        };
        let is_new = |key: &ActionKey| {
            attempts.iter().any(|one| one.action() == key && !before.attempts.contains_key(&one.key))
        };
        let used = holders(before);
        // Places that the same transaction frees may be given on by it, if it knows who comes back to theirs.
        let kept = holders(self.rows()).into_iter().filter(|key| !is_new(key)).count();
        let (used, least) = (used.len(), used.len().min(kept));
        (least + new > slots)
            .then(|| format!("{name} has {slots} slots, {used} were taken and {new} attempts came"))
    }

    /// A parent takes its place back when its last child ends. One server may decide that while another one, which has
    /// not heard of it, gives the place away.
    fn comes_back(&self, before: &Rows, action: &Action) -> bool {
        self.several && before.actions.values().any(|child| child.parent.as_ref() == Some(&action.key.name))
    }

    /// An executor whose attempts were promised more memory or devices than it has, after a transaction that gave it
    /// `new` ones.
    fn overcommitted(&self, before: &Rows, session: &SessionId, name: &str, new: usize) -> Option<String> {
        let holds = |action: &&Action| action.claim().is_some_and(|claim| claim.session == *session);
        let held = || self.rows().actions.values().filter(holds);
        let memory: u64 = held().map(|action| action.resources.memory_bytes).sum();
        let gpus: u32 = held().map(|action| action.resources.gpus).sum();
        // Parents that wait keep their memory. Where there is nobody else, one more is let in, or none would ever end; the
        // same transaction may bring one of them back.
        let computed = |action: &&Action| {
            let before = before.actions.get(&action.key).filter(holds);
            before.is_some_and(|before| before.live_children == 0)
        };
        let computing = held().filter(|action| action.live_children == 0).filter(computed);
        let others = computing.filter(|action| !self.comes_back(before, action)).count();
        ((memory > MEMORY_BYTES && others + new > 1) || gpus > GPUS)
            .then(|| format!("{name} was promised away with {memory} bytes of memory and {gpus} devices"))
    }

    /// The end of an attempt that its process did not report.
    fn unsaid(&self, attempt: &Attempt) -> Option<String> {
        let word = self.last_words.get(&attempt.key);
        let wanted = match attempt.end.as_ref()? {
            AttemptEnd::Succeeded { .. } => LastWord::Succeeded,
            AttemptEnd::Failed(failure) if failure.code == super::process::CODE => LastWord::Failed,
            AttemptEnd::Failed(_) | AttemptEnd::TimedOut(_) | AttemptEnd::Aborted { .. } => return None,
        };
        (word != Some(&wanted))
            .then(|| format!("{:?} is stored as {wanted:?}, it said {word:?}", attempt.key))
    }
}
