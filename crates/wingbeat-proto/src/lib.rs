//! The generated code of every protocol we speak: `flyteidl2` (the Flyte 2 API) and `wingbeat` (ours).
//!
//! Paths follow the packages: `wingbeat_proto::flyteidl2::workflow::RunService`. This crate decides
//! nothing and must never depend on another crate of ours, so that editing the model does not rebuild
//! several hundred thousand generated lines. Canonical encoding, validation and conversions live in
//! `wingbeat-idl`.
#![allow(
    warnings,
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    reason = "generated code is not written to our lints, and nobody edits it"
)]

connectrpc::include_generated!();

/// All our descriptors with their options and imports, as a serialized `google.protobuf.FileDescriptorSet`.
///
/// Validation reads the `buf.validate` rules from it; reflection serves it.
pub const DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.binpb"));
