//! The last few values by key, for what never changes once it is stored; the oldest goes first.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// Values that are kept at most.
const KEPT: usize = 1_024;

/// See the module's text.
#[derive(Debug)]
pub(crate) struct Kept<K, V> {
    values: HashMap<K, V>,
    order: VecDeque<K>,
}

impl<K, V> Default for Kept<K, V> {
    fn default() -> Self {
        Self { values: HashMap::new(), order: VecDeque::new() }
    }
}

impl<K: Hash + Eq + Clone, V: Clone> Kept<K, V> {
    /// What is kept under a key.
    pub(crate) fn get(&self, key: &K) -> Option<V> {
        self.values.get(key).cloned()
    }

    /// Keeps a value.
    pub(crate) fn put(&mut self, key: K, value: V) {
        if self.values.insert(key.clone(), value).is_none() {
            self.order.push_back(key);
        }
        if self.order.len() > KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.values.remove(&oldest);
        }
    }
}
