//! The phases of an action, with the numbers they have on the wire.

/// Where an action stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i32)]
#[allow(missing_docs, reason = "the names are the field's own")]
pub enum Phase {
    Queued = 1,
    WaitingForResources = 2,
    Initializing = 3,
    Running = 4,
    Succeeded = 5,
    Failed = 6,
    Aborted = 7,
    TimedOut = 8,
    Paused = 9,
    Recovered = 10,
}

impl Phase {
    /// Every phase, in wire order.
    pub const ALL: [Self; 10] = [
        Self::Queued,
        Self::WaitingForResources,
        Self::Initializing,
        Self::Running,
        Self::Succeeded,
        Self::Failed,
        Self::Aborted,
        Self::TimedOut,
        Self::Paused,
        Self::Recovered,
    ];

    /// The wire's number.
    pub const fn number(self) -> i32 {
        self as i32
    }

    /// From the wire's number; `None` for 0 and for numbers of a newer API.
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.number() == number)
    }

    /// Nothing follows it (but see ADR 0002).
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Aborted | Self::TimedOut | Self::Recovered)
    }

    /// Its outputs can be read.
    pub const fn is_success(self) -> bool {
        matches!(self, Self::Succeeded | Self::Recovered)
    }
}
