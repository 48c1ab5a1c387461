//! The first process of a family, and how its end is learnt: as that of a child that was started here, or of
//! one that was forked elsewhere, whose parent knows it.
//!
//! It signals nobody but a parent that does not answer; all else is for the module above.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::unix::AsyncFd;
use tokio::net::UnixStream;
use tokio::process::Child;
use tokio::time::{Instant, sleep, timeout};

use super::forker::{Forker, is_gone};
use super::platform;
use crate::outcome::Exit;

/// How long a parent may take to say how a process has ended before it is killed, which makes the process this one's child.
/// Shorter than anybody waits for the end of a killed process.
const FORKER_PATIENCE: Duration = Duration::from_secs(8);

/// How long the kernel may take to hand over the children of a parent that is gone.
const HANDOVER_PATIENCE: Duration = Duration::from_secs(10);

/// Pause before a parent is asked again when this process could not ask.
const ASK_AGAIN: Duration = Duration::from_millis(20);

/// A process whose end is ours to learn.
#[derive(Debug)]
pub(super) enum Leader {
    Started(Box<Child>),
    Adopted(Adopted),
}

/// A child of another process that forked it for us, or of this one once that is gone.
#[derive(Debug)]
pub(super) struct Adopted {
    pid: i32,
    parent: Arc<Forker>,
    /// Readable once it has ended.
    ended: AsyncFd<OwnedFd>,
    /// Where its parent answers, once that is asked.
    answer: Option<UnixStream>,
}

impl Leader {
    pub(super) fn started(child: Child) -> Self {
        Self::Started(Box::new(child))
    }

    /// # Errors
    /// It is no child of these two (any more).
    #[expect(
        deprecated,
        reason = "it is unsound for types that lie about their descriptor; an `OwnedFd` does not"
    )]
    pub(super) fn adopted(pid: i32, parent: Arc<Forker>) -> io::Result<Self> {
        let ended = AsyncFd::new(platform::open_child(pid, parent.pid())?)?;
        Ok(Self::Adopted(Adopted { pid, parent, ended, answer: None }))
    }

    /// Before its end is known: whether nobody can have waited for it, so that its number cannot be anybody else's.
    pub(super) fn has_its_number(&self) -> bool {
        match self {
            Self::Started(child) => child.id().is_some(),
            Self::Adopted(adopted) => adopted.answer.is_none(),
        }
    }

    /// Waits for its end, which is told once. Harmless to cancel.
    ///
    /// # Errors
    /// The system does not say how it ended: somebody else has waited for it.
    pub(super) async fn wait(&mut self) -> io::Result<Exit> {
        match self {
            Self::Started(child) => child.wait().await.map(exit_of),
            Self::Adopted(adopted) => adopted.wait().await,
        }
    }
}

impl Adopted {
    async fn wait(&mut self) -> io::Result<Exit> {
        let _stays_so = self.ended.readable().await?;
        match self.asked().await {
            Some(exit) => Ok(exit),
            None => self.own().await,
        }
    }

    /// What its parent says; `None` if that is gone, or has to go because it says nothing.
    async fn asked(&mut self) -> Option<Exit> {
        // What was asked is not asked again: it is let go with the answer.
        if self.answer.is_none() {
            self.answer = ask(&self.parent, self.pid).await;
        }
        let told_in_time = match &self.answer {
            Some(answer) => timeout(FORKER_PATIENCE, told(answer)).await,
            None => Ok(None),
        };
        if let Ok(Some(exit)) = told_in_time {
            return Some(exit);
        }
        if told_in_time.is_err() {
            tracing::warn!(pid = self.parent.pid(), "a preloaded interpreter does not answer; it is killed");
        }
        // It is as good as gone; while it is not, the process stays its child.
        self.parent.kill();
        // An answer may be on its way.
        timeout(HANDOVER_PATIENCE, told(self.answer.as_ref()?)).await.ok().flatten()
    }

    /// As a child of this process, which it will be in a moment.
    async fn own(&self) -> io::Result<Exit> {
        let deadline = Instant::now() + HANDOVER_PATIENCE;
        loop {
            match platform::reap(self.pid) {
                Ok(Some(exit)) => return Ok(exit),
                Err(error) if Instant::now() > deadline => return Err(error),
                Ok(None) | Err(_) => sleep(Duration::from_millis(1)).await,
            }
        }
    }
}

impl Drop for Adopted {
    fn drop(&mut self) {
        if self.answer.is_none() {
            self.parent.let_go(self.pid);
        }
    }
}

/// What a parent says; `None` if it is gone.
async fn told(answer: &UnixStream) -> Option<Exit> {
    loop {
        answer.readable().await.ok()?;
        let mut code = [0; 4];
        match answer.try_read(&mut code) {
            // Written at once, so never read in parts.
            Ok(4) => return Some(exit_of_code(i32::from_be_bytes(code))),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Ok(_) | Err(_) => return None,
        }
    }
}

/// Where `parent` answers; `None` if it is gone. What else may fail is for want of descriptors or memory, which comes and goes.
async fn ask(parent: &Forker, pid: i32) -> Option<UnixStream> {
    loop {
        match parent.end_of(pid).await {
            Ok(answer) => return Some(answer),
            Err(error) if is_gone(&error) => return None,
            Err(error) => {
                tracing::debug!(pid, %error, "cannot ask yet how a process ended");
                sleep(ASK_AGAIN).await;
            }
        }
    }
}

/// As Python writes it: a signal is a negative number.
fn exit_of_code(code: i32) -> Exit {
    if code < 0 { Exit::Signal(-code) } else { Exit::Code(code) }
}

fn exit_of(status: ExitStatus) -> Exit {
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, Some(signal)) => Exit::Signal(signal),
        (None, None) => Exit::Unknown,
    }
}
