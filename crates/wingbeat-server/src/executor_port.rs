//! The port for executors on other machines: TLS, and nobody without a join token.
//!
//! Each connection begins with one message, `Join`, and its answer; after that it carries the same calls as the
//! socket of the data folder. A connection whose token is revoked or expires is cut within seconds. An executor that
//! has joined is trusted like the one beside the server: with every attempt that it is given, and to name them.

mod certificate;
mod join;
mod tokens;

use std::fs::DirBuilder;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

pub use self::certificate::{CertificateError, CertificateFiles};
pub use self::tokens::{Recognition, TokenBook, TokenRefusal, TokenRow};
use crate::clock::Clock;
use crate::tasks::Tasks;

/// Time for TLS and for the first message.
const JOIN_PATIENCE: Duration = Duration::from_secs(10);
/// How often a connection's token is looked at again. Only while there are connections.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// After so many milliseconds without an acknowledgement of what was sent, a connection is dead.
const DEAD_AFTER_MS: u32 = 20_000;
/// Bytes between TLS and HTTP.
const BUFFER: usize = 64 << 10;
/// The first byte of every TLS connection: a handshake record.
const TLS_HANDSHAKE: u8 = 0x16;
/// What a program hears that speaks HTTP here.
const NOT_HTTP: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n\
    This port is for executors with a join token, and speaks TLS. Clients use the other one (--listen).\n";

/// What the binary decides about the port.
#[derive(Debug, Clone)]
pub struct ExecutorPortConfig {
    /// Where executors connect.
    pub listen: SocketAddr,
    /// Where tokens and the certificate are kept.
    pub folder: PathBuf,
    /// The operator's certificate; `None`: one of our own.
    pub certificate: Option<CertificateFiles>,
    /// The object store that everybody reaches.
    pub store: String,
}

/// The open port.
pub(crate) struct ExecutorPort {
    joined: mpsc::Receiver<DuplexStream>,
    pub(crate) address: SocketAddr,
}

struct Door {
    acceptor: TlsAcceptor,
    book: TokenBook,
    store: String,
    clock: Clock,
    inside: mpsc::Sender<DuplexStream>,
}

/// Why the port is not open.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// Its certificate.
    #[error("the port for executors has no certificate")]
    Certificate(#[from] CertificateError),
    /// Its address.
    #[error("cannot listen on {address} for executors")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

impl ExecutorPort {
    pub(crate) async fn open(
        config: &ExecutorPortConfig,
        clock: Clock,
        tasks: &Tasks,
    ) -> Result<Self, PortError> {
        let identity = certificate::load(&config.folder, config.certificate.as_ref())?;
        TokenBook::new(&config.folder).keep_pin(identity.pin).map_err(|source| {
            PortError::Certificate(CertificateError::File { path: config.folder.clone(), source })
        })?;
        let failed = |source| PortError::Listen { address: config.listen, source };
        let listener = TcpListener::bind(config.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let (inside, joined) = mpsc::channel(16);
        let door = Arc::new(Door {
            acceptor: TlsAcceptor::from(identity.tls),
            book: TokenBook::new(&config.folder),
            store: config.store.clone(),
            clock,
            inside,
        });
        tasks.spawn("executor-port", accept(listener, door, tasks.clone()));
        Ok(Self { joined, address })
    }
}

impl Listener for ExecutorPort {
    type Io = DuplexStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.joined.recv().await {
            Some(stream) => (stream, self.address),
            // The door is closed: the server is stopping.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok(self.address)
    }
}

async fn accept(listener: TcpListener, door: Arc<Door>, tasks: Tasks) {
    let token = tasks.token();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = token.cancelled() => return,
        };
        match accepted {
            Ok((stream, peer)) => {
                let (door, token) = (door.clone(), tasks.token());
                tasks.spawn("executor-connection", async move {
                    tokio::select! {
                        () = door.serve(stream, peer) => (),
                        () = token.cancelled() => (),
                    }
                });
            }
            Err(error) => {
                // Out of file descriptors, mostly: others will be closed, so wait instead of spinning.
                tracing::warn!(%error, "could not accept a connection of an executor");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

impl Door {
    async fn serve(&self, stream: TcpStream, peer: SocketAddr) {
        // Small messages back and forth: Nagle would add 40 ms to each.
        let _ = stream.set_nodelay(true);
        // A network that swallows everything shows only by this: the server itself writes every 15 s.
        #[cfg(target_os = "linux")]
        if let Err(error) = rustix::net::sockopt::set_tcp_user_timeout(&stream, DEAD_AFTER_MS) {
            tracing::debug!(%error, "cannot set TCP_USER_TIMEOUT");
        }
        let joining = async {
            let tls = self.secured(stream).await?;
            self.admit(tls, peer).await
        };
        let (mut tls, id) = match timeout(JOIN_PATIENCE, joining).await {
            Ok(Ok(Some(joined))) => joined,
            Ok(Ok(None)) => return,
            Ok(Err(error)) => {
                tracing::debug!(%peer, %error, "a connection to the executors' port ended early");
                return;
            }
            Err(_) => {
                tracing::debug!(%peer, "a connection to the executors' port said nothing in time");
                return;
            }
        };
        let (mut ours, theirs) = tokio::io::duplex(BUFFER);
        if self.inside.send(theirs).await.is_err() {
            return;
        }
        tokio::select! {
            ended = copy_bidirectional(&mut tls, &mut ours) => {
                if let Err(error) = ended {
                    tracing::debug!(%peer, %error, "a connection of an executor broke");
                }
            }
            why = self.no_longer_good(&id) => {
                tracing::warn!(%peer, token = id, %why, "a connection of an executor was cut");
            }
        }
    }

    /// TLS, unless the other side speaks something else.
    async fn secured(&self, mut stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let mut first = [0];
        if stream.peek(&mut first).await? == 1 && first[0] != TLS_HANDSHAKE {
            // Read what is there: closing on unread bytes would take the answer away from the other side.
            let mut asked = [0; 4096];
            let _asked_bytes = stream.read(&mut asked).await?;
            stream.write_all(NOT_HTTP).await?;
            stream.shutdown().await?;
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it does not speak TLS"));
        }
        self.acceptor.accept(stream).await
    }

    /// Reads who comes, and answers. `None`: refused.
    async fn admit(
        &self,
        mut tls: TlsStream<TcpStream>,
        peer: SocketAddr,
    ) -> io::Result<Option<(TlsStream<TcpStream>, String)>> {
        let join = join::read(&mut tls).await?;
        let now = self.clock.now().to_parts().0;
        match join::judge(&join, &self.book, &self.store, now) {
            Ok(id) => {
                join::answer(&mut tls, &self.store, None).await?;
                Ok(Some((tls, id)))
            }
            Err(refusal) => {
                tracing::warn!(%peer, executor = join.executor, %refusal, "an executor was refused");
                join::answer(&mut tls, "", Some(&refusal)).await?;
                tls.shutdown().await?;
                Ok(None)
            }
        }
    }

    async fn no_longer_good(&self, id: &str) -> TokenRefusal {
        loop {
            tokio::time::sleep(LOOK_AGAIN).await;
            match self.book.check(id, None, self.clock.now().to_parts().0) {
                Ok(Ok(())) => {}
                Ok(Err(refusal)) => return refusal,
                // A list that cannot be read now lets nobody in; who is in, stays.
                Err(error) => tracing::warn!(%error, "the list of join tokens cannot be read"),
            }
        }
    }
}

/// Makes a folder that only its owner may enter.
fn make_private(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}
