//! Decides which action is sent next: how many children may live at once, and how many may be on their way.

use std::collections::VecDeque;

use super::event::Name;

/// Bounds of one task's children.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Children that were begun and have not ended.
    pub(crate) children: usize,
    /// Actions that are being written or sent.
    pub(crate) launches: usize,
}

/// Who waits for which place.
#[derive(Debug)]
pub(crate) struct Launches {
    limits: Limits,
    children: usize,
    calls: usize,
    /// Those that have no place among the children yet.
    queue: VecDeque<Name>,
    /// Those that need no such place, or have it already; they go first.
    ready: VecDeque<Name>,
}

impl Launches {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, children: 0, calls: 0, queue: VecDeque::new(), ready: VecDeque::new() }
    }

    /// A child wants to begin.
    pub(crate) fn push_child(&mut self, name: Name) {
        self.queue.push_back(name);
    }

    /// An action that is not counted among the children wants to be sent, or one that is, again.
    pub(crate) fn push_ready(&mut self, name: Name) {
        self.ready.push_back(name);
    }

    /// The next one that may be sent now, and whether it takes a place among the children by that. The caller may
    /// find that it is not wanted any more; then it gives its places back.
    pub(crate) fn next(&mut self) -> Option<(Name, bool)> {
        if self.calls >= self.limits.launches {
            return None;
        }
        let next = match self.ready.pop_front() {
            Some(name) => (name, false),
            None if self.children < self.limits.children => {
                let name = self.queue.pop_front()?;
                self.children += 1;
                (name, true)
            }
            None => return None,
        };
        self.calls += 1;
        Some(next)
    }

    /// Nothing of the action is under way any more.
    pub(crate) fn launch_ended(&mut self) {
        debug_assert!(self.calls > 0, "a launch ends once");
        self.calls -= 1;
    }

    /// A child has ended, or nobody waits for it any more.
    pub(crate) fn child_ended(&mut self) {
        debug_assert!(self.children > 0, "a child ends once");
        self.children -= 1;
    }

    #[cfg(test)]
    pub(crate) fn used(&self) -> (usize, usize) {
        (self.children, self.calls)
    }
}
