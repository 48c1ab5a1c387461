//! Starts everything in order and stops it in the opposite one.

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::Listener;
use connectrpc::CompressionPolicy;
use tokio::net::{TcpListener, TcpStream, UnixListener};
use wingbeat_blob::{BlobStore, UrlSigner};
use wingbeat_model::{Project, ProjectState};
use wingbeat_store::{Metadata, ReadError, WriteError};

use crate::clock::Clock;
use crate::dispatch::{Dispatcher, Sender};
use crate::driver::{self, BootError, Parts};
use crate::executor_port::{ExecutorPort, ExecutorPortConfig, PortError};
use crate::feed::Feed;
use crate::http::{self, BaseUrl, Guard};
use crate::log_hub::LogHub;
use crate::metrics::Metrics;
use crate::platform::{DEFAULT_ORG, KnownRuns, KnownSpecs, Platform};
use crate::sessions::Sessions;
use crate::tasks::Tasks;

/// The project that every new deployment has; clients' examples use it.
const FIRST_PROJECT: &str = "flytesnacks";
/// How long open requests may take to end at a shutdown.
const DRAIN: Duration = Duration::from_secs(5);

/// What the binary decides.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// Where clients connect.
    pub listen: SocketAddr,
    /// Where executors connect: a path in the data folder.
    pub socket: PathBuf,
    /// Further names that the server is reached by.
    pub allowed_hosts: Vec<String>,
    /// Nobody has to say who they are.
    pub open: bool,
    /// The operator said that everybody may come.
    pub no_auth: bool,
    /// The port for executors on other machines, if there is one.
    pub executor_port: Option<ExecutorPortConfig>,
}

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// Which.
        address: String,
        /// Why.
        source: std::io::Error,
    },
    /// The store cannot be read.
    #[error("the store cannot be read")]
    Read(#[from] ReadError),
    /// The store cannot be written.
    #[error("the store cannot be written")]
    Write(#[from] WriteError),
    /// The port for executors on other machines.
    #[error(transparent)]
    ExecutorPort(#[from] PortError),
    /// The live runs cannot be loaded.
    #[error(transparent)]
    Boot(#[from] BootError),
}

/// A running server.
pub struct Running {
    /// Where clients connect, with the port that was chosen.
    pub address: SocketAddr,
    /// Where executors on other machines connect.
    pub executor_address: Option<SocketAddr>,
    tasks: Tasks,
}

impl Running {
    /// Resolves when a part of the server broke and the process should start anew.
    pub async fn failed(&self) {
        self.tasks.failed().await;
    }

    /// Ends watches and open requests, and waits for what is being written.
    pub async fn shutdown(self) {
        self.tasks.cancel();
        if tokio::time::timeout(DRAIN, self.tasks.join()).await.is_err() {
            tracing::warn!("some requests did not end in time and were cut off");
        }
    }
}

/// Starts a server on `store` and `blob`; it answers when this returns.
///
/// # Errors
/// [`StartError`] says what is in the way; nothing is left running.
pub async fn start(
    config: ServerConfig,
    store: Arc<dyn Metadata>,
    blob: BlobStore,
) -> Result<Running, StartError> {
    let tcp = bind_tcp(config.listen).await?;
    let address = tcp.local_addr().map_err(|source| listen_error(&config.listen, source))?;
    let unix = bind_unix(&config.socket)?;
    let tasks = Tasks::default();
    let clock = Clock::start();
    let port = match &config.executor_port {
        Some(port) => Some(ExecutorPort::open(port, clock.clone(), &tasks).await?),
        None => None,
    };
    let executor_address = port.as_ref().map(|port| port.address);
    let (platform, dispatcher) = assemble(store, blob, clock, &tasks, config.open).await?;
    platform.store.announce(&config.socket.to_string_lossy()).await?;
    if let Some(port) = port {
        serve_port(port, &platform, dispatcher.clone(), address);
    }
    serve(&config, platform, dispatcher, (tcp, address), unix);
    Ok(Running { address, executor_address, tasks })
}

/// Everything but the listeners: what is stored is loaded, and the background tasks run.
pub(crate) async fn assemble(
    store: Arc<dyn Metadata>,
    blob: BlobStore,
    clock: Clock,
    tasks: &Tasks,
    open: bool,
) -> Result<(Arc<Platform>, Dispatcher), StartError> {
    let signer = UrlSigner::new(url_key(&*store).await?);
    seed(&*store, &clock).await?;
    let (dispatcher, orders) = Dispatcher::channel();
    let (feed, sessions) = (Feed::default(), Sessions::default());
    let (logs, metrics) = (LogHub::default(), Metrics::default());
    let parts = Parts {
        store: store.clone(),
        clock: clock.clone(),
        feed: feed.clone(),
        dispatcher: dispatcher.clone(),
        sessions: sessions.clone(),
        logs: logs.clone(),
        metrics: metrics.clone(),
    };
    let driver = driver::start(parts, tasks).await?;
    let sender =
        Sender::new(store.clone(), blob.clone(), sessions.clone(), driver.clone(), dispatcher.clone());
    let token = tasks.token();
    tasks.spawn("dispatcher", async move {
        tokio::select! {
            () = sender.run(orders) => (),
            () = token.cancelled() => (),
        }
    });
    // Where several share a store, one of them looks after sessions that have lost their server.
    let left = if store.is_shared() { Vec::new() } else { store.open_sessions().await? };
    for session in left {
        sessions.start_lease(session.id, driver.clone(), tasks);
    }
    let platform = Arc::new(Platform {
        store,
        blob,
        signer,
        driver,
        feed,
        logs,
        sessions,
        clock,
        metrics,
        known_runs: KnownRuns::default(),
        known_specs: KnownSpecs::default(),
        tasks: tasks.clone(),
        open,
    });
    Ok((platform, dispatcher))
}

fn serve(
    config: &ServerConfig,
    platform: Arc<Platform>,
    dispatcher: Dispatcher,
    (tcp, address): (TcpListener, SocketAddr),
    unix: UnixListener,
) {
    let tasks = platform.tasks.clone();
    let guard = Guard { allowed_hosts: config.allowed_hosts.clone(), any_user: config.no_auth };
    let public = http::public(platform.clone(), crate::rpc::public_api(&platform), guard.clone());
    let private = http::private(
        // Nothing is gained by smaller messages on a socket of this machine.
        crate::rpc::private_api(&platform, dispatcher, CompressionPolicy::disabled()),
        BaseUrl(format!("http://{}", reachable(address))),
    );
    let listener = Guarded { tcp, address, guard };
    let stop = tasks.token().cancelled_owned();
    let served = axum::serve(listener, public).with_graceful_shutdown(stop).into_future();
    tasks.spawn("http", async move { report("http", served).await });
    let stop = tasks.token().cancelled_owned();
    let served = axum::serve(unix, private).with_graceful_shutdown(stop).into_future();
    tasks.spawn("executor-socket", async move { report("executor socket", served).await });
}

/// Executors on other machines reach what those on the socket do.
fn serve_port(port: ExecutorPort, platform: &Arc<Platform>, dispatcher: Dispatcher, address: SocketAddr) {
    let private = http::private(
        crate::rpc::private_api(platform, dispatcher, CompressionPolicy::default()),
        BaseUrl(format!("http://{}", reachable(address))),
    );
    let stop = platform.tasks.token().cancelled_owned();
    let served = axum::serve(port, private).with_graceful_shutdown(stop).into_future();
    platform.tasks.spawn("executor-port-http", async move { report("executors' port", served).await });
}

async fn report(name: &'static str, served: impl Future<Output = std::io::Result<()>>) {
    if let Err(error) = served.await {
        tracing::error!(%error, name, "listener failed");
    }
}

/// A listener that turns foreign users away and sends small answers at once.
struct Guarded {
    tcp: TcpListener,
    address: SocketAddr,
    guard: Guard,
}

impl Listener for Guarded {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, peer) = Listener::accept(&mut self.tcp).await;
            if !self.guard.admits(peer, stream.local_addr().unwrap_or(self.address)) {
                tracing::warn!(%peer, "refused a connection of another user of this machine");
                continue;
            }
            // Nagle's algorithm would hold small answers back for 40 ms.
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "cannot set TCP_NODELAY");
            }
            return (stream, peer);
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        Ok(self.address)
    }
}

