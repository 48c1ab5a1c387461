//! Local runs: every task in this process, with the platform's semantics of retries, timeouts, caches, steps and
//! reports, and without a server.
//!
//! What differs from the platform, on purpose: resources, secrets and queues are not applied, `max_queued` has nothing
//! to wait for, and a panic does not end a process of its own.

mod answers;
mod cache;
mod controller;

use std::collections::BTreeMap;
use std::future::Future;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use wingbeat_proto::flyteidl2::task::NamedLiteral;

pub use self::answers::Answers;
use self::cache::LocalCache;
use self::controller::LocalController;
use crate::attempt;
use crate::context::{Places, RunContext, Scope, TaskContext};
use crate::controller::{Controller, TraceOutcome};
use crate::failure::{Error, Result};
use crate::report::Tabs;
use crate::settings::{Retries, TaskSettings};
use crate::spec::Serialization;
use crate::storage::Storage;
use crate::task::{BoxFuture, TaskDef};

/// Code of an attempt that took too long; the platform's.
const MAX_RUNTIME: &str = "MAX_RUNTIME_EXCEEDED";
/// Code of an action whose attempts together took too long; the platform's.
const DEADLINE: &str = "DEADLINE_EXCEEDED";

/// What a local run is given.
#[derive(Debug, Clone, Default)]
pub struct LocalSettings {
    /// Folder of the cache; none keeps nothing from one run to the next.
    pub cache: Option<PathBuf>,
    /// Folder of files, reports and checkpoints of runs.
    pub data: PathBuf,
    /// What people would answer.
    pub answers: Answers,
    /// Whether results that are kept count; what is computed is kept anyway.
    pub overwrite_cache: bool,
    /// Values that every task of the run can read.
    pub values: BTreeMap<String, String>,
    /// What leads to objects on other machines, if anything does.
    pub storage: Option<Storage>,
    /// Called with each failure that another attempt follows: task, attempt from 0, error.
    pub on_failed_attempt: Option<fn(&TaskDef, u32, &Error)>,
}

/// A local run.
pub(crate) struct LocalRun {
    context: Arc<RunContext>,
    settings: LocalSettings,
    folder: PathBuf,
    cache: Option<LocalCache>,
    n_actions: AtomicU64,
    /// What steps gave, by their keys.
    steps: Mutex<BTreeMap<String, TraceOutcome>>,
    controller: Arc<LocalController>,
}

/// What a local run left behind.
#[derive(Debug)]
pub struct LocalOutcome<T> {
    /// What it gave, or failed with.
    pub result: Result<T>,
    /// Its folder; there is none if no task wrote anything.
    pub folder: PathBuf,
}

impl LocalRun {
    fn start(settings: LocalSettings) -> Arc<Self> {
        let name = format!("local-{:08x}", rand::random::<u32>());
        let context = RunContext {
            org: "local".to_owned(),
            project: "local".to_owned(),
            domain: "local".to_owned(),
            name: name.clone(),
            started_at: Timestamp::now(),
            serialization: Serialization::default(),
        };
        Arc::new_cyclic(|run| Self {
            context: Arc::new(context),
            folder: settings.data.join(&name),
            cache: settings.cache.clone().map(LocalCache::new),
            n_actions: AtomicU64::new(0),
            steps: Mutex::default(),
            controller: Arc::new(LocalController::new(run.clone())),
            settings,
        })
    }

    fn controller(&self) -> Arc<dyn Controller> {
        self.controller.clone()
    }

    /// The context of an attempt of an action.
    fn attempt_context(self: &Arc<Self>, action: &str, attempt: u32) -> TaskContext {
        TaskContext {
            run: self.context.clone(),
            action: action.to_owned(),
            attempt,
            places: self.places(action, attempt),
            report: Tabs::default(),
            controller: self.controller(),
            storage: self.settings.storage.clone().unwrap_or_else(|| Storage::new([])),
            platform: None,
            deployed: tokio::sync::Mutex::default(),
            local: Some(self.clone()),
            steps: Mutex::default(),
        }
    }

    fn places(&self, action: &str, attempt: u32) -> Places {
        let folder = |attempt: u32| format!("{}/{action}/{}", self.folder.display(), attempt + 1);
        let checkpoint = |attempt: u32| format!("{}/_flytecheckpoints", folder(attempt));
        Places {
            outputs: folder(attempt),
            raw_data: format!("{}/raw", folder(attempt)),
            checkpoint: checkpoint(attempt),
            previous_checkpoint: attempt.checked_sub(1).map(checkpoint).unwrap_or_default(),
        }
    }

    fn next_action(&self, task: &TaskDef) -> String {
        let n = self.n_actions.fetch_add(1, Ordering::Relaxed);
        if n == 0 { "a0".to_owned() } else { format!("{}-{n}", task.name) }
    }

    /// Runs a task to its end, or takes what is kept of an earlier run.
    pub(crate) async fn run_child(
        self: &Arc<Self>,
        task: &'static TaskDef,
        literals: Vec<NamedLiteral>,
        scope: &Scope,
    ) -> Result<Vec<NamedLiteral>> {
        self.run_task(task, literals, scope.values.clone()).await
    }

