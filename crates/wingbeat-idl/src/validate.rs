//! Requests against the rules of the schema (`buf.validate`), on the bytes of the wire: no request type has to
//! be named here, and content that is nested anywhere counts too. What is checked is the shape of a request;
//! whether its project exists, say, is not decided here. Bytes that are not a message pass: decoding refuses them.

mod cel;
mod check;
mod exceptions;
mod pattern;
mod rules;
mod schema;
mod value;

use std::fmt;
use std::sync::{Arc, LazyLock};

use buffa_descriptor::{DescriptorPool, reflect::DynamicMessage};
use exceptions::CHECKED_IN_PARTS;
use schema::SCHEMA;

/// A rule that a request breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Path of the field: `run_spec.labels.values["team"]`; empty for the request itself.
    pub field: String,
    /// The rule's name in the schema: `max_len`.
    pub rule: &'static str,
    /// What is wrong, in words.
    pub text: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field.is_empty() {
            f.write_str(&self.text)
        } else {
            write!(f, "{}: {}", self.field, self.text)
        }
    }
}

impl std::error::Error for Violation {}

/// Checks the bytes of a message called `message` (its full name). Takes time linear in their size.
///
/// A message that the schema does not have, and bytes that are not a message, pass.
///
/// # Errors
/// The first [`Violation`] in the order of the fields' numbers: the client has to send something else.
pub fn validate(message: &str, bytes: &[u8]) -> Result<(), Violation> {
    check::message(&SCHEMA, message, bytes)
}

/// The full name of the message that a procedure (`/package.Service/Method`) is asked with, if it is checked as a whole.
pub fn request_message(procedure: &str) -> Option<&'static str> {
    let message = SCHEMA.requests.get(procedure).map(String::as_str)?;
    (!CHECKED_IN_PARTS.contains(&message)).then_some(message)
}

static POOL: LazyLock<Option<Arc<DescriptorPool>>> =
    LazyLock::new(|| DescriptorPool::decode(wingbeat_proto::DESCRIPTOR_SET).ok().map(Arc::new));

/// The JSON form of a message as protobuf writes it, from JSON in any form that it reads; `None` for a message that is
/// not known here.
///
/// # Errors
/// The JSON is no such message: a field is unknown, or has a value of another type.
pub fn json_of_json(message: &str, json: &str) -> Option<Result<String, String>> {
    let pool = POOL.clone()?;
    let index = pool.message_index(message)?;
    let read = DynamicMessage::from_json(pool, index, json);
    Some(read.and_then(|message| message.to_json()).map_err(|error| error.to_string()))
}

/// The bytes of a message that came as JSON; `None` when it cannot be read, which decoding will say too.
pub fn wire_of_json(message: &str, json: &[u8]) -> Option<Vec<u8>> {
    let pool = POOL.clone()?;
    let index = pool.message_index(message)?;
    let text = std::str::from_utf8(json).ok()?;
    DynamicMessage::from_json_ignoring_unknown(pool, index, text).ok()?.try_encode_to_vec().ok()
}

#[cfg(test)]
mod tests;
