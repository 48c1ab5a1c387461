//! `wingbeat-vectors FILE`: runs golden vectors and says how many passed, failed, and need Python.

use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(path) = std::env::args().nth(1) else {
        eprintln!("usage: wingbeat-vectors FILE");
        return ExitCode::from(2);
    };
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) => {
            eprintln!("error: cannot read {path}: {error}");
            return ExitCode::FAILURE;
        }
    };
    let vectors = match serde_json::from_str(&text) {
        Ok(vectors) => vectors,
        Err(error) => {
            eprintln!("error: {path} is no JSON: {error}");
            return ExitCode::FAILURE;
        }
    };
    let summary = wingbeat_vectors::run(&vectors);
    for (name, reason) in &summary.skipped {
        println!("skipped {name}: {reason}");
    }
    for (name, reason) in &summary.failed {
        println!("FAILED {name}: {reason}");
    }
    println!("{summary}");
    if summary.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
