//! What the API does that is more than one read: each takes who asks, and leaves nothing half-written.

pub mod action_data;
pub(crate) mod cached;
pub mod create_run;
pub mod enqueue;
pub mod files;
pub mod inputs;
mod limits;
mod task;

pub(crate) use task::refuse_what_is_missing;
