//! The way to a server on another machine: a Unix socket of our own, each connection of which is carried over TLS.
//!
//! Link and attempts speak to the socket as they would to a server beside them. Each connection shows the join token
//! first; what the server then says decides: a refusal ends the executor, everything else is tried again by whoever
//! opened the connection. Nothing of the token appears in an error or a log.

mod join;
mod verify;

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::copy_bidirectional;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

pub use self::join::{JoinConfig, JoinError};
use crate::errors::told;

/// How long a server that was never reached may stay away.
const FIRST_GRACE: Duration = Duration::from_mins(2);
/// Time between two tries at the start.
const PAUSE: Duration = Duration::from_secs(2);

/// The running bridge. Dropping it ends it with every connection.
#[derive(Debug)]
pub(crate) struct Bridge {
    refused: watch::Receiver<Option<String>>,
    _tasks: JoinSet<()>,
}

/// What the connections share.
struct Way {
    join: JoinConfig,
    store: String,
    refused: watch::Sender<Option<String>>,
    /// What was said last, so that a server that stays away is said to be so once.
    said: Mutex<String>,
}

/// Joins for the first time: the object store of the platform. A server that is not there is waited for.
///
/// # Errors
/// The server refuses this executor, is another one, or stayed away.
pub(crate) async fn first_join(join: &JoinConfig) -> Result<String, JoinError> {
    let begun = Instant::now();
    let mut said = String::new();
    loop {
        match join::join(join, "").await {
            Ok((_stream, store)) => return Ok(store),
            Err(error) if error.is_final() || begun.elapsed() >= FIRST_GRACE => return Err(error),
            Err(error) => {
                let text = told(&error);
                if text != said {
                    tracing::warn!("{text}; trying again");
                    said = text;
                }
                sleep(PAUSE).await;
            }
        }
    }
}

impl Bridge {
    /// Opens the socket at `socket`, where the server then seems to be, for an executor that uses `store`.
    pub(crate) fn open(join: JoinConfig, store: String, socket: &Path) -> io::Result<Self> {
        match fs::remove_file(socket) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(socket)?;
        fs::set_permissions(socket, fs::Permissions::from_mode(0o600))?;
        let (refused, hear) = watch::channel(None);
        let way = Arc::new(Way { join, store, refused, said: Mutex::default() });
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, way));
        Ok(Self { refused: hear, _tasks: tasks })
    }

    /// Resolves when the server refuses this executor for good, with its reason.
    pub(crate) async fn refused(&self) -> String {
        let mut refused = self.refused.clone();
        let reason = refused.wait_for(Option::is_some).await.ok().and_then(|reason| reason.clone());
        match reason {
            Some(reason) => reason,
            // The bridge is gone; whoever dropped it does not listen.
            None => std::future::pending().await,
        }
    }
}

/// Accepts until the task is aborted; its connections end with it.
async fn accept(listener: UnixListener, way: Arc<Way>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(carry(stream, Arc::clone(&way)));
                }
                Err(error) => {
                    // Out of file descriptors, mostly: others will be closed, so wait instead of spinning.
                    tracing::warn!(%error, "could not accept a connection to the server");
                    sleep(Duration::from_millis(100)).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn carry(mut local: UnixStream, way: Arc<Way>) {
    match join::join(&way.join, &way.store).await {
        Ok((mut remote, _)) => {
            way.said.lock().unwrap_or_else(PoisonError::into_inner).clear();
            // Either end may break at any time; both sides then make a new connection.
            let _broken = copy_bidirectional(&mut local, &mut remote).await;
        }
        Err(error) => {
            let text = told(&error);
            if error.ends_membership() {
                let _nobody = way.refused.send(Some(text));
                return;
            }
            let mut said = way.said.lock().unwrap_or_else(PoisonError::into_inner);
            if *said != text {
                tracing::warn!("{text}; trying again");
                *said = text;
            }
        }
    }
}
