//! Builds what is measured, and starts and stops `wingbeat up` as a user would.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};

use crate::repository;

const READY_WITHIN: Duration = Duration::from_secs(30);
const STOPPED_WITHIN: Duration = Duration::from_secs(30);

/// The release binary, and the client that puts load on it.
pub(crate) struct Programs {
    pub(crate) wingbeat: PathBuf,
    pub(crate) load: PathBuf,
    /// Where metadata goes instead of a file in the data folder.
    pub(crate) database: Option<Database>,
}

/// A database that the platforms of all scenarios use one after the other, and so one place for objects.
pub(crate) struct Database {
    address: String,
    objects: tempfile::TempDir,
}

impl Database {
    pub(crate) fn at(address: String) -> Result<Self> {
        Ok(Self { address, objects: super::load::data_folder()? })
    }
}

impl Programs {
    /// Builds both, or takes the ones that `WINGBEAT_BIN` and `WINGBEAT_LOAD` name.
    pub(crate) fn build(database: Option<Database>) -> Result<Self> {
        let wingbeat = build_unless_named("WINGBEAT_BIN", &["--package", "wingbeat-cli"], "wingbeat")?;
        let load = ["--package", "wingbeat-client", "--example", "load"];
        let load = build_unless_named("WINGBEAT_LOAD", &load, "examples/load")?;
        Ok(Self { wingbeat, load, database })
    }
}

fn build_unless_named(variable: &str, what: &[&str], file: &str) -> Result<PathBuf> {
    if let Some(named) = std::env::var_os(variable) {
        return std::fs::canonicalize(&named)
            .with_context(|| format!("{variable} names {}", named.display()));
    }
    let status = Command::new("cargo")
        .args(["build", "--quiet", "--release"])
        .args(what)
        .current_dir(repository::root())
        .status()
        .context("could not run cargo")?;
    ensure!(status.success(), "cargo build --release {} failed", what.join(" "));
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    Ok(target.unwrap_or_else(|| repository::root().join("target")).join("release").join(file))
}

/// A running `wingbeat up`; stopped when dropped.
pub(crate) struct Platform {
    child: Child,
    pub(crate) address: String,
    /// From the start of the process to its ready line.
    pub(crate) ready_after: Duration,
}

impl Platform {
    pub(crate) fn start(programs: &Programs, data: &Path, executor: &str) -> Result<Self> {
        Self::start_with(programs, data, &["--executor", executor])
    }

    /// With further options of `wingbeat up`.
    pub(crate) fn start_with(programs: &Programs, data: &Path, options: &[&str]) -> Result<Self> {
        let started = Instant::now();
        let wingbeat = &programs.wingbeat;
        let mut command = Command::new(wingbeat);
        if let Some(Database { address, objects }) = &programs.database {
            command.args(["up", "--database", address, "--store"]).arg(objects.path());
        } else {
            command.arg("up");
        }
        let mut child = command
            .args(["--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("could not start {}", wingbeat.display()))?;
        let lines = follow(child.stdout.take().context("stdout was not piped")?);
        match wait_for_address(&lines) {
            Ok(address) => Ok(Self { child, address, ready_after: started.elapsed() }),
            Err(error) => {
                stop(&mut child);
                Err(error)
            }
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        stop(&mut self.child);
    }
}

/// Reads to the end, so that the platform never blocks on a full pipe.
fn follow(stdout: std::process::ChildStdout) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            // Nobody listens once the address is known; the pipe is still emptied.
            let _ = sender.send(line);
        }
    });
    receiver
}

fn wait_for_address(lines: &Receiver<String>) -> Result<String> {
    let deadline = Instant::now() + READY_WITHIN;
    loop {
        match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(line) => {
                if let Some(address) = find_address(&line) {
                    return Ok(address.to_owned());
                }
            }
            Err(RecvTimeoutError::Timeout) => bail!("the platform was not ready within {READY_WITHIN:?}"),
            Err(RecvTimeoutError::Disconnected) => bail!("the platform ended before it was ready"),
        }
    }
}

/// The first line that `up` prints; see its greeting.
fn find_address(line: &str) -> Option<&str> {
    line.strip_prefix("Wingbeat is ready at ")?.split_whitespace().next()
}

fn stop(child: &mut Child) {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let asked = pid.is_some_and(|pid| kill_process(pid, Signal::TERM).is_ok());
    let deadline = Instant::now() + STOPPED_WITHIN;
    while asked && Instant::now() < deadline {
        if !matches!(child.try_wait(), Ok(None)) {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    // It did not listen; its executor ends by itself when the server stays away.
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use super::find_address;

    #[test]
    fn the_address_is_cut_out_of_the_ready_line() {
        let check = |line, expected| assert_eq!(find_address(line), expected);
        check("Wingbeat is ready at http://127.0.0.1:8080", Some("http://127.0.0.1:8080"));
        check("point flyte at it: http://127.0.0.1:8080", None);
        check("data folder: x", None);
    }
}
