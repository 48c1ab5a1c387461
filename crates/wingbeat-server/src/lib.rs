//! The server: RPC handlers, the loop that commits, the feed, sessions of executors, and signed URLs.
//!
//! It knows its stores only by their ports; which ones they are is decided by the binary.

mod clock;
mod dispatch;
mod driver;
mod executor_port;
mod feed;
mod http;
mod kept;
mod log_hub;
mod metrics;
mod platform;
mod rpc;
mod server;
mod sessions;
#[cfg(feature = "simulation")]
pub mod simulation;
mod tasks;
mod terms;
mod use_cases;
mod wake;

pub use executor_port::{CertificateFiles, ExecutorPortConfig, PortError, Recognition, TokenBook, TokenRow};
pub use rpc::coverage::{Coverage, coverage};
pub use server::{Running, ServerConfig, StartError, start};
