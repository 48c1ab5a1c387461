//! Who calls, as the listener that took the request found out.

use connectrpc::{ConnectError, RequestContext};
use wingbeat_idl::ids::IdError;
use wingbeat_model::{AttemptIdentity, Principal};

/// The subject of users while nobody has to say who they are.
pub(crate) const ANONYMOUS: &str = "anonymous";

/// The caller; the listener puts it into every request.
pub(crate) fn principal(ctx: &RequestContext) -> Principal {
    ctx.extensions()
        .get::<Principal>()
        .cloned()
        .unwrap_or_else(|| Principal::User { subject: ANONYMOUS.to_owned() })
}

/// The attempt that calls, if a task does.
pub(crate) fn attempt(principal: &Principal) -> Option<AttemptIdentity> {
    match principal {
        Principal::Attempt(identity) => Some(identity.clone()),
        Principal::User { .. } | Principal::Executor(_) | Principal::Server => None,
    }
}

/// A bad identifier on the wire.
pub(crate) fn bad_id(error: IdError) -> ConnectError {
    ConnectError::invalid_argument(error.to_string())
}
