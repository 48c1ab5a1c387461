//! The first process of a family, and how its end is learnt: as that of a child that was started here, or of
//! one that was forked elsewhere and handed to this process by the kernel.
//!
//! It never signals; that is for the module above.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use tokio::io::unix::AsyncFd;
use tokio::process::Child;

use super::platform;
use crate::outcome::Exit;

/// A process whose end is ours to learn.
#[derive(Debug)]
pub(super) enum Leader {
    Started(Box<Child>),
    Adopted(Adopted),
}

/// A child that another process forked for us.
#[derive(Debug)]
pub(super) struct Adopted {
    pid: i32,
    /// Readable once it has ended.
    ended: AsyncFd<OwnedFd>,
    exit: Option<Exit>,
}

impl Leader {
    pub(super) fn started(child: Child) -> Self {
        Self::Started(Box::new(child))
    }

    /// # Errors
    /// It is no child of this process (any more).
    #[expect(
        deprecated,
        reason = "it is unsound for types that lie about their descriptor; an `OwnedFd` does not"
    )]
    pub(super) fn adopted(pid: i32) -> io::Result<Self> {
        let ended = AsyncFd::new(platform::open_child(pid)?)?;
        Ok(Self::Adopted(Adopted { pid, ended, exit: None }))
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
        loop {
            let mut ready = self.ended.readable().await?;
            match platform::reap(self.pid) {
                Ok(Some(exit)) => {
                    self.exit = Some(exit);
                    return Ok(exit);
                }
                Ok(None) => ready.clear_ready(),
                Err(error) => {
                    // Somebody else waited for it; its number may be anybody's by now.
                    self.exit = Some(Exit::Code(-1));
                    return Err(error);
                }
            }
        }
    }
}

fn exit_of(status: ExitStatus) -> Exit {
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, Some(signal)) => Exit::Signal(signal),
        (None, None) => Exit::Code(-1),
    }
}
