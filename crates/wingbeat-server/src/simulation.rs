//! The door through which the testkit's simulation drives a real server without its listeners, and kills it
//! between any two awaits. Compiled for tests only: the binary never asks for this feature.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;

use connectrpc::{ConnectError, ServiceStream};
use tokio_util::sync::CancellationToken;
use wingbeat_blob::BlobStore;
use wingbeat_engine::{Command, Reply};
use wingbeat_model::{ActionKey, Run, RunId, SessionId};
use wingbeat_proto::flyteidl2::actions::WatchForUpdatesResponse;
use wingbeat_proto::flyteidl2::workflow::{WatchActionsRequest, WatchActionsResponse};
use wingbeat_proto::wingbeat::executor::v1::{
    ConnectRequest, LeaveRequest, ReportRequest, ReportResponse, ServerMessage,
};
use wingbeat_store::Metadata;

pub use crate::clock::Clock;
pub use crate::driver::SubmitError;
use crate::platform::{Platform, read_error};
use crate::rpc::{executor::Executors, run_service, watch_children};
use crate::server::{StartError, assemble};
use crate::tasks::Tasks;

/// When the tasks of one server die: all at once, before one of them would be polled the next time.
#[derive(Debug, Clone, Default)]
pub struct Mortality {
    inner: Arc<Fate>,
}

#[derive(Debug)]
struct Fate {
    polls: AtomicU64,
    dies_at: AtomicU64,
    dead: CancellationToken,
}

impl Default for Fate {
    fn default() -> Self {
        let dies_at = AtomicU64::new(u64::MAX);
        Self { polls: AtomicU64::new(0), dies_at, dead: CancellationToken::new() }
    }
}

impl Mortality {
    /// A task that dies with its server.
    pub(crate) fn bind<F>(&self, task: F) -> impl Future<Output = ()> + Send + use<F>
    where
        F: Future<Output = ()> + Send,
    {
        let own = self.clone();
        async move {
            let dead = pin!(own.inner.dead.cancelled());
            let mut task = pin!(task);
            let living =
                pin!(poll_fn(|cx| if own.lives_on() { task.as_mut().poll(cx) } else { Poll::Ready(()) }));
            let _which_ended = futures::future::select(dead, living).await;
        }
    }

    /// Counts a poll. `false`: there is none any more.
    fn lives_on(&self) -> bool {
        let poll = self.inner.polls.fetch_add(1, Ordering::Relaxed);
        if poll >= self.inner.dies_at.load(Ordering::Relaxed) {
            self.inner.dead.cancel();
        }
        !self.inner.dead.is_cancelled()
    }
}

/// A server without listeners.
#[derive(Clone)]
pub struct SimulatedServer {
    platform: Arc<Platform>,
    executors: Arc<Executors>,
    tasks: Tasks,
}

impl SimulatedServer {
    /// Starts on what the store holds.
    ///
    /// # Errors
    /// As a real one.
    pub async fn start(store: Arc<dyn Metadata>, blob: BlobStore, clock: Clock) -> Result<Self, StartError> {
        let tasks = Tasks::default();
        let (platform, dispatcher) = assemble(store, blob, clock, &tasks, true).await?;
        let executors = Arc::new(Executors { platform: platform.clone(), dispatcher });
        Ok(Self { platform, executors, tasks })
    }

    /// Runs a request in the server: it dies with it.
    pub fn spawn(&self, request: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn("request", request);
    }

    /// Dies after its tasks were polled this many more times; 0: now.
    pub fn die_after(&self, polls: u64) {
        let fate = &self.tasks.mortality().inner;
        fate.dies_at.store(fate.polls.load(Ordering::Relaxed) + polls, Ordering::Relaxed);
        if polls == 0 {
            fate.dead.cancel();
        }
    }

    /// Resolves when it is dead.
    pub async fn died(&self) {
        self.tasks.mortality().inner.dead.cancelled().await;
    }

    /// Is it dead?
    pub fn is_dead(&self) -> bool {
        self.tasks.mortality().inner.dead.is_cancelled()
    }

    /// Resolves when a task of it panicked.
    pub async fn failed(&self) {
        self.tasks.failed().await;
    }

    /// Carries out a command of a user or of a task.
    ///
    /// # Errors
    /// As the driver's.
    pub async fn submit(&self, command: Command) -> Result<Reply, SubmitError> {
        self.platform.driver.submit(command).await
    }

    /// Opens an executor's stream.
    ///
    /// # Errors
    /// As the RPC's.
    pub async fn connect(
        &self,
        request: ConnectRequest,
    ) -> Result<ServiceStream<ServerMessage>, ConnectError> {
        self.executors.open(request).await
    }

    /// Takes an executor's reports.
    ///
    /// # Errors
    /// As the RPC's.
    pub async fn report(&self, request: ReportRequest) -> Result<ReportResponse, ConnectError> {
        self.executors.take_reports(request).await
    }

    /// A drained executor wants to end.
    ///
    /// # Errors
    /// As the RPC's.
    pub async fn leave(&self, request: LeaveRequest) -> Result<bool, ConnectError> {
        self.executors.let_go(SessionId(request.session_id.as_str().into())).await
    }

    /// What a user sees who watches a run.
    ///
    /// # Errors
    /// As the RPC's.
    pub async fn watch_actions(
        &self,
        run: RunId,
    ) -> Result<ServiceStream<WatchActionsResponse>, ConnectError> {
        let run = self.run(run).await?;
        run_service::watch_actions(&self.platform, run, &WatchActionsRequest::default())
    }

    /// What a task sees that waits for its children.
    ///
    /// # Errors
    /// As the RPC's.
    pub async fn watch_children(
        &self,
        parent: ActionKey,
    ) -> Result<ServiceStream<WatchForUpdatesResponse>, ConnectError> {
        let run = self.run(parent.run).await?;
        let row = self.platform.store.find_action(&parent).await.map_err(|error| read_error(&error))?;
        let row = row.ok_or_else(|| ConnectError::not_found("no such action"))?;
        Ok(watch_children(&self.platform, String::new(), run, row))
    }

    async fn run(&self, id: RunId) -> Result<Run, ConnectError> {
        let found = self.platform.store.get_runs(&[id]).await.map_err(|error| read_error(&error))?;
        found.into_iter().next().ok_or_else(|| ConnectError::not_found("no such run"))
    }

    /// Why a queued action waits.
    pub fn explain(&self, action: &ActionKey) -> String {
        let now = self.platform.clock.now();
        self.platform.driver.scheduler(|scheduler| scheduler.explain_queued(action, now, Vec::new()))
    }
}
