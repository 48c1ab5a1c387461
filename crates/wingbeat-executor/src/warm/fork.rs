//! One forked process that waits for its attempt, and the line over which it gets it.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::sync::OwnedRwLockReadGuard;
use tokio::time::timeout;

use crate::process::{Forker, Launch, TaskProcess, is_gone};

/// How long a process may take from the order to its answer; normally that is milliseconds.
const ANSWER_PATIENCE: Duration = Duration::from_mins(1);

/// A process that has been forked and belongs to no attempt yet.
#[derive(Debug)]
pub(crate) struct Fork {
    line: BufReader<UnixStream>,
    process: TaskProcess,
    /// Until it carries its attempt's mark it is of its interpreter's family, which must not be killed meanwhile.
    unmarked: OwnedRwLockReadGuard<()>,
}

/// Why an interpreter has not forked.
#[derive(Debug)]
pub(super) enum NoFork {
    /// It may another time.
    Now(String),
    /// It is of no use any more.
    Ever(String),
}

impl NoFork {
    fn unasked(error: &io::Error) -> Self {
        let reason = format!("the preloaded interpreter cannot be asked: {error}");
        if is_gone(error) { Self::Ever(reason) } else { Self::Now(reason) }
    }

    pub(super) fn reason(self) -> String {
        match self {
            Self::Now(reason) | Self::Ever(reason) => reason,
        }
    }
}

/// Why an attempt does not run in a forked process.
#[derive(Debug)]
pub(crate) enum NotTaken {
    /// Nothing of it has run; a fresh process may be started.
    Refused(String),
    /// It is not known how far it came; it was killed.
    Unknown(String),
}

/// One line from an interpreter or from a process that it forked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Answer {
    pub(super) pid: Option<i32>,
    pub(super) refused: Option<String>,
    /// Why there is no fork, though there may be one another time.
    pub(super) failed: Option<String>,
    pub(super) read: Vec<String>,
    /// Installed packages that an interpreter has loaded for the code of its attempts, the largest first.
    pub(super) libraries: Vec<String>,
    /// Names that these have looked for in the working folder, where they were not.
    pub(super) missed: Vec<String>,
}

#[derive(Serialize)]
struct Order<'a> {
    env: &'a BTreeMap<String, String>,
    args: &'a [String],
    folder: &'a Path,
    stdout: &'a Path,
    stderr: &'a Path,
    /// What runs in place of the environment's `a0`.
    #[serde(skip_serializing_if = "Option::is_none")]
    program: Option<&'a Path>,
    /// Whether it says on its line what its module imports.
    #[serde(skip_serializing_if = "is_false")]
    tell_imports: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it so")]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// What becomes of a forked process.
#[derive(Clone, Copy)]
enum Role<'a> {
    /// An attempt's own process.
    Attempt { tells_imports: bool },
    /// One that runs this program in place of the environment's `a0`.
    Server(&'a Path),
}

/// The next line. An end of the line is an error as well.
pub(super) async fn answer(line: &mut BufReader<UnixStream>) -> io::Result<Answer> {
    let mut text = String::new();
    if line.read_line(&mut text).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    serde_json::from_str(&text).map_err(io::Error::other)
}

impl Fork {
    /// Has a process forked, waits until it says who it is, and takes charge of it.
    ///
    /// # Errors
    /// The reason why there is none.
    pub(super) async fn new(forker: Arc<Forker>, unmarked: OwnedRwLockReadGuard<()>) -> Result<Self, NoFork> {
        let line = forker.fork().await.map_err(|error| NoFork::unasked(&error))?;
        let mut line = BufReader::new(line);
        let said = timeout(ANSWER_PATIENCE, answer(&mut line)).await;
        let said = said.map_err(|_| NoFork::Ever("the preloaded interpreter does not fork".to_owned()))?;
        let said = said.map_err(|error| {
            NoFork::Ever(format!("the preloaded interpreter ended while it forked: {error}"))
        })?;
        let pid = match said {
            Answer { refused: Some(reason), .. } => return Err(NoFork::Ever(reason)),
            Answer { failed: Some(reason), .. } => return Err(NoFork::Now(reason)),
            Answer { pid: Some(pid), .. } => pid,
            _ => return Err(NoFork::Ever("the preloaded interpreter gave its fork no number".to_owned())),
        };
        // Until it takes an attempt's mark it is looked for by its number and its interpreter's mark.
        let own_mark = format!("{:032x}", rand::random::<u128>());
        let process = TaskProcess::adopt(pid, forker, own_mark)
            .map_err(|error| NoFork::Now(format!("the forked process was lost: {error}")))?;
        Ok(Self { line, process, unmarked })
    }

    /// The process, which will run the attempt. Its record is to be written before it is told to.
    pub(crate) fn process(&mut self, marker: &str) -> &TaskProcess {
        self.process.take_mark(marker.to_owned());
        &self.process
    }

    /// Makes it run the attempt. If that `tells_imports`, it does so on the line that is returned.
    ///
    /// # Errors
    /// [`NotTaken`]; the process is gone.
    pub(crate) async fn run(
        self,
        launch: &Launch<'_>,
        tells_imports: bool,
    ) -> Result<(TaskProcess, BufReader<UnixStream>), NotTaken> {
        self.become_what(launch, Role::Attempt { tells_imports }).await
    }

    /// Makes it run `program`, whose standard input is the other end of the line that is returned.
    ///
    /// # Errors
    /// [`NotTaken`]; the process is gone.
    pub(crate) async fn serve(
        self,
        launch: &Launch<'_>,
        program: &Path,
    ) -> Result<(TaskProcess, BufReader<UnixStream>), NotTaken> {
        self.become_what(launch, Role::Server(program)).await
    }

    async fn become_what(
        mut self,
        launch: &Launch<'_>,
        role: Role<'_>,
    ) -> Result<(TaskProcess, BufReader<UnixStream>), NotTaken> {
        let Launch { args, env, folder, stdout, stderr, .. } = launch;
        let (program, tell_imports) = match role {
            Role::Attempt { tells_imports } => (None, tells_imports),
            Role::Server(program) => (Some(program), false),
        };
        let order = Order { env, args, folder, stdout, stderr, program, tell_imports };
        let body = serde_json::to_vec(&order).expect("an order holds only text");
        let told = timeout(ANSWER_PATIENCE, tell(&mut self.line, &body)).await;
        let refused = match told {
            Ok(Ok(Answer { refused: None, .. })) => return Ok((self.process, self.line)),
            Ok(Ok(Answer { refused: Some(reason), .. })) => NotTaken::Refused(reason),
            // It says that it has taken the attempt before it runs any of it, so it has not.
            Ok(Err(error)) => NotTaken::Refused(format!("the forked process ended early: {error}")),
            Err(_) => NotTaken::Unknown("the forked process did not answer".to_owned()),
        };
        self.discard().await;
        Err(refused)
    }

    /// Ends it without an attempt.
    pub(crate) async fn discard(mut self) {
        self.process.kill_family().await;
        drop(self.unmarked);
    }
}

async fn tell(line: &mut BufReader<UnixStream>, body: &[u8]) -> io::Result<Answer> {
    let size = u32::try_from(body.len()).map_err(io::Error::other)?;
    line.write_all(&size.to_be_bytes()).await?;
    line.write_all(body).await?;
    answer(line).await
}
