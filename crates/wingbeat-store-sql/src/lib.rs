//! The only SQL of the platform: SQLite.
//!
//! All statements stand in `queries/`, but for lists, whose conditions are put together from fixed pieces.

mod sqlite;

pub use sqlite::{OpenError, SqliteStore};
