//! The client: addresses, the connection, typed calls, and where a user's settings come from.
//!
//! Everything that speaks to a server goes through here: the CLI, the executor, benches, later the
//! SDK. It must never print, read standard input, or decide what a user sees; and it reads the
//! process environment only through [`Surroundings`], which `main` fills once.

mod address;
mod config_file;
mod connection;
mod phase;
mod retry;
mod settings;

pub use address::{AddressError, ServerAddr};
pub use config_file::{ConfigFileError, FileSettings};
pub use connection::{Client, Connection};
pub use phase::is_terminal;
pub use retry::retry_read;
pub use settings::{
    ADDRESS_FILE, DEFAULT_DOMAIN, DEFAULT_PROJECT, Overrides, Settings, SettingsError, Source, Surroundings,
};
