//! The numbers that closed enums have in the database. A number is never reused for something else.

use wingbeat_model::{
    ActionKind, AttemptCause, CacheScope, CacheStatus, FailureClass, Phase, ProjectState, RelationKind,
    StopCause,
};

use crate::fault::Fault;

/// An enum that is stored as a number.
pub(crate) trait Code: Copy + Sized + 'static {
    /// What it is, for errors.
    const WHAT: &'static str;
    /// All of its values.
    const ALL: &'static [Self];
    /// Its number.
    fn code(self) -> i32;

    /// From its number.
    fn from_code(code: i32) -> Result<Self, Fault> {
        let found = Self::ALL.iter().copied().find(|value| value.code() == code);
        found.ok_or_else(|| Fault::corrupt(format!("{} {code}", Self::WHAT)))
    }
}

impl Code for Phase {
    const WHAT: &'static str = "phase";
    const ALL: &'static [Self] = &Self::ALL;
    fn code(self) -> i32 {
        self.number()
    }
}

impl Code for ActionKind {
    const WHAT: &'static str = "kind of action";
    const ALL: &'static [Self] = &[Self::Task, Self::Trace, Self::Condition];
    fn code(self) -> i32 {
        self as i32
    }
}

impl Code for RelationKind {
    const WHAT: &'static str = "kind of relation";
    const ALL: &'static [Self] = &[Self::Rerun, Self::Recover, Self::Spawn];
    fn code(self) -> i32 {
        self as i32
    }
}

impl Code for CacheStatus {
    const WHAT: &'static str = "cache status";
    const ALL: &'static [Self] = &[
        Self::Disabled,
        Self::Miss,
        Self::Hit,
        Self::Populated,
        Self::LookupFailure,
        Self::PutFailure,
        Self::Skipped,
        Self::Evicted,
    ];
    fn code(self) -> i32 {
        self as i32
    }
}

impl Code for ProjectState {
    const WHAT: &'static str = "project state";
    const ALL: &'static [Self] = &[Self::Active, Self::Archived, Self::SystemGenerated, Self::SystemArchived];
    fn code(self) -> i32 {
        self as i32
    }
}

impl Code for CacheScope {
    const WHAT: &'static str = "cache scope";
    const ALL: &'static [Self] = &[Self::Global, Self::ProjectDomain];
    fn code(self) -> i32 {
        match self {
            Self::Global => 1,
            Self::ProjectDomain => 2,
        }
    }
}

impl Code for AttemptCause {
    const WHAT: &'static str = "cause of an attempt";
    const ALL: &'static [Self] = &[Self::First, Self::User, Self::System, Self::Preempted, Self::ParentRetry];
    fn code(self) -> i32 {
        match self {
            Self::First => 1,
            Self::User => 2,
            Self::System => 3,
            Self::Preempted => 4,
            Self::ParentRetry => 5,
        }
    }
}

impl Code for FailureClass {
    const WHAT: &'static str = "class of failure";
    const ALL: &'static [Self] = &[Self::User, Self::System, Self::Infrastructure];
    fn code(self) -> i32 {
        match self {
            Self::User => 1,
            Self::System => 2,
            Self::Infrastructure => 3,
        }
    }
}

impl Code for StopCause {
    const WHAT: &'static str = "cause of a stop";
    const ALL: &'static [Self] = &[Self::MaxRuntime];
    fn code(self) -> i32 {
        match self {
            Self::MaxRuntime => 1,
        }
    }
}
