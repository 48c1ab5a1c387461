//! Queues, where actions wait, and projects' shares of the executors. Set by operators, seldom changed.

use std::fmt;
use std::sync::Arc;

use crate::Seq;

/// A queue's name. The default queue always exists.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueueName(Arc<str>);

impl QueueName {
    /// The most bytes of a name.
    pub const MAX_LEN: usize = 63;

    const DEFAULT: &str = "default";

    /// What an action's or a run's field means: empty is the default queue.
    pub fn of(field: &str) -> Self {
        Self(if field.is_empty() { Self::DEFAULT } else { field }.into())
    }

    /// The name as text; never empty.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Is it the default queue?
    pub fn is_default(&self) -> bool {
        &*self.0 == Self::DEFAULT
    }

    /// Can a new queue have this name? Lower-case letters, digits, `-`, `_` and `.`, at most 63, a letter or digit first.
    pub fn is_valid(text: &str) -> bool {
        let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.');
        text.len() <= Self::MAX_LEN
            && text.bytes().all(allowed)
            && text.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric())
    }
}

impl fmt::Display for QueueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an operator says of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueueTerms {
    /// Actions of a queue with a higher one go first.
    pub priority: i32,
    /// Most attempts at once, waiting parents included. `None`: no cap.
    pub max_running: Option<u32>,
    /// Nothing new is started; what runs goes on.
    pub paused: bool,
}

/// What an operator changes of a queue; `None` leaves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueueChange {
    /// See [`QueueTerms`].
    pub priority: Option<i32>,
    /// See [`QueueTerms`]; `Some(None)` takes the cap away.
    pub max_running: Option<Option<u32>>,
    /// See [`QueueTerms`].
    pub paused: Option<bool>,
}

impl QueueTerms {
    /// With a change.
    #[must_use]
    pub fn with(self, change: QueueChange) -> Self {
        Self {
            priority: change.priority.unwrap_or(self.priority),
            max_running: change.max_running.unwrap_or(self.max_running),
            paused: change.paused.unwrap_or(self.paused),
        }
    }
}

/// A queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// Its name.
    pub name: QueueName,
    /// What an operator said of it.
    pub terms: QueueTerms,
    /// It takes no new actions and starts none. The row stays for the sake of its counts.
    pub deleted: bool,
    /// Its actions that hold an executor's place now.
    pub running: u32,
    /// Those of them that only wait for children.
    pub waiting_parents: u32,
    /// Position of its last change.
    pub changed: Seq,
}

impl Queue {
    /// A queue without limits, in which nothing runs.
    pub fn new(name: QueueName) -> Self {
        let terms = QueueTerms::default();
        Self { name, terms, deleted: false, running: 0, waiting_parents: 0, changed: Seq(0) }
    }
}

/// A project's share of the executors while others want them too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// Whose.
    pub project: ShareKey,
    /// A project of weight 3 gets three times what one of weight 1 gets.
    pub weight: u32,
    /// Position of its last change.
    pub changed: Seq,
}

/// A project, for [`Share`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShareKey {
    /// The organisation.
    pub org: Arc<str>,
    /// The project's id.
    pub project: Arc<str>,
}

#[cfg(test)]
mod tests {
    use super::QueueName;

    #[test]
    fn an_empty_field_means_the_default_queue() {
        assert!(QueueName::of("").is_default() && QueueName::of("default").is_default());
        assert_eq!(QueueName::of("gpu").as_str(), "gpu");
    }

    #[test]
    fn names_are_short_and_plain() {
        for name in ["default", "gpu-a100", "team.a_1", "0"] {
            assert!(QueueName::is_valid(name), "{name}");
        }
        for name in ["", "-a", "A", "a b", "a/b", "ä", &"a".repeat(64)] {
            assert!(!QueueName::is_valid(name), "{name}");
        }
    }
}
