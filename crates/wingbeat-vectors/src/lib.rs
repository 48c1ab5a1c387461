//! Golden vectors: what the stock client makes of types and values, recomputed by `wingbeat-types`. Python source in a
//! record is read as data; a part that only a Python process can compute is listed with the reason, never passed.

mod check;
mod describe;
mod python;
mod sections;

use std::fmt;

use serde_json::Value as Json;

use check::Check;
use python::Scope;

/// What became of the records of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Records of which every part was recomputed and is the same.
    pub passed: usize,
    /// Names of the others, with what differs.
    pub failed: Vec<(String, String)>,
    /// Names of records with a part that needs Python, and the reason. Their other parts are the same.
    pub skipped: Vec<(String, String)>,
}

impl fmt::Display for Summary {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} passed, {} failed, {} skipped", self.passed, self.failed.len(), self.skipped.len())
    }
}

impl Summary {
    fn add(&mut self, check: Check) {
        let Check { name, failures, needs } = check;
        if !failures.is_empty() {
            self.failed.push((name, failures.join("; ")));
        } else if !needs.is_empty() {
            self.skipped.push((name, needs.join("; ")));
        } else {
            self.passed += 1;
        }
    }
}

/// Runs all records of a file of the form of `types-vectors.json`.
pub fn run(vectors: &Json) -> Summary {
    let scope = Scope::of(vectors["prelude"].as_str().unwrap_or_default(), "tv");
    let mut summary = Summary::default();
    for (section, runner) in sections::ALL {
        let records = vectors[section].as_array().map_or(&[][..], Vec::as_slice);
        for (ix, record) in records.iter().enumerate() {
            let mut check = Check::new(section, ix, record);
            runner(&scope, record, &mut check);
            summary.add(check);
        }
    }
    sections::hashes(&vectors["hash"], &mut |check| summary.add(check));
    summary
}

#[cfg(test)]
mod tests;
