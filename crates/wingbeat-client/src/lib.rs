//! The client: addresses, the connection, typed calls, and where a user's settings come from.
//!
//! Everything that speaks to a server goes through here: the CLI, the executor, benches, the SDK. It must never print,
//! read standard input, or decide what a user sees; and it reads the process environment only through
//! [`Surroundings`], which `main` fills once.

mod access;
mod address;
mod api_key;
mod certificates;
mod config_file;
mod connection;
mod oauth;
mod phase;
mod retry;
mod settings;
mod tls;
mod token;
mod web;

pub use access::{Access, ClientSecret, Credentials, Secret};
pub use address::{AddressError, ServerAddr};
pub use api_key::ApiKeyError;
pub use certificates::{Chosen, known_authorities};
pub use config_file::{ConfigFileError, FileLogin, FileSettings, Words};
pub use connection::{Client, Connection};
pub use phase::is_terminal;
pub use retry::{is_final, retry_read};
pub use settings::{
    ADDRESS_FILE, DEFAULT_DOMAIN, DEFAULT_PROJECT, LOGIN_ADVICE, LoginError, Overrides, Settings,
    SettingsError, Source, Surroundings, TASK_LOGIN_ADVICE, TaskPlatform,
};
pub use tls::{Trust, TrustError};
pub use web::{Web, may_pass, why};
