//! What was compared of one record.

#![allow(clippy::wildcard_enum_match_arm, reason = "kinds that are not named are alike: not meant here")]

use std::fmt::Debug;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use buffa::{Message, MessageName};
use serde_json::Value as Json;
use wingbeat_idl::canonical;
use wingbeat_types::{ConvertError, ConvertErrorKind};

use crate::python::Need;

/// How much of a difference is told.
const SHOWN: usize = 400;

/// What was compared of one record.
#[derive(Debug)]
pub(crate) struct Check {
    pub(crate) name: String,
    pub(crate) failures: Vec<String>,
    pub(crate) needs: Vec<String>,
}

impl Check {
    pub(crate) fn new(section: &str, ix: usize, record: &Json) -> Self {
        let name = ["name", "python_type", "stage", "parent"]
            .iter()
            .find_map(|key| record[key].as_str())
            .unwrap_or_default();
        let name = match record["python_value"].as_str().or(record["json_value"].as_str()) {
            Some(value) if record["name"].is_null() => format!("{section}[{ix}] {name} {value}"),
            _ => format!("{section}[{ix}] {name}"),
        };
        Self { name, failures: Vec::new(), needs: Vec::new() }
    }

    pub(crate) fn equal<A: PartialEq<B> + Debug, B: Debug>(&mut self, what: &str, ours: &A, theirs: &B) {
        if ours != theirs {
            let cut = |text: String| text.chars().take(SHOWN).collect::<String>();
            self.failures.push(format!(
                "{what}: ours {}, theirs {}",
                cut(format!("{ours:?}")),
                cut(format!("{theirs:?}"))
            ));
        }
    }

    /// A part that was not computed.
    pub(crate) fn need(&mut self, what: &str, need: &Need) {
        match need {
            Need::Python(reason) => self.needs.push(format!("{what}: {reason}")),
            Need::Raised(error) if error.kind == ConvertErrorKind::NeedsPython => {
                self.needs.push(format!("{what}: {}", error.message));
            }
            Need::Raised(error) => self.failures.push(format!("{what}: {error}")),
        }
    }

    /// A result that the record has, or an error that it names.
    pub(crate) fn value<T>(&mut self, what: &str, result: Result<T, Need>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(need) => {
                self.need(what, &need);
                None
            }
        }
    }

    /// The record says that this fails, and how.
    pub(crate) fn refused<T: Debug>(&mut self, what: &str, result: Result<T, Need>, expected: &Json) {
        let error = match result {
            Err(Need::Raised(error)) if error.kind != ConvertErrorKind::NeedsPython => error,
            Err(need) => return self.need(what, &need),
            Ok(value) => {
                let value = format!("{value:?}").chars().take(SHOWN).collect::<String>();
                return self.failures.push(format!("{what}: ours {value}, theirs an error {expected}"));
            }
        };
        self.error(what, &error, expected);
    }

    pub(crate) fn error(&mut self, what: &str, error: &ConvertError, expected: &Json) {
        self.equal(
            &format!("{what}, class of the error"),
            &error.kind.python_class(),
            &text(expected, "error_class"),
        );
        // Libraries of Python's word their own messages.
        let worded_elsewhere = text(expected, "message").contains("errors.pydantic.dev");
        let varies = worded_elsewhere || !expected["message_varies"].is_null();
        let is_foreign = error.kind == ConvertErrorKind::Validation || varies;
        if !is_foreign && expected["message"].is_string() {
            self.equal(&format!("{what}, message"), &error.message, &text(expected, "message"));
        }
    }

    /// Bytes that are read and written again are the same.
    pub(crate) fn again<M: Message + MessageName>(&mut self, record: &Json, key: &str) {
        let Some(message) = self.decoded::<M>(record, key) else { return };
        self.equal(key, &canonical_bytes(&message), &bytes(record, key));
    }

    pub(crate) fn decoded<M: Message>(&mut self, record: &Json, key: &str) -> Option<M> {
        if !record[key].is_string() {
            return None;
        }
        match M::decode_from_slice(&bytes(record, key)) {
            Ok(message) => Some(message),
            Err(error) => {
                self.failures.push(format!("{key} is no message: {error}"));
                None
            }
        }
    }
}

pub(crate) fn text<'r>(record: &'r Json, key: &str) -> &'r str {
    record[key].as_str().unwrap_or_default()
}

pub(crate) fn bytes(record: &Json, key: &str) -> Vec<u8> {
    STANDARD.decode(text(record, key)).unwrap_or_default()
}

/// A message as the client's runtime writes it.
pub(crate) fn canonical_bytes<M: Message + MessageName>(message: &M) -> Vec<u8> {
    canonical::encode(M::FULL_NAME, &message.encode_to_vec())
}

/// What a record says varies from one machine to the next.
pub(crate) fn varies(record: &Json, part: &str) -> bool {
    let parts = record["varies"].as_array().map_or(&[][..], Vec::as_slice);
    parts.iter().any(|one| one.as_str().is_some_and(|one| one.contains(part)))
}