    async fn run_task(
        self: &Arc<Self>,
        task: &'static TaskDef,
        literals: Vec<NamedLiteral>,
        values: Arc<BTreeMap<String, String>>,
    ) -> Result<Vec<NamedLiteral>> {
        let settings = task.settings();
        let (Some(cache), Some(wanted)) = (&self.cache, settings.cache.filter(|cache| cache.enabled)) else {
            return self.attempts(task, &literals, values, &settings).await;
        };
        let key = cache::key(task, &wanted, &literals)?;
        // Held until the result is there, where of several equal calls only one may run.
        let _turn = if wanted.serialize { Some(cache.turn(&key).await) } else { None };
        if !self.settings.overwrite_cache
            && let Some(kept) = cache.find(&key, wanted.max_age).await
        {
            return Ok(kept);
        }
        let outputs = self.attempts(task, &literals, values, &settings).await?;
        cache.keep(&key, &outputs).await?;
        Ok(outputs)
    }

    /// Attempts until one is good, the retries are spent, or the deadline is there.
    async fn attempts(
        self: &Arc<Self>,
        task: &'static TaskDef,
        literals: &[NamedLiteral],
        values: Arc<BTreeMap<String, String>>,
        settings: &TaskSettings,
    ) -> Result<Vec<NamedLiteral>> {
        let action = self.next_action(task);
        let timeout = settings.timeout.unwrap_or_default();
        // One that lies beyond all time is none.
        let deadline = timeout.deadline.and_then(|limit| Some((Instant::now().checked_add(limit)?, limit)));
        let retries = settings.retries.unwrap_or(Retries::times(0));
        for attempt in 0.. {
            let context = Arc::new(self.attempt_context(&action, attempt));
            let scope = Scope::new(context.clone(), values.clone());
            let body = attempt::run(task, literals, scope);
            let result = within(body, timeout.max_runtime, MAX_RUNTIME).await;
            context.leave_report().await;
            match result {
                Ok(outputs) => return Ok(outputs),
                Err(error) if !error.is_recoverable() || attempt >= retries.count => return Err(error),
                Err(error) => {
                    let delay = retries.delay(attempt);
                    if let Some(tell) = self.settings.on_failed_attempt {
                        tell(task, attempt, &error);
                    }
                    before_deadline(delay, deadline).await?;
                }
            }
        }
        unreachable!("there are fewer than 2^32 attempts")
    }

    fn steps(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, TraceOutcome>> {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits before the next attempt; an error if the deadline comes first.
async fn before_deadline(delay: Duration, deadline: Option<(Instant, Duration)>) -> Result<()> {
    if let Some((at, limit)) = deadline
        && at.saturating_duration_since(Instant::now()) <= delay
    {
        let text = format!("all attempts together may take {limit:?}, and there is no time for another");
        return Err(Error::user(DEADLINE, text).not_recoverable());
    }
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    Ok(())
}

async fn within<T>(body: impl Future<Output = Result<T>>, limit: Option<Duration>, code: &str) -> Result<T> {
    let Some(limit) = limit else { return body.await };
    let result = tokio::time::timeout(limit, body).await;
    result.unwrap_or_else(|_| Err(Error::user(code, format!("the task took longer than {limit:?}"))))
}

/// Runs a task with these inputs as a local run. Has to be called on a runtime.
pub async fn run(
    task: &'static TaskDef,
    literals: Vec<NamedLiteral>,
    settings: LocalSettings,
) -> LocalOutcome<Vec<NamedLiteral>> {
    let run = LocalRun::start(settings);
    let values = Arc::new(run.settings.values.clone());
    let result = run.run_task(task, literals, values).await;
    LocalOutcome { result, folder: run.folder.clone() }
}

/// Runs code that calls tasks as if it were a task of a local run. Has to be called on a runtime.
pub async fn scope<T>(settings: LocalSettings, code: impl Future<Output = T>) -> LocalOutcome<T> {
    let run = LocalRun::start(settings);
    let values = Arc::new(run.settings.values.clone());
    run.n_actions.store(1, Ordering::Relaxed);
    let context = Arc::new(run.attempt_context("a0", 0));
    let result = Scope::new(context.clone(), values).enter(code).await;
    context.leave_report().await;
    LocalOutcome { result: Ok(result), folder: run.folder.clone() }
}

/// A future that runs in a task of its own on the runtime, and ends with whoever waits for it.
pub(crate) fn spawned<T: Send + 'static>(
    future: impl Future<Output = Result<T>> + Send + 'static,
) -> BoxFuture<Result<T>> {
    Box::pin(async move {
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(future);
        match tasks.join_next().await {
            Some(Ok(result)) => result,
            Some(Err(error)) => Err(Error::system("Stopped", format!("a task is gone: {error}"))),
            None => unreachable!("one was just added"),
        }
    })
}
