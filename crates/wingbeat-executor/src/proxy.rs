//! The loopback listener of one attempt: the only address that a task's process knows.
//!
//! It adds the attempt's identity and fence to every request, so that a process can speak for its own
//! attempt only and a zombie for none, and it hides restarts of the server: unary calls are held until
//! the server is back, and the watch on the task's children stays open. It must never answer for the
//! server, change a message, or say `canceled` on a watch: the stock client takes that as a wish of
//! its own and waits for ever.

mod answer;
mod envelope;
mod headers;
mod pipe;
mod unary;
mod upstream;
mod watch;

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use http::{Method, Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tracing::{debug, warn};

use self::answer::TaskBody;
use self::headers::Stamp;
use self::upstream::Upstream;
use crate::servers::Servers;

/// The call that is held open: the task's watch on its children.
const WATCH_PATH: &str = "/flyteidl2.actions.ActionsService/WatchForUpdates";

/// Ports that are tried before giving up: each may be somebody else's on the other loopback address.
const MOST_PORTS: usize = 16;

/// Whom a listener speaks for. The server checks the fence of every request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptIdentity {
    /// Session of the executor that owns the attempt.
    pub session_id: String,
    /// The server's number of the run.
    pub run_id: i64,
    /// Name of the action.
    pub action: String,
    /// Number of the attempt, from 1.
    pub attempt: u32,
    /// What the attempt was claimed under.
    pub fence: u64,
}

/// The running listener of one attempt. Dropping it ends the listener and all its connections.
#[derive(Debug)]
pub struct AttemptProxy {
    port: u16,
    tasks: JoinSet<()>,
}

impl AttemptProxy {
    /// Listens on a free loopback port and forwards to the present one of `servers`.
    ///
    /// The server does not have to be there yet.
    ///
    /// # Errors
    /// No port could be opened, or the identity holds characters that no header can carry.
    pub async fn start(servers: impl Into<Servers>, identity: &AttemptIdentity) -> io::Result<Self> {
        let stamp =
            Stamp::new(identity).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        let upstream = Arc::new(Upstream::new(servers.into(), stamp));
        let (port, listeners) = listen().await?;
        let mut tasks = JoinSet::new();
        for listener in listeners {
            tasks.spawn(accept(listener, Arc::clone(&upstream)));
        }
        Ok(Self { port, tasks })
    }

    /// What the task gets as its endpoint: `localhost:PORT`.
    ///
    /// The name matters: the stock client turns TLS off for endpoints that contain `localhost`.
    pub fn address(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// Ends the listener and every connection of the attempt, and waits until they are gone.
    pub async fn shutdown(mut self) {
        self.tasks.shutdown().await;
    }
}

/// Listens on one port of both loopback addresses: `localhost` may mean either, and whoever had the
/// other one would get the task's calls.
async fn listen() -> io::Result<(u16, Vec<TcpListener>)> {
    for _ in 0..MOST_PORTS {
        let v4 = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = v4.local_addr()?.port();
        match listen_v6(port).await {
            Ok(v6) => return Ok((port, [Some(v4), v6].into_iter().flatten().collect())),
            Err(error) => debug!(port, %error, "somebody has the port on ::1; taking another one"),
        }
    }
    Err(io::Error::new(io::ErrorKind::AddrInUse, "no port is free on both 127.0.0.1 and ::1"))
}

/// `None`: without IPv6 there is nobody who would ask there.
async fn listen_v6(port: u16) -> io::Result<Option<TcpListener>> {
    match TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await {
        Ok(listener) => Ok(Some(listener)),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(error),
        Err(_) => Ok(None),
    }
}

/// Accepts until the task is aborted; its connections end with it.
async fn accept(listener: TcpListener, upstream: Arc<Upstream>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    connections.spawn(welcome(stream, peer, Arc::clone(&upstream)));
                }
                Err(error) => {
                    // Out of file descriptors, mostly: others will be closed, so wait instead of spinning.
                    warn!(error = %error, "could not accept a connection of a task");
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Serves a connection unless it is another user's.
async fn welcome(stream: TcpStream, peer: SocketAddr, upstream: Arc<Upstream>) {
    let foreign = stream.local_addr().map(|local| wingbeat_peer::is_foreign(peer, local));
    if foreign.unwrap_or(true) {
        warn!("refused a connection of another user to a task's listener");
        return;
    }
    serve(stream, upstream).await;
}

async fn serve(stream: TcpStream, upstream: Arc<Upstream>) {
    // Small messages back and forth: Nagle would add 40 ms to each.
    if let Err(error) = stream.set_nodelay(true) {
        debug!(error = %error, "could not set TCP_NODELAY");
    }
    let service = service_fn(move |request: Request<Incoming>| {
        let upstream = Arc::clone(&upstream);
        async move { Ok::<Response<TaskBody>, Infallible>(route(upstream, request).await) }
    });
    let builder = auto::Builder::new(TokioExecutor::new());
    if let Err(error) = builder.serve_connection(TokioIo::new(stream), service).await {
        debug!(error = %error, "a connection of a task ended early");
    }
}

async fn route(upstream: Arc<Upstream>, request: Request<Incoming>) -> Response<TaskBody> {
    if watch::can_be_held(&request) {
        watch::hold(upstream, request).await
    } else if unary::can_be_held(&request) {
        unary::hold(&upstream, request).await
    } else {
        pipe::forward(&upstream, request).await
    }
}

fn is_post(request: &Request<Incoming>) -> bool {
    request.method() == Method::POST
}

#[cfg(test)]
mod tests;
