//! Rows as the last transactions left them: while nobody else writes, they need not be read again.
//!
//! Whoever writes such rows holds the head's lock and moves the head. So what one transaction of this server knew when it
//! ended is true for the next one, if that finds the head where the first one left it. And by whom: a standby that took over
//! may have lost the last transactions, and then comes to the same position by others.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use wingbeat_model::{Loaded, Needs, Seq};

use super::pending::{copy_known, mark_asked};

/// Rows of a generation; there are two, so that what is used goes on to be known: some megabytes.
const GENERATION: usize = 4_096;

/// See the module's text.
#[derive(Default)]
pub(crate) struct Carried {
    /// The head after the last transaction, and who wrote it; unless that failed.
    head: Option<(Seq, i64)>,
    young: Loaded,
    old: Loaded,
}

impl Carried {
    /// A transaction begins, with the head there.
    pub(crate) fn open(&mut self, head: (Seq, i64)) {
        if self.head.take() != Some(head) {
            *self = Self::default();
        }
    }

    /// Copies what is known of the wanted rows; which ones these are.
    pub(crate) fn bring(&self, wanted: &Needs, known: &mut Loaded) -> Needs {
        let mut all = Needs::default();
        for rows in [&self.old, &self.young] {
            let there = there(wanted, rows);
            copy_known(&there, rows, known);
            mark_asked(there, &mut all);
        }
        all
    }

    /// The transaction took place, and left the head there.
    pub(crate) fn close(&mut self, known: Loaded, head: (Seq, i64)) {
        self.head = Some(head);
        let Loaded { runs, actions, attempts, sessions, queues, .. } = known;
        self.young.runs.extend(runs);
        self.young.actions.extend(actions);
        self.young.attempts.extend(attempts);
        self.young.sessions.extend(sessions);
        self.young.queues.extend(queues);
        if self.young.runs.len() + self.young.actions.len() + self.young.attempts.len() > GENERATION {
            self.old = mem::take(&mut self.young);
        }
    }
}

fn there(wanted: &Needs, rows: &Loaded) -> Needs {
    fn known<K: Ord + Clone, V>(wanted: &BTreeSet<K>, rows: &BTreeMap<K, V>) -> BTreeSet<K> {
        wanted.iter().filter(|key| rows.contains_key(key)).cloned().collect()
    }
    Needs {
        runs: known(&wanted.runs, &rows.runs),
        actions: known(&wanted.actions, &rows.actions),
        attempts: known(&wanted.attempts, &rows.attempts),
        sessions: known(&wanted.sessions, &rows.sessions),
        queues: known(&wanted.queues, &rows.queues),
        ..Needs::default()
    }
}
