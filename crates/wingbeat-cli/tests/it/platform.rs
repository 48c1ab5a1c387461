//! One real `wingbeat up` with a data folder of its own.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use wingbeat_client::{Client, ServerAddr};

/// Generous: the machine may be busy with other tests.
const PATIENCE: Duration = Duration::from_mins(2);

/// What attempts are.
#[derive(Clone, Copy)]
pub(crate) enum Attempts {
    /// Nothing: each succeeds after a while, with empty outputs.
    Simulated,
    /// Processes.
    Processes,
}

/// A platform that ends, and its data with it, when it is dropped.
pub(crate) struct Platform {
    folder: tempfile::TempDir,
    process: Child,
    attempts: Attempts,
}

impl Platform {
    pub(crate) fn start(attempts: Attempts) -> Self {
        let folder = tempfile::tempdir().expect("temporary folder");
        let process = up(&folder.path().join("data"), "127.0.0.1:0", attempts);
        let mut platform = Self { folder, process, attempts };
        assert!(platform.becomes_ready(), "the platform ended when it should start");
        platform
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Where it listens; known once it is ready.
    pub(crate) fn addr(&self) -> ServerAddr {
        let text = fs::read_to_string(self.data().join("address")).expect("it is written before it is ready");
        ServerAddr::parse(text.trim()).expect("the platform writes an address")
    }

    /// Where executors connect.
    pub(crate) fn socket(&self) -> PathBuf {
        self.data().join("executor.sock")
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.addr())
    }

    /// `kill -9` of the server alone, and a new one at the same address.
    pub(crate) fn kill_and_restart(&mut self) {
        self.process.kill().expect("it runs");
        self.process.wait().expect("it was killed");
        let addr = self.addr().to_string();
        let listen = addr.trim_start_matches("http://");
        let deadline = Instant::now() + PATIENCE;
        self.process = up(&self.data(), listen, self.attempts);
        // Somebody else's connection may have the port for a moment.
        while !self.becomes_ready() {
            assert!(Instant::now() < deadline, "the platform does not come back");
            self.process = up(&self.data(), listen, self.attempts);
        }
    }

    /// Whether it is ready in the end; false if it has ended instead.
    fn becomes_ready(&mut self) -> bool {
        let deadline = Instant::now() + PATIENCE;
        let log = self.folder.path().join("data.out");
        while !fs::read_to_string(&log).is_ok_and(|said| said.contains("Wingbeat is ready")) {
            if !matches!(self.process.try_wait(), Ok(None)) {
                return false;
            }
            assert!(Instant::now() < deadline, "the platform is not ready in time");
            std::thread::sleep(Duration::from_millis(20));
        }
        true
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        let pid = i32::try_from(self.process.id()).ok().and_then(rustix::process::Pid::from_raw);
        if let Some(pid) = pid {
            // Already gone is as good.
            let _gone = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        let deadline = Instant::now() + PATIENCE;
        while matches!(self.process.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _gone = self.process.kill();
    }
}

/// Its output replaces that of the one before, so that what it says is its own.
fn up(data: &std::path::Path, listen: &str, attempts: Attempts) -> Child {
    let executor = match attempts {
        Attempts::Simulated => "simulated",
        Attempts::Processes => "process",
    };
    let file = |ending: &str| File::create(data.with_extension(ending)).expect("temporary file");
    Command::new(env!("CARGO_BIN_EXE_wingbeat"))
        .args(["up", "--executor", executor, "--parallelism", "64", "--listen", listen, "--data"])
        .arg(data)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", data.parent().expect("it lies in a temporary folder"))
        .stdin(Stdio::null())
        .stdout(file("out"))
        .stderr(file("err"))
        .spawn()
        .expect("the program starts")
}
