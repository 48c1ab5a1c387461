//! What is said between the executor and a reused process: one JSON object a line.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// What a reused process is told.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Order<'a> {
    /// Run an attempt.
    Run {
        run: u64,
        /// What differs from the process's own environment.
        env: &'a BTreeMap<String, String>,
        /// The whole command line of `a0`.
        args: &'a [String],
        stdout: &'a Path,
        stderr: &'a Path,
    },
    /// Cancel it.
    Cancel { cancel: u64 },
}

impl Order<'_> {
    pub(super) fn line(&self) -> Vec<u8> {
        let mut line = serde_json::to_vec(self).expect("an order holds only text and numbers");
        line.push(b'\n');
        line
    }
}

/// What a reused process says, of an attempt or, without an id, of itself.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Said {
    pub(super) id: Option<u64>,
    pub(super) refused: Option<String>,
    pub(super) taken: bool,
    /// For other actions.
    pub(super) waits: Option<bool>,
    /// With the exit status that a process of its own would have had.
    pub(super) ended: Option<i32>,
    /// Why the process should take no other attempt.
    pub(super) spent: String,
}
