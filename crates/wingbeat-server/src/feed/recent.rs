//! What was committed lately, in memory: whoever watches and is up to date reads it here instead of asking the store,
//! which costs a statement for each watcher of each commit.
//!
//! It is complete or it says that it is not: positions follow one another without a gap, and what is too long ago, or was
//! committed where nobody here knows what it changed, is read from the store.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use wingbeat_engine::defects::{Defect, active};
use wingbeat_model::{Action, Seq};

/// Rows that are kept at most, by the newest commit alone if that has more: some megabytes.
const KEPT: usize = 8_192;

/// Rows that changed after a position, each as it was left by the newest commit that changed it, in order of those commits.
#[derive(Debug)]
pub(crate) struct News {
    pub(crate) rows: Vec<Action>,
    /// There is nothing else up to here.
    pub(crate) upto: Seq,
}

/// One commit.
type Commit = (Seq, Arc<[Action]>);

/// See the module's text.
#[derive(Debug, Default)]
pub(super) struct Recent {
    /// Everything that was committed after this position is here.
    since: Seq,
    upto: Seq,
    /// Watchers were told of all commits until here. `upto` may be beyond one of another server that they were not told of.
    told: Seq,
    commits: VecDeque<Commit>,
    rows: usize,
}

impl Recent {
    /// The newest position that is known.
    pub(super) fn upto(&self) -> Seq {
        self.upto
    }

    pub(super) fn told(&self) -> Seq {
        self.told
    }

    /// Watchers are told of what others committed until `seq`, and were told of this server's own before.
    pub(super) fn told_until(&mut self, seq: Seq) {
        self.told = self.told.max(seq);
    }

    /// Adds what was committed at `seq`.
    pub(super) fn add(&mut self, seq: Seq, rows: Vec<Action>) {
        if seq.0 == self.told.0 + 1 {
            self.told = seq;
        }
        if seq <= self.upto {
            // Told late; it is behind a gap already.
            return;
        }
        if seq.0 != self.upto.0 + 1 && !active(Defect::GapOverlooked) {
            self.forget(Seq(seq.0 - 1));
        }
        self.upto = seq;
        self.rows += rows.len();
        self.commits.push_back((seq, rows.into()));
        while self.rows > KEPT
            && self.commits.len() > 1
            && let Some((seq, rows)) = self.commits.pop_front()
        {
            self.since = seq;
            self.rows -= rows.len();
        }
    }

    /// What was committed until `seq` is not known here.
    pub(super) fn forget(&mut self, seq: Seq) {
        if seq > self.upto {
            *self = Self { since: seq, upto: seq, told: self.told, ..Self::default() };
        }
    }

    /// The commits after a position, and the newest position; `None`: only the store knows them all.
    pub(super) fn after(&self, position: Seq) -> Option<(Vec<Commit>, Seq)> {
        if position < self.since {
            return None;
        }
        let first = self.commits.partition_point(|(seq, _)| *seq <= position);
        Some((self.commits.range(first..).cloned().collect(), self.upto.max(position)))
    }
}

/// The rows that `wanted` names, without those that a later commit changed again.
pub(super) fn news((commits, upto): (Vec<Commit>, Seq), wanted: impl Fn(&Action) -> bool) -> News {
    let mut seen = HashSet::new();
    let newest_first = commits.iter().rev().flat_map(|(_, rows)| rows.iter());
    let mut rows: Vec<Action> =
        newest_first.filter(|row| wanted(row) && seen.insert(&row.key)).cloned().collect();
    rows.reverse();
    News { rows, upto }
}
