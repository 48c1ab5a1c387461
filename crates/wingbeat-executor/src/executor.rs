//! One executor from its start to its end: takes the data folder, ends what its predecessor left, keeps
//! the link to the server, and stops its tasks before it goes.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use connectrpc::ErrorCode;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use wingbeat_blob::{BlobStore, BucketError, OpenError, S3Address, StoreAddress};
use wingbeat_client::{Client, ServerAddr};
use wingbeat_proto::wingbeat::executor::v1::LeaveRequest;

use crate::bridge::{self, Bridge, JoinError};
use crate::capacity::Capacity;
use crate::config::{ExecutorConfig, ExecutorKind, Isolation, ServerPlace};
use crate::environment;
use crate::folder::{DataFolder, FolderError};
use crate::link::{self, Link, LinkEnd};
use crate::logs::LiveLogs;
use crate::outbox::Outbox;
use crate::outcome::OutputsFile;
use crate::process;
use crate::python::PythonEnvironment;
use crate::registry::{Registry, StopOrder};
use crate::reuse::ReusePool;
use crate::servers::Servers;
use crate::simulated;
use crate::successor;
use crate::tasks::Tasks;
use crate::warm::WarmPool;

/// How long the last reports of an ending executor may take to be acknowledged.
const LAST_REPORTS_PATIENCE: Duration = Duration::from_secs(5);

/// How often a draining executor looks whether it is done.
const IDLE_LOOK: Duration = Duration::from_millis(200);

/// Files that are open per attempt: two logs, the listener, its connections. 1024, the usual limit,
/// would end at some hundred waiting parents.
const WANTED_FILES: u64 = 65_536;

