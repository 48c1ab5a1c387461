//! What the generated code must do for us: carry the whole API, and speak it over TCP and Unix sockets.
#![allow(refining_impl_trait, reason = "handlers name the message they return")]
#![expect(clippy::disallowed_methods, reason = "the servers end with their test's runtime")]

mod descriptors;
mod transport;