fn listen_error(address: &SocketAddr, source: std::io::Error) -> StartError {
    StartError::Listen { address: address.to_string(), source }
}

async fn bind_tcp(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|source| listen_error(&address, source))
}

fn bind_unix(path: &PathBuf) -> Result<UnixListener, StartError> {
    let error = |source| StartError::Listen { address: path.display().to_string(), source };
    // The data folder's lock is held, so a socket that is there belongs to a server that died.
    match std::fs::remove_file(path) {
        Ok(()) => (),
        Err(gone) if gone.kind() == std::io::ErrorKind::NotFound => (),
        Err(other) => return Err(error(other)),
    }
    UnixListener::bind(path).map_err(error)
}

/// The key of signed URLs; made once, shared by all replicas.
async fn url_key(store: &dyn Metadata) -> Result<[u8; 32], StartError> {
    let fresh: [u8; 32] = rand::random();
    let kept = store.init_setting("blob-url-key", &fresh).await?;
    Ok(kept.try_into().unwrap_or(fresh))
}

async fn seed(store: &dyn Metadata, clock: &Clock) -> Result<(), StartError> {
    let now = clock.now();
    let project = Project {
        org: DEFAULT_ORG.into(),
        id: FIRST_PROJECT.into(),
        name: FIRST_PROJECT.to_owned(),
        description: "The first project of every deployment.".to_owned(),
        labels: Vec::new(),
        state: ProjectState::Active,
        created_at: now,
        updated_at: now,
    };
    match store.create_project(&project).await {
        Ok(()) | Err(WriteError::Exists) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// An address that tasks of this machine can reach: a server that listens everywhere is on loopback too.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    address
}
