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

use super::forker::Forker;
use super::platform;
use crate::outcome::Exit;

/// How long a parent may take to say how a process has ended before it is killed, which makes the process this one's child.
/// Shorter than anybody waits for the end of a killed process.
const FORKER_PATIENCE: Duration = Duration::from_secs(8);

/// How long the kernel may take to hand over the children of a parent that is gone.
const HANDOVER_PATIENCE: Duration = Duration::from_secs(10);

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
    exit: Option<Exit>,
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
        Ok(Self::Adopted(Adopted { pid, parent, ended, answer: None, exit: None }))
    }

    /// Whether its number is still its own: it was not waited for to its end.
    pub(super) fn is_unreaped(&self) -> bool {
        match self {
            Self::Started(child) => child.id().is_some(),
            Self::Adopted(adopted) => adopted.exit.is_none(),
        }
    }

    /// Waits for its end. Harmless to cancel and to repeat.
    ///
    /// # Errors
    /// The system does not say how it ended.
    pub(super) async fn wait(&mut self) -> io::Result<Exit> {
        match self {
            Self::Started(child) => child.wait().await.map(exit_of),
            Self::Adopted(adopted) => adopted.wait().await,
        }
    }
}

impl Adopted {
    async fn wait(&mut self) -> io::Result<Exit> {
        if let Some(exit) = self.exit {
            return Ok(exit);
        }
        let _stays_so = self.ended.readable().await?;
        let exit = match self.asked().await {
            Some(exit) => Ok(exit),
            None => self.own().await,
        };
        // Where even that fails somebody else waited for it; its number may be anybody's by now.
        self.exit = Some(*exit.as_ref().unwrap_or(&Exit::Code(-1)));
        exit
    }

    /// What its parent says; `None` if that is gone, or has to go because it says nothing.
    async fn asked(&mut self) -> Option<Exit> {
        if let Ok(told) = timeout(FORKER_PATIENCE, self.told()).await {
            return told;
        }
        tracing::warn!(pid = self.parent.pid(), "a preloaded interpreter does not answer; it is killed");
        self.parent.kill();
        timeout(HANDOVER_PATIENCE, self.told()).await.ok().flatten()
    }

    /// What its parent says; `None` if that is gone. What was asked is not asked again: it is let go with the answer.
    async fn told(&mut self) -> Option<Exit> {
        let answer = match &mut self.answer {
            Some(answer) => answer,
            None => self.answer.insert(self.parent.end_of(self.pid).await.ok()?),
        };
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

/// As Python writes it: a signal is a negative number.
fn exit_of_code(code: i32) -> Exit {
    if code < 0 { Exit::Signal(-code) } else { Exit::Code(code) }
}

fn exit_of(status: ExitStatus) -> Exit {
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, Some(signal)) => Exit::Signal(signal),
        (None, None) => Exit::Code(-1),
    }
}
