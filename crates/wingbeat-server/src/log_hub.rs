//! Live log lines on their way from executors to whoever tails them. Only lines that are in no durable
//! chunk yet are kept; a reader takes chunks first and goes on here, by line number.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;
use wingbeat_model::AttemptKey;
use wingbeat_proto::wingbeat::executor::v1::{LogBatch, LogRecord};

/// Lines that are kept per attempt at most; older ones are durable long before.
const MAX_LIVE: usize = 20_000;

#[derive(Debug)]
struct Live {
    lines: BTreeMap<u64, LogRecord>,
    /// Number of the line that will never come: all below it exist.
    end_at: Option<u64>,
    changed: watch::Sender<u64>,
}

/// Live lines by attempt.
#[derive(Debug, Clone, Default)]
pub struct LogHub {
    attempts: Arc<Mutex<HashMap<AttemptKey, Live>>>,
}

/// Live lines from some number on.
#[derive(Debug, Default)]
pub struct LiveLines {
    /// Lines with their numbers, in order.
    pub lines: Vec<(u64, LogRecord)>,
    /// Number of the line that will never come, once it is known.
    pub end_at: Option<u64>,
}

impl LogHub {
    /// Takes lines in. Lines that are known are left alone, so that a batch may come twice.
    pub fn push(&self, attempt: AttemptKey, batch: LogBatch) {
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        let live = attempts.entry(attempt).or_insert_with(|| Live {
            lines: BTreeMap::new(),
            end_at: None,
            changed: watch::Sender::new(0),
        });
        if batch.end {
            live.end_at = Some(batch.first_line + batch.lines.len() as u64);
        }
        for (number, line) in (batch.first_line..).zip(batch.lines) {
            live.lines.entry(number).or_insert(line);
        }
        live.lines = live.lines.split_off(&batch.durable_up_to);
        while live.lines.len() > MAX_LIVE {
            live.lines.pop_first();
        }
        live.changed.send_modify(|count| *count += 1);
    }

    /// Live lines from `from` on.
    pub fn read(&self, attempt: &AttemptKey, from: u64) -> LiveLines {
        let attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(live) = attempts.get(attempt) else { return LiveLines::default() };
        let lines = live.lines.range(from..).map(|(number, line)| (*number, line.clone())).collect();
        LiveLines { lines, end_at: live.end_at }
    }

    /// Resolves its `changed()` when lines come; `None` when nothing is live for the attempt.
    pub fn subscribe(&self, attempt: &AttemptKey) -> Option<watch::Receiver<u64>> {
        let attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        attempts.get(attempt).map(|live| live.changed.subscribe())
    }

    /// An attempt has ended and its lines are durable: readers find everything in the store.
    pub fn forget(&self, attempt: &AttemptKey) {
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        attempts.remove(attempt);
    }
}

#[cfg(test)]
mod tests {
    use super::LogHub;
    use wingbeat_model::{ActionKey, AttemptKey, RunId};
    use wingbeat_proto::wingbeat::executor::v1::{LogBatch, LogRecord};

    fn attempt() -> AttemptKey {
        AttemptKey { action: ActionKey::root(RunId(1)), attempt: 1 }
    }

    fn batch(first_line: u64, texts: &[&str], durable_up_to: u64) -> LogBatch {
        let line = |text: &&str| LogRecord { text: (*text).to_owned(), ..Default::default() };
        LogBatch { first_line, lines: texts.iter().map(line).collect(), durable_up_to, ..Default::default() }
    }

    fn texts(hub: &LogHub, from: u64) -> Vec<(u64, String)> {
        hub.read(&attempt(), from).lines.into_iter().map(|(number, line)| (number, line.text)).collect()
    }

    #[test]
    fn a_batch_that_comes_twice_changes_nothing_and_durable_lines_are_let_go() {
        let hub = LogHub::default();
        hub.push(attempt(), batch(0, &["a", "b"], 0));
        hub.push(attempt(), batch(0, &["a", "b"], 0));
        hub.push(attempt(), batch(2, &["c"], 1));
        assert_eq!(texts(&hub, 0), [(1, "b".to_owned()), (2, "c".to_owned())]);
        assert_eq!(texts(&hub, 2), [(2, "c".to_owned())]);
        hub.forget(&attempt());
        assert!(texts(&hub, 0).is_empty());
    }
}
