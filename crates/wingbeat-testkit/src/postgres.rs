//! A real PostgreSQL for tests: started when it is first asked for, gone with the process that asked, however that
//! ended. Where there is none, tests fail and say what to install, unless `WINGBEAT_SKIP_POSTGRES=1` is set.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

/// The password of the one user, who may do everything.
pub const PASSWORD: &str = "opensesame";

const SCRIPT: &str = include_str!("postgres/server.sh");
const SKIP: &str = "WINGBEAT_SKIP_POSTGRES";

/// A running server with databases of its own.
pub struct PostgresServer {
    folder: String,
    control: Mutex<Control>,
    // The script ends when this process does, by the end of its input.
    _script: Child,
}

struct Control {
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
    databases: u32,
}

impl PostgresServer {
    /// The server that this process's tests share. `None`: tests without one were asked for.
    ///
    /// # Panics
    /// There is no PostgreSQL on this machine.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<PostgresServer>> = OnceLock::new();
        SHARED.get_or_init(Self::start).as_ref()
    }

    /// A server of one's own, to be stopped and started.
    ///
    /// # Panics
    /// There is no PostgreSQL on this machine.
    pub fn start() -> Option<Self> {
        if std::env::var_os(SKIP).is_some_and(|value| value == "1") {
            eprintln!("SKIPPED: tests on PostgreSQL are left out, because {SKIP}=1 is set");
            return None;
        }
        let mut script = Command::new("sh")
            .args(["-c", SCRIPT])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // What ends this process's group must not end the one that cleans up.
            .process_group(0)
            .spawn()
            .expect("a shell starts");
        let commands = script.stdin.take().expect("a pipe");
        let mut answers = BufReader::new(script.stdout.take().expect("a pipe"));
        let first = read_line(&mut answers);
        let Some(folder) = first.strip_prefix("ready ").map(str::to_owned) else {
            assert!(first != "missing", "{}", missing());
            panic!("the PostgreSQL of the tests does not start: {first}");
        };
        let control = Mutex::new(Control { commands, answers, databases: 0 });
        Some(Self { folder, control, _script: script })
    }

    /// The address of a new and empty database.
    pub fn database(&self) -> String {
        let mut control = self.control.lock().unwrap_or_else(PoisonError::into_inner);
        control.databases += 1;
        let name = format!("test{}", control.databases);
        control.ask(&format!("create {name}"));
        self.address(&name, PASSWORD)
    }

    /// The address of a database that may not be there.
    pub fn address(&self, name: &str, password: &str) -> String {
        format!("postgres://wingbeat:{password}@localhost/{name}?host={}", self.folder)
    }

    /// Stops it as an administrator would.
    pub fn stop(&self) {
        self.ask("stop");
    }

    /// Stops it as a loss of power would.
    pub fn kill(&self) {
        self.ask("kill");
    }

    /// Starts it again.
    pub fn start_again(&self) {
        self.ask("start");
    }

    fn ask(&self, command: &str) {
        self.control.lock().unwrap_or_else(PoisonError::into_inner).ask(command);
    }
}

impl Control {
    fn ask(&mut self, command: &str) {
        writeln!(self.commands, "{command}").expect("the script takes commands");
        let answer = read_line(&mut self.answers);
        assert!(answer.starts_with("done "), "`{command}` was answered by `{answer}`");
    }
}

fn read_line(answers: &mut impl BufRead) -> String {
    let mut line = String::new();
    answers.read_line(&mut line).expect("the script answers");
    line.trim().to_owned()
}

fn missing() -> String {
    format!(
        "there is no PostgreSQL for the tests: run scripts/postgres.sh, or install Debian's package `postgresql` \
         (initdb and postgres on the path, or in /usr/lib/postgresql/*/bin). {SKIP}=1 leaves these tests out."
    )
}
