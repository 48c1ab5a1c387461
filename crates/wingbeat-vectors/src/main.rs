//! `wingbeat-vectors FILE`: runs golden vectors and says how many passed, failed, and need Python.

use std::path::Path;
use std::process::ExitCode;

use wingbeat_vectors::Summary;

/// What a file should be, for whoever gave another one.
const EXPECTED: &str =
    "expected a JSON file of the form of crates/wingbeat-types/testdata/types-vectors.json";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let summary = match arguments.as_slice() {
        [path] => run(Path::new(path)),
        _ => Err(format!("usage: wingbeat-vectors FILE; {EXPECTED}")),
    };
    let summary = match summary {
        Ok(summary) => summary,
        Err(message) => {
            eprintln!("error: {message}");
            return ExitCode::from(2);
        }
    };
    for (name, reason) in &summary.skipped {
        println!("skipped {name}: {reason}");
    }
    for (name, reason) in &summary.failed {
        println!("FAILED {name}: {reason}");
    }
    println!("{summary}");
    if summary.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run(path: &Path) -> Result<Summary, String> {
    let shown = path.display();
    if path.is_dir() {
        return Err(format!("{shown} is a folder; {EXPECTED}"));
    }
    let text =
        std::fs::read_to_string(path).map_err(|error| format!("cannot read {shown}: {error}; {EXPECTED}"))?;
    if text.trim().is_empty() {
        return Err(format!("{shown} is empty; {EXPECTED}"));
    }
    let vectors =
        serde_json::from_str(&text).map_err(|error| format!("{shown} is no JSON: {error}; {EXPECTED}"))?;
    wingbeat_vectors::run(&vectors).map_err(|error| format!("{shown} holds no vectors: {error}"))
}
