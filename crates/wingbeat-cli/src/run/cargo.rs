//! Cargo, as a program: what it knows of a crate, and building one of its programs. What it says goes to the terminal.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value as Json;
use wingbeat_client::Surroundings;

use super::choice::Program;
use crate::failure::Failure;

/// Cargo for one crate.
pub(super) struct Cargo {
    program: String,
    manifest: PathBuf,
}

impl Cargo {
    /// The cargo that `CARGO` names, as it does for all that cargo itself starts; else the one on the PATH.
    pub(super) fn new(around: &Surroundings, manifest: PathBuf) -> Self {
        let named = around.variables.get("CARGO").filter(|named| !named.is_empty());
        Self { program: named.cloned().unwrap_or_else(|| "cargo".to_owned()), manifest }
    }

    pub(super) fn manifest(&self) -> &Path {
        &self.manifest
    }

    /// The crates of the manifest, and their programs.
    pub(super) fn metadata(&self) -> Result<Json, Failure> {
        let unreadable = || Failure::new(format!("could not read {}", self.manifest.display()));
        let mut command = Command::new(&self.program);
        command
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .arg("--manifest-path")
            .arg(&self.manifest);
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let output = child.map_err(|error| self.absent(&error))?.wait_with_output();
        let output = output.map_err(|error| unreadable().caused_by(&error))?;
        if !output.status.success() {
            return Err(unreadable().because("cargo says why, above"));
        }
        serde_json::from_slice(&output.stdout).map_err(|error| unreadable().caused_by(&error))
    }

    /// Builds a program, and tells where it is.
    pub(super) fn build(
        &self,
        program: &Program,
        is_release: bool,
        features: &[String],
    ) -> Result<PathBuf, Failure> {
        let failed =
            || Failure::new(format!("could not build `{}` of the crate `{}`", program.name, program.package));
        let mut command = Command::new(&self.program);
        command
            .args(["build", "--message-format", "json-render-diagnostics", "--manifest-path"])
            .arg(&self.manifest);
        command.arg(format!("--{}", program.kind.word())).arg(&program.name);
        command.args(is_release.then_some("--release"));
        command.args(features.iter().map(|names| format!("--features={names}")));
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let mut child = child.map_err(|error| self.absent(&error))?;
        let built = executable(&mut child, program);
        let status = child.wait().map_err(|error| failed().caused_by(&error))?;
        if !status.success() {
            return Err(failed().because("cargo says why, above"));
        }
        let built = built.map_err(|error| failed().caused_by(&error))?;
        built.ok_or_else(|| failed().because("cargo built it, and did not tell where it is"))
    }

    fn absent(&self, error: &std::io::Error) -> Failure {
        let failure = Failure::new(format!("could not start `{}`", self.program)).because(error.to_string());
        failure.advise("install Rust from https://rustup.rs, or name cargo in the variable CARGO")
    }
}

/// Where the program lies, out of cargo's messages; these are read to their end.
fn executable(child: &mut Child, program: &Program) -> std::io::Result<Option<PathBuf>> {
    let mut found = None;
    let messages = child.stdout.take().expect("it was asked for");
    for line in BufReader::new(messages).lines() {
        // A build script may print what it likes.
        let Ok(message) = serde_json::from_str::<Json>(&line?) else { continue };
        let target = &message["target"];
        let is_kind =
            target["kind"].as_array().is_some_and(|kinds| kinds.iter().any(|one| one == program.kind.word()));
        if message["reason"] == "compiler-artifact" && target["name"] == program.name.as_str() && is_kind {
            found = message["executable"].as_str().map(PathBuf::from).or(found);
        }
    }
    Ok(found)
}
