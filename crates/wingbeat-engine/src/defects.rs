//! Deliberate mistakes, switched on one at a time by the simulation to prove that it would find them.
//!
//! Only the testkit asks for the feature `defects`. Without it nothing can be switched on, [`active`] is the
//! constant `false`, and the compiler leaves the mistakes out.

/// A mistake that this code could have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Defect {
    /// A former owner's report counts for the present attempt.
    StaleFenceAccepted,
    /// A report is acknowledged and never written.
    AcknowledgedWriteDropped,
    /// Watchers are not woken by the change that ends an action.
    LastStateSkipped,
    /// Caps are decided by the scheduler's picture, and the picture is stale.
    CapExceededByStaleScheduler,
    /// Attempts are given to an executor that has no free place.
    SlotsExceeded,
    /// Memory and devices that attempts hold are given to others as well.
    ResourcesForgotten,
    /// A starting server sets no timers for what is stored.
    TimerLostAtRestart,
    /// Every third assignment is committed and never sent.
    EffectLostAfterCommit,
    /// A reconnecting executor is not told what it should have.
    ReconnectForgotten,
    /// A report about an attempt that has ended ends its action anew.
    TerminalStateOverwritten,
    /// A retry takes the number after next.
    RetrySkipsNumber,
    /// An action that waits for its retry is known to nobody.
    WaitingWithoutReason,
    /// The children of an action that ends by itself live on.
    ChildOutlivesParent,
    /// What a lost executor held is never given up.
    LeaseNeverEnds,
    /// What other servers commit is taken for read and thrown away.
    NewsThrownAway,
    /// Nobody ends the sessions of a server that is gone.
    OrphansForgotten,
    /// What a server remembers of its own commits is taken for all that there were.
    GapOverlooked,
    /// An executor that is away when it is asked to drain never hears of it.
    DrainForgotten,
}

impl Defect {
    /// All of them.
    pub const ALL: [Self; 18] = [
        Self::StaleFenceAccepted,
        Self::AcknowledgedWriteDropped,
        Self::LastStateSkipped,
        Self::CapExceededByStaleScheduler,
        Self::SlotsExceeded,
        Self::ResourcesForgotten,
        Self::TimerLostAtRestart,
        Self::EffectLostAfterCommit,
        Self::ReconnectForgotten,
        Self::TerminalStateOverwritten,
        Self::RetrySkipsNumber,
        Self::WaitingWithoutReason,
        Self::ChildOutlivesParent,
        Self::LeaseNeverEnds,
        Self::NewsThrownAway,
        Self::OrphansForgotten,
        Self::GapOverlooked,
        Self::DrainForgotten,
    ];
}

#[cfg(feature = "defects")]
thread_local! {
    static ACTIVE: std::cell::Cell<Option<Defect>> = const { std::cell::Cell::new(None) };
}

/// Is the mistake to be made?
#[cfg(feature = "defects")]
pub fn active(defect: Defect) -> bool {
    ACTIVE.get() == Some(defect)
}

/// Is the mistake to be made? Never.
#[cfg(not(feature = "defects"))]
pub const fn active(_: Defect) -> bool {
    false
}

/// Makes this mistake, and no other, on this thread from now on.
#[cfg(feature = "defects")]
pub fn switch_on(defect: Option<Defect>) {
    ACTIVE.set(defect);
}
