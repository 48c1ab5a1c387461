//! Prints answers: tables and plain lines for people, protobuf JSON for programs.

use std::io::{self, Write};

use clap::ValueEnum;
use serde::Serialize;

use crate::failure::Failure;

/// How an answer is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Table,
    /// For programs: the protobuf JSON of the server's answer.
    Json,
}

/// Writes one line to standard output.
pub(crate) fn line(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.write_all(b"\n")?;
    Ok(())
}

/// Writes a message over several lines, ended by a line break.
pub(crate) fn json(message: &impl Serialize) -> Result<(), Failure> {
    line(&serde_json::to_string_pretty(message).map_err(not_json)?)
}

/// Writes a message on one line, for streams.
pub(crate) fn json_line(message: &impl Serialize) -> Result<(), Failure> {
    line(&serde_json::to_string(message).map_err(not_json)?)
}

#[expect(clippy::needless_pass_by_value, reason = "shape of map_err")]
fn not_json(error: serde_json::Error) -> Failure {
    Failure::new("could not write the answer as JSON").because(error.to_string())
}
