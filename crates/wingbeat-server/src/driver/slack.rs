//! Gives back the memory of a crowd that has gone: maps keep theirs for ever unless they are told.

use std::collections::HashMap;
use std::hash::Hash;

/// Smaller ones are not worth it.
const KEPT: usize = 4_096;

/// To be called after removals. What it costs is in proportion to what was removed since it did something last.
pub(super) fn give_back<K: Hash + Eq, V>(map: &mut HashMap<K, V>) {
    if map.capacity() > KEPT && map.len() < map.capacity() / 8 {
        map.shrink_to((map.len() * 2).max(KEPT / 2));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::{KEPT, give_back};

    #[test]
    fn what_a_crowd_took_is_given_back_when_it_is_gone() {
        let mut map: HashMap<usize, usize> = (0..100_000).map(|ix| (ix, ix)).collect();
        let full = map.capacity();
        for ix in 0..99_990 {
            map.remove(&ix);
            give_back(&mut map);
        }
        assert!(map.capacity() <= KEPT && full > 100_000, "{} of {full}", map.capacity());
        assert_eq!(map.len(), 10);
    }
}
