//! Where the platform's state is kept: the ports, an in-memory store, and the suite that every store passes.
//!
//! Each method is one transaction and is durable when it returns `Ok`.

pub mod conformance;
pub mod listing;
pub mod memory;
mod needs;
mod port;
mod query;
mod replicas;
mod views;

pub use memory::{FailMode, MemoryStore};
pub use needs::take_new;
pub use port::{Catalog, CommitError, Metadata, ReadError, RunReads, RunWrites, WriteError};
pub use query::{
    ActionCounts, ActionField, ActionQuery, Cursor, Direction, Filter, FilterOp, Page, RunScope, TaskField,
    TaskQuery,
};
pub use replicas::{Echo, Neighbour, Replicas};
pub use views::{Position, RunViews, Window, WindowQuery, WindowSort, WindowStart};
