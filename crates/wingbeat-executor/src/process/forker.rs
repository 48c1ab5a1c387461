//! A process that forks others for the executor. It stays their parent for as long as it lives, so the kernel tells how they
//! ended to it alone: it is asked, and lets them go only then. Once it is gone they are the executor's own children.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream as StdStream;

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use tokio::io::Interest;
use tokio::net::UnixStream;

use super::{ProcessId, platform};

/// What it is asked, in four bytes: to fork, or for the end of the process with this number.
const FORK: u32 = 0;

/// The executor's end of the socket over which it is asked. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Forker {
    pid: i32,
    /// Opened ahead: it has to be killed also when there is no descriptor left.
    handle: OwnedFd,
    control: UnixStream,
}

impl Forker {
    pub(super) fn new(process: ProcessId, control: UnixStream) -> io::Result<Self> {
        Ok(Self { pid: process.pid, handle: platform::open(process)?, control })
    }

    pub(super) fn pid(&self) -> i32 {
        self.pid
    }

    /// For one that does not answer.
    pub(super) fn kill(&self) {
        platform::kill_opened(&self.handle);
    }

    /// Asks for a fork, which will be at the other end of what is returned.
    ///
    /// # Errors
    /// It is gone ([`is_gone`]), or this process has no descriptor or memory left.
    pub(crate) async fn fork(&self) -> io::Result<UnixStream> {
        self.ask(FORK).await
    }

    /// Asks how a fork has ended, which it has. The answer comes on what is returned; an end of that is the forker's.
    ///
    /// # Errors
    /// As above.
    pub(super) async fn end_of(&self, pid: i32) -> io::Result<UnixStream> {
        self.ask(u32::try_from(pid).map_err(io::Error::other)?).await
    }

    /// Nobody will ask how this fork ends, which it has or is about to: it need not be remembered.
    pub(super) fn let_go(&self, pid: i32) {
        if let (Ok(what), Ok((_unheard, theirs))) = (u32::try_from(pid), StdStream::pair()) {
            let _gone = send_fd(&self.control, &what.to_be_bytes(), &OwnedFd::from(theirs));
        }
    }

    async fn ask(&self, what: u32) -> io::Result<UnixStream> {
        let (ours, theirs) = StdStream::pair()?;
        ours.set_nonblocking(true)?;
        let line = UnixStream::from_std(ours)?;
        let theirs = OwnedFd::from(theirs);
        let send = || send_fd(&self.control, &what.to_be_bytes(), &theirs);
        loop {
            self.control.writable().await?;
            match self.control.try_io(Interest::WRITABLE, send) {
                // `theirs` is closed here: whoever gets it has the only other end, so that its end is heard.
                Ok(()) => return Ok(line),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Whether an error of a question says that the forker has ended.
pub(crate) fn is_gone(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, NotConnected};
    matches!(error.kind(), BrokenPipe | ConnectionReset | NotConnected)
}

fn send_fd(control: &UnixStream, word: &[u8], fd: &OwnedFd) -> io::Result<()> {
    let fds = [fd.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    ancillary.push(SendAncillaryMessage::ScmRights(&fds));
    sendmsg(control, &[IoSlice::new(word)], &mut ancillary, SendFlags::NOSIGNAL)?;
    Ok(())
}
