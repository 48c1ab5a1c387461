//! `wingbeat run path/to/crate::task`: builds a crate with cargo, and becomes its task binary. What the task does, and
//! where, is that binary's matter.

mod cargo;
mod choice;

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use wingbeat_client::Surroundings;

use self::cargo::Cargo;
use crate::arguments::RunArguments;
use crate::failure::Failure;

/// Builds and runs; returns only when it fails.
pub(crate) fn run(arguments: &RunArguments, around: &Surroundings) -> Result<(), Failure> {
    let (target, inputs) = arguments.words.split_first().expect("clap requires one");
    let (manifest, task) = parse(target)?;
    let cargo = Cargo::new(around, manifest);
    let wanted = choice::Wanted { bin: arguments.bin.as_deref(), example: arguments.example.as_deref() };
    let program = choice::choose(&cargo.metadata()?, cargo.manifest(), &wanted)?;
    let built = cargo.build(&program, is_release(arguments), &arguments.features)?;
    let error = Command::new(&built).arg("run").args(arguments.task.words()).arg(task).args(inputs).exec();
    Err(Failure::new(format!("could not start {}", built.display())).because(error.to_string()))
}

/// A run here is built as by `cargo run`, and shares its target folder; what travels to a platform is to be small and
/// fast.
fn is_release(arguments: &RunArguments) -> bool {
    arguments.release || (arguments.task.remote && !arguments.debug)
}

/// `path/to/crate::task` as a manifest and a task.
fn parse(target: &str) -> Result<(PathBuf, &str), Failure> {
    let unclear = || Failure::usage(format!("`{target}` names no task of a crate"));
    let form = "write the crate's folder and the task: wingbeat run path/to/crate::task";
    let place = target.rsplit_once("::").map_or(target, |(place, _)| place);
    if has_ending(place, "py") {
        let text = "it is a Python file, and tasks in Python are run by the flyte package";
        return Err(unclear().because(text).advise("flyte run FILE TASK"));
    }
    let (place, task) = match target.rsplit_once("::") {
        Some((place, task)) if !task.is_empty() => (place, task),
        _ => {
            let tasks = "`cargo run -- list` in the crate's folder lists its tasks";
            return Err(unclear().because(tasks).advise(form));
        }
    };
    let folder = Path::new(if place.is_empty() { "." } else { place });
    let is_manifest = folder.file_name().is_some_and(|name| name == "Cargo.toml");
    let manifest = if is_manifest { folder.to_owned() } else { folder.join("Cargo.toml") };
    if manifest.is_file() {
        return Ok((manifest, task));
    }
    let failure = if has_ending(place, "rs") {
        unclear().because(format!("{place} is a source file, not the folder of a crate"))
    } else {
        Failure::usage(format!("there is no Cargo.toml in `{}`", folder.display()))
    };
    Err(failure.advise(form))
}

fn has_ending(place: &str, ending: &str) -> bool {
    Path::new(place).extension().is_some_and(|found| found == ending)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_target_is_the_folder_of_a_crate_and_a_task() {
        let folder = env!("CARGO_MANIFEST_DIR");
        let manifest = std::path::Path::new(folder).join("Cargo.toml");
        for place in [folder.to_owned(), format!("{folder}/"), manifest.display().to_string()] {
            let target = format!("{place}::env.square");
            let (found, task) = parse(&target).unwrap();
            assert_eq!(
                (found.canonicalize().unwrap(), task),
                (manifest.canonicalize().unwrap(), "env.square")
            );
        }
        assert_eq!(parse("::square").unwrap().0, std::path::Path::new("./Cargo.toml"));
    }

    #[test]
    fn what_is_no_target_is_told_with_what_to_write() {
        for (target, expected) in [
            ("crates/x", "names no task"),
            ("crates/x::", "names no task"),
            ("no/such/folder::task", "there is no Cargo.toml in `no/such/folder`"),
            ("src/main.rs::task", "src/main.rs is a source file"),
            ("flow.py::main", "flyte run"),
            ("flow.py", "flyte run"),
        ] {
            let said = parse(target).unwrap_err().to_string();
            assert!(said.contains(expected) && said.contains("\n  -> "), "{target}: {said}");
        }
    }
}