/// Why an executor ended.
#[derive(Debug, thiserror::Error)]
pub enum ExecutorError {
    /// Its data folder cannot be used.
    #[error("the executor cannot use its data folder")]
    Folder(#[from] FolderError),
    /// It could not be said who has the data folder now.
    #[error("the executor could not say that the data folder is its own")]
    Announce(#[source] io::Error),
    /// The object store cannot be opened.
    #[error("the executor cannot open the object store")]
    Store(#[from] OpenError),
    /// The server on another machine cannot be joined.
    #[error("the executor cannot join the server")]
    Join(#[from] JoinError),
    /// The way to it cannot be opened on this machine.
    #[error("the executor cannot open its socket")]
    Bridge(#[source] io::Error),
    /// The server's store is a folder of its own machine.
    #[error(
        "the server keeps its objects in `{store}`, which this machine does not reach; it needs --store s3://…"
    )]
    StoreNotShared {
        /// As the server calls it.
        store: String,
    },
    /// The object store is a bucket that cannot be used.
    #[error("the executor cannot use the object store")]
    Bucket(#[from] BucketError),
    /// The outputs file of simulated attempts cannot be made.
    #[error("could not prepare the outputs of simulated attempts: {reason}")]
    SimulatedOutputs {
        /// What failed.
        reason: String,
    },
    /// The server ended the session; a new executor gets a new one. The tasks were stopped.
    #[error("the server does not accept this executor any more: {reason}")]
    Refused {
        /// What the server said.
        reason: String,
    },
    /// The server stayed away longer than its grace. The tasks were stopped.
    #[error("the server did not answer for {} s", grace.as_secs())]
    ServerAway {
        /// How long it was waited for.
        grace: Duration,
    },
}

/// What the parts of one executor share.
#[derive(Debug)]
pub(crate) struct Executor {
    pub(crate) name: String,
    pub(crate) kind: ExecutorKind,
    pub(crate) session_id: String,
    pub(crate) capacity: Capacity,
    pub(crate) servers: Servers,
    pub(crate) stop_grace: Duration,
    pub(crate) host_env: Vec<(String, String)>,
    pub(crate) pass_env: Vec<String>,
    /// Queues that it serves; none: all of them.
    pub(crate) queues: Vec<String>,
    pub(crate) python: PythonEnvironment,
    pub(crate) folder: Arc<DataFolder>,
    pub(crate) store: BlobStore,
    /// What a task needs to reach the store by itself.
    pub(crate) store_env: Vec<(String, String)>,
    /// Set where attempts may be forked from preloaded interpreters.
    pub(crate) warm: Option<WarmPool>,
    /// Set where attempts may share processes.
    pub(crate) reuse: Option<ReusePool>,
    /// Set for the simulated kind only.
    pub(crate) simulated: Option<OutputsFile>,
    pub(crate) live: Arc<LiveLogs>,
    pub(crate) outbox: Outbox,
    pub(crate) registry: Registry,
    pub(crate) tasks: Tasks,
    /// Cancelled when somebody wished that this executor takes nothing new, and ends.
    pub(crate) draining: CancellationToken,
    /// Cancelled when the server says that somebody wished so.
    pub(crate) told_to_drain: CancellationToken,
    /// Cancelled when a drained executor asks the server whether it may end.
    pub(crate) leaving: CancellationToken,
}

impl Executor {
    /// Does it run nothing, and has it nothing to report?
    fn is_idle(&self) -> bool {
        link::holding(&self.registry, &self.outbox).is_empty()
    }

    /// Ends the processes that wait for attempts; those with attempts end with them.
    fn close_pools(&self) {
        if let Some(reuse) = &self.reuse {
            reuse.close();
        }
        if let Some(warm) = &self.warm {
            warm.close();
        }
    }
}

/// Runs an executor until `shutdown` resolves, or `drain_wish` does and everything that it runs has ended. Every task process
/// is gone when this returns.
///
/// `announce` is called once, as soon as the data folder is this executor's own: only then may it tell
/// others that it is the one.
///
/// It takes the whole process: it raises the limit of open files, adopts orphans, and reaps every child
/// that it did not start itself. So nothing else in the process may wait for children.
///
/// # Errors
/// [`ExecutorError`]: it could not start, or had to end by itself. Starting it again is safe.
pub async fn run(
    config: ExecutorConfig,
    announce: impl FnOnce() -> io::Result<()>,
    shutdown: impl Future<Output = ()>,
    drain_wish: impl Future<Output = ()>,
) -> Result<(), ExecutorError> {
    let folder = DataFolder::open(&config.data_dir).await?;
    announce().map_err(ExecutorError::Announce)?;
    tokio::pin!(shutdown);
    let prepared = tokio::select! {
        prepared = prepare(config, folder) => prepared?,
        // Nothing runs yet.
        () = &mut shutdown => return Ok(()),
    };
    let (executor, bridge) = (Arc::new(prepared.0), prepared.1);
    let mut link = Link::new(Arc::clone(&executor));
    let ended = tokio::select! {
        // A drained executor whose session has ended has left, even if it did not hear so.
        ended = link.keep() => Some(ended).filter(|_| !(executor.leaving.is_cancelled() && executor.is_idle())),
        reason = refused(bridge.as_ref()) => Some(LinkEnd::Refused { reason }),
        () = shutdown => None,
        () = drained(&executor, drain_wish) => None,
    };
    match ended {
        None => {
            drain(&executor, &mut link).await;
            Ok(())
        }
        Some(LinkEnd::Refused { reason }) => {
            stop_tasks(&executor, StopOrder::Disowned).await;
            Err(ExecutorError::Refused { reason })
        }
        Some(LinkEnd::ServerAway { grace }) => {
            stop_tasks(&executor, StopOrder::ExecutorEnds("the server stayed away".to_owned())).await;
            Err(ExecutorError::ServerAway { grace })
        }
    }
}

/// Resolves when a server elsewhere refuses this executor for good.
async fn refused(bridge: Option<&Bridge>) -> String {
    match bridge {
        Some(bridge) => bridge.refused().await,
        None => std::future::pending().await,
    }
}

/// Resolves when somebody wished that this executor drains, and nothing is left to do.
async fn drained(executor: &Executor, wish: impl Future<Output = ()>) {
    tokio::select! {
        () = wish => {}
        () = executor.told_to_drain.cancelled() => tracing::info!("the server asks this executor to drain"),
    }
    tracing::info!("draining: nothing new is taken, and what runs goes on to its end");
    executor.draining.cancel();
    while !executor.is_idle() || !may_leave(executor).await {
        sleep(IDLE_LOOK).await;
    }
    tracing::info!("drained: everything has ended and is reported");
}

/// Asks the server, which knows whether something is on its way to here.
async fn may_leave(executor: &Executor) -> bool {
    executor.leaving.cancel();
    let client = Client::new(ServerAddr::Unix(executor.servers.present())).executors();
    let request = LeaveRequest { session_id: executor.session_id.clone(), ..LeaveRequest::default() };
    match timeout(LAST_REPORTS_PATIENCE, Box::pin(client.leave(request))).await {
        Ok(Ok(answer)) => answer.into_owned().left,
        // A server of before, which does not know either.
        Ok(Err(error)) if error.code == ErrorCode::Unimplemented => true,
        Ok(Err(error)) => {
            tracing::debug!(%error, "the server does not say whether this executor may end");
            false
        }
        Err(_) => false,
    }
}

async fn prepare(
    config: ExecutorConfig,
    folder: DataFolder,
) -> Result<(Executor, Option<Bridge>), ExecutorError> {
    raise_file_limit();
    if let Err(error) = process::adopt_orphans() {
        tracing::warn!(%error, "daemons of tasks will be found by their mark only");
    }
    let estate = successor::end_leftovers(&folder).await;
    if estate.n_killed > 0 {
        tracing::warn!(n_killed = estate.n_killed, "killed processes that a former executor left running");
    }
    let (socket, address, bridge) = find_server(&config).await?;
    let store = open_store(&address, &config.host_env).await?;
    estate.settle(&store).await;
    let simulated = match config.kind {
        ExecutorKind::Process => None,
        ExecutorKind::Simulated => Some(shared_outputs(&store).await?),
    };
    let (folder, tasks) = (Arc::new(folder), Tasks::default());
    let capacity = Capacity::measure(&config);
    let warm = match (config.kind, config.isolation) {
        (ExecutorKind::Process, Isolation::Reuse | Isolation::Warm) => {
            Some(WarmPool::new(Arc::clone(&folder), tasks.clone(), config.warm_idle))
        }
        (ExecutorKind::Process, Isolation::Process) | (ExecutorKind::Simulated, _) => None,
    };
    let reuse = warm.clone().filter(|_| config.isolation == Isolation::Reuse);
    let reuse =
        reuse.map(|warm| ReusePool::new(Arc::clone(&folder), tasks.clone(), warm, capacity.max_processes));
    let executor = Executor {
        capacity,
        session_id: format!("{:032x}", rand::random::<u128>()),
        python: PythonEnvironment::find(config.python.as_deref(), &config.host_env),
        store_env: if store.is_shared() { environment::of_bucket(&config.host_env) } else { Vec::new() },
        store,
        name: config.name,
        kind: config.kind,
        servers: if bridge.is_some() { Servers::elsewhere(socket) } else { socket.into() },
        stop_grace: config.stop_grace,
        host_env: config.host_env,
        pass_env: config.pass_env,
        queues: config.queues,
        folder,
        warm,
        reuse,
        simulated,
        live: Arc::new(LiveLogs::new()),
        outbox: Outbox::default(),
        registry: Registry::default(),
        tasks,
        draining: CancellationToken::new(),
        told_to_drain: CancellationToken::new(),
        leaving: CancellationToken::new(),
    };
    Ok((executor, bridge))
}

/// The socket behind which the server is, and the store that the platform uses.
async fn find_server(
    config: &ExecutorConfig,
) -> Result<(PathBuf, StoreAddress, Option<Bridge>), ExecutorError> {
    let join = match &config.server {
        ServerPlace::Beside { socket, store } => return Ok((socket.clone(), store.clone(), None)),
        ServerPlace::Elsewhere(join) => join,
    };
    let store = bridge::first_join(join).await?;
    let address =
        S3Address::parse(&store).map_err(|_| ExecutorError::StoreNotShared { store: store.clone() })?;
    let socket = config.data_dir.join("bridge.sock");
    let bridge = Bridge::open(join.clone(), store, &socket).map_err(ExecutorError::Bridge)?;
    tracing::info!(server = ?join, store = %address, "joined");
    Ok((socket, StoreAddress::S3(address), Some(bridge)))
}

async fn open_store(
    address: &StoreAddress,
    host_env: &[(String, String)],
) -> Result<BlobStore, ExecutorError> {
    match address {
        StoreAddress::Local(folder) => Ok(BlobStore::open_local(folder)?),
        StoreAddress::S3(address) => {
            let store = BlobStore::open_s3(address, host_env)?;
            store.check().await?;
            Ok(store)
        }
    }
}

async fn shared_outputs(store: &BlobStore) -> Result<OutputsFile, ExecutorError> {
    simulated::shared_outputs(store).await.map_err(|error| {
        let reason =
            std::error::Error::source(&error).map_or(error.to_string(), |cause| format!("{error}: {cause}"));
        ExecutorError::SimulatedOutputs { reason }
    })
}

/// Stops all tasks and delivers what is to be said about them, if the server still listens.
async fn drain(executor: &Executor, link: &mut Link) {
    let stopped = async {
        stop_tasks(executor, StopOrder::ExecutorEnds("the executor was stopped".to_owned())).await;
        let _undelivered = timeout(LAST_REPORTS_PATIENCE, executor.outbox.emptied()).await;
    };
    tokio::pin!(stopped);
    // The link is kept meanwhile; if it ends for good, only the tasks are left to be waited for.
    tokio::select! {
        () = &mut stopped => return,
        _ended = link.keep() => {}
    }
    stopped.await;
}

async fn stop_tasks(executor: &Executor, order: StopOrder) {
    executor.registry.close(&order);
    executor.close_pools();
    executor.tasks.join().await;
}

/// As far as the system lets us, silently: a laptop's limit is enough for a laptop's work.
fn raise_file_limit() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.map_or(WANTED_FILES, |maximum| maximum.min(WANTED_FILES));
    if current.is_some_and(|current| current < wanted) {
        let _refused = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum });
    }
}
