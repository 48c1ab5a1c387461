//! The words of the platform: ids, phases, limits, rows and error classes.
//!
//! Pure data. Nothing here does I/O, reads a clock or knows a wire format. A type belongs here
//! only when two other crates need it.

mod action;
mod attempt;
mod cache;
mod catalog;
mod failure;
mod id;
mod join;
mod phase;
mod principal;
mod queue;
mod run;
mod session;
pub mod tally;
mod time;
mod unit;

pub use action::{
    Action, ActionKind, ActionOutcome, Backoff, Claim, Policy, Resources, Spent, State, StopCause, TaskRef,
};
pub use attempt::{Attempt, AttemptCause, AttemptEnd, PhaseTime};
pub use cache::{CacheEntry, CacheKey, CacheOwner, CacheScope, CacheStatus, CacheUse, Reservation};
pub use catalog::{Project, ProjectState, TaskVersion};
pub use failure::{Failure, FailureClass};
pub use id::{
    ActionKey, ActionName, AttemptKey, Digest, Fence, NameError, ProjectKey, ROOT_ACTION, RunId, RunKey, Seq,
    ServerId, SessionId, TaskKey,
};
pub use join::{Join, JoinAnswer, JoinToken, NotAToken, hex, unhex};
pub use phase::Phase;
pub use principal::{AttemptIdentity, Principal, Verb};
pub use queue::{Queue, QueueChange, QueueName, QueueTerms, Share, ShareKey};
pub use run::{Abort, Recovery, Relation, RelationKind, Run};
pub use session::Session;
pub use tally::{Tallied, TallyKey};
pub use time::{Span, Timestamp};
pub use unit::{
    Changes, CounterKey, FollowUp, FollowUpId, FollowUpKind, Loaded, Needs, ReplayKey, UnitOfWork,
};
