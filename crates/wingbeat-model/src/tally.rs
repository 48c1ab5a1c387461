//! Sums over a run's actions that are kept while these change, so that no picture of a large run has to read it.
//!
//! What an action adds follows from its row and from its run's creation alone. Roots add nothing: a run of one action
//! has no sums.

use crate::{Action, Phase, RunId, Timestamp};

/// One sum.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TallyKey {
    /// Of which run.
    pub run: RunId,
    /// Of what.
    pub what: Tallied,
}

/// What is summed up.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tallied {
    /// Actions that stand somewhere now.
    Standing {
        /// Their group; empty for none.
        group: String,
        /// Their task's name.
        task: String,
        /// Their phase.
        phase: Phase,
    },
    /// Things that happened at a time.
    Moment {
        /// When: see [`slot`].
        slot: i64,
        /// What.
        event: Event,
    },
}

/// Something that happens once in the life of an action, as its row tells it now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// It was created.
    Created,
    /// Its first attempt began to run.
    Started,
    /// It ended, after it had started.
    Ended(Phase),
    /// It ended and never ran.
    EndedUnstarted(Phase),
}

impl Event {
    /// Every event.
    pub fn all() -> impl Iterator<Item = Self> {
        let ended = Phase::ALL.into_iter().filter(|phase| phase.is_terminal());
        let ends = ended.flat_map(|phase| [Self::Ended(phase), Self::EndedUnstarted(phase)]);
        [Self::Created, Self::Started].into_iter().chain(ends)
    }
}

/// Up to this age of a run, slots are a second long.
const FINE: i64 = 3_600;

/// How long slots are at an age of the run, in seconds: so many seconds that a run of any length has some ten thousand
/// slots, and each is short beside what came before it.
pub const fn slot_width(age: i64) -> i64 {
    let mut width = 1;
    while age >= FINE * width {
        width *= 10;
    }
    width
}

/// Where a time belongs: the beginning of its slot, in seconds since the run's creation. What a clock puts before that
/// is in the first one.
pub fn slot(created: Timestamp, at: Timestamp) -> i64 {
    let age = (at.since(created).as_micros() / 1_000_000).max(0);
    let width = slot_width(age);
    age / width * width
}

/// What an action's sums depend on, apart from what never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marks {
    /// When it was created.
    pub created: Timestamp,
    /// When its first attempt began to run.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Where it stands.
    pub phase: Phase,
}

impl Marks {
    /// Those of an action.
    pub const fn of(action: &Action) -> Self {
        Self {
            created: action.created_at,
            started: action.started_at,
            ended: action.ended_at(),
            phase: action.phase(),
        }
    }

    /// What happened to it, and when.
    pub fn events(self) -> impl Iterator<Item = (Timestamp, Event)> {
        let end = match self.started {
            Some(_) => Event::Ended(self.phase),
            None => Event::EndedUnstarted(self.phase),
        };
        let created = Some((self.created, Event::Created));
        [created, self.started.map(|at| (at, Event::Started)), self.ended.map(|at| (at, end))]
            .into_iter()
            .flatten()
    }
}

/// Everything that an action adds one to; `created` is its run's creation.
pub fn tallied(action: &Action, created: Timestamp) -> Vec<Tallied> {
    if action.parent.is_none() {
        return Vec::new();
    }
    let standing = Tallied::Standing {
        group: action.group.clone(),
        task: action.task.name.clone(),
        phase: action.phase(),
    };
    let moments = Marks::of(action).events();
    let moments = moments.map(|(at, event)| Tallied::Moment { slot: slot(created, at), event });
    std::iter::once(standing).chain(moments).collect()
}

#[cfg(test)]
mod tests {
    use super::{slot, slot_width};
    use crate::Timestamp;

    #[test]
    fn slots_grow_with_the_age_of_a_run_and_never_overlap() {
        let second = |s: i64| Timestamp::from_micros(s * 1_000_000);
        let of = |s: i64| slot(second(50), second(50 + s));
        assert_eq!([of(-3), of(0), of(1), of(3_599)], [0, 0, 1, 3_599]);
        assert_eq!([of(3_600), of(3_609), of(3_610), of(35_999)], [3_600, 3_600, 3_610, 35_990]);
        assert_eq!([of(36_000), of(36_099), of(360_000)], [36_000, 36_000, 360_000]);
        for s in 0..400_000 {
            let begin = of(s);
            assert!(begin <= s && s < begin + slot_width(s), "{s} is not in the slot from {begin}");
            assert_eq!(slot_width(begin), slot_width(s), "the slot of {s} has one width");
        }
        let slots: std::collections::BTreeSet<i64> = (0..366 * 86_400).step_by(7).map(of).collect();
        assert!(slots.len() < 20_000, "a year has {} slots", slots.len());
    }
}
