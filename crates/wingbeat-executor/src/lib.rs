//! The executor: a process of its own that runs attempts for a server, and a client of it.
//!
//! It holds one session with the server, starts what it is assigned, follows the output, and says what
//! happened. It decides neither what runs nor whether something runs again, never touches the
//! database, and keeps running its tasks while the server is away.

mod assignment;
mod bridge;
mod bundle;
mod capacity;
mod clock;
mod config;
mod environment;
mod errors;
mod executor;
mod files;
mod folder;
mod link;
mod logs;
mod outbox;
mod outcome;
mod process;
pub mod proxy;
mod python;
mod registry;
mod results;
mod reuse;
mod runner;
mod servers;
mod simulated;
#[cfg(feature = "simulation")]
pub mod simulation;
mod successor;
mod tasks;
mod template;
#[cfg(test)]
mod testing;
mod warm;
mod wire;

pub use bridge::{JoinConfig, JoinError};
pub use config::{ExecutorConfig, ExecutorKind, Isolation, ServerPlace};
pub use executor::{ExecutorError, run};
pub use folder::FolderError;
pub use process::ProcessId;
pub use servers::Servers;
