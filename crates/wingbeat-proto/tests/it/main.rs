//! What the generated code must do for us: carry the whole API, and speak it over TCP and Unix sockets.
#![allow(refining_impl_trait, reason = "handlers name the message they return")]

mod descriptors;
mod transport;
