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

/// Why a file's content cannot be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoVectors(String);

impl fmt::Display for NoVectors {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for NoVectors {}

/// Runs all records of a file of the form of `types-vectors.json`.
///
/// # Errors
/// [`NoVectors`]: it has another form.
pub fn run(vectors: &Json) -> Result<Summary, NoVectors> {
    check_form(vectors)?;
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
    Ok(summary)
}

/// Is it an object with at least one of the sections, all of them of the right form?
fn check_form(vectors: &Json) -> Result<(), NoVectors> {
    let known: Vec<&str> = sections::ALL.iter().map(|(section, _)| *section).collect();
    let Some(found) = vectors.as_object() else {
        let names = known.join("`, `");
        return Err(NoVectors(format!(
            "it is no object; expected one with `prelude` and the lists `{names}`"
        )));
    };
    for section in &known {
        match found.get(*section) {
            None => (),
            Some(Json::Array(records)) => {
                if let Some(ix) = records.iter().position(|record| !record.is_object()) {
                    return Err(NoVectors(format!("`{section}[{ix}]` is no object: expected a record")));
                }
            }
            Some(_) => return Err(NoVectors(format!("`{section}` is no list: expected a list of records"))),
        }
    }
    if found.get("prelude").is_some_and(|prelude| !prelude.is_string()) {
        return Err(NoVectors("`prelude` is no text: expected the Python source of the types".to_owned()));
    }
    if !found.contains_key("hash") && !known.iter().any(|section| found.contains_key(*section)) {
        let names = known.join("`, `");
        return Err(NoVectors(format!("it has none of the sections `{names}`, `hash`")));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
