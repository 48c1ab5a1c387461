//! What tests of several crates share. Nothing here is part of the product, and nothing here decides
//! what is right: the rules are the engine's own invariants.

mod at_once;
pub mod postgres;
mod recorder;
pub mod simulation;
#[expect(clippy::disallowed_methods, reason = "tasks of a storm end with its runtime")]
pub mod storm;

pub use recorder::Recorder;
