//! Checks the rules that review would otherwise repeat. Each rule is a pure function from files to findings; this
//! module gathers them, subtracts the exceptions, and prints what is left with what to do about it.

mod arrows;
mod exceptions;
mod files;
mod functions;
mod mask;
mod text;

use std::fmt;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};

use crate::repository::{self, RepositoryFile};

const EXCEPTIONS: &str = "xtask/tidy-exceptions.txt";
const ARCHITECTURE: &str = "ARCHITECTURE.md";

/// One breach of one rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    pub(crate) path: String,
    pub(crate) line: usize,
    pub(crate) rule: &'static str,
    /// What within the file an exception may name: a function's name, or empty for the file itself.
    pub(crate) subject: String,
    pub(crate) advice: String,
}

impl Finding {
    fn of_file(path: &str, line: usize, rule: &'static str, advice: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, rule, subject: String::new(), advice: advice.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {}", self.path, self.line, self.rule, self.advice)
    }
}

pub(crate) fn run(arguments: &[String]) -> Result<ExitCode> {
    ensure!(arguments.is_empty(), "`tidy` takes no arguments");
    let files = repository::files()?;
    let metadata = repository::output("cargo", &["metadata", "--no-deps", "--format-version", "1"])?;
    let architecture = text_of(&files, ARCHITECTURE)?;
    let listed = text_of(&files, EXCEPTIONS)?;

    let mut findings: Vec<Finding> = files.iter().flat_map(check_file).collect();
    findings.extend(arrows::check(architecture, &metadata)?);
    let mut findings = exceptions::subtract(EXCEPTIONS, listed, findings);
    findings.sort();

    for finding in &findings {
        println!("{finding}");
    }
    if findings.is_empty() {
        println!("tidy: {} files, nothing to say", files.len());
        return Ok(ExitCode::SUCCESS);
    }
    println!("tidy: {} finding(s) in {} files", findings.len(), files.len());
    Ok(ExitCode::FAILURE)
}

fn text_of<'a>(files: &'a [RepositoryFile], path: &str) -> Result<&'a str> {
    files
        .iter()
        .find(|file| file.path == path)
        .and_then(|file| file.text.as_deref())
        .with_context(|| format!("{path} is missing, and tidy reads its rules from it"))
}

fn check_file(file: &RepositoryFile) -> Vec<Finding> {
    let mut findings = files::check_name_and_size(file);
    let Some(text) = file.text.as_deref() else { return findings };
    findings.extend(text::check(&file.path, text));
    findings.extend(files::check_length(&file.path, text));
    if is_rust(&file.path) {
        let code = mask::mask(text);
        findings.extend(files::check_module_docs(&file.path, text));
        findings.extend(functions::check(&file.path, &code));
        findings.extend(text::check_rust_code(&file.path, &code));
    }
    findings
}

fn is_rust(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, extension)| extension == "rs")
}

/// Tests may be longer than what they test, and may use clocks and files.
fn is_test(path: &str) -> bool {
    path.split('/').any(|part| matches!(part, "tests" | "tests.rs" | "examples" | "benches"))
}
