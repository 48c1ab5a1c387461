//! The only SQL of the platform: SQLite and PostgreSQL behind the same ports.
//!
//! All statements stand in `queries/`, but for lists, whose conditions are put together from fixed pieces.

mod columns;
mod fault;
mod lists;
mod postgres;
mod rows;
mod sqlite;
mod statement;
mod windows;

pub use postgres::{BadAddress, PostgresAddress, PostgresError, PostgresStore};
pub use sqlite::{OpenError, SqliteStore};
