//! A store under a server in a storm: slow, full, away, or with an answer that is lost. Beneath it is a real one.

use std::any::Any;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use wingbeat_model::tally::Marks;
use wingbeat_model::{
    Action, ActionKey, ActionName, Attempt, CacheEntry, CacheKey, Changes, Digest, FollowUp, Loaded, Needs,
    Project, Queue, Reservation, Run, RunId, RunKey, Seq, ServerId, Session, Share, Tallied, TaskKey,
    TaskVersion, UnitOfWork,
};
use wingbeat_server::simulation::SimulatedServer;
use wingbeat_store::{
    ActionCounts, ActionQuery, Catalog, CommitError, Echo, Metadata, Neighbour, Page, Position, ReadError,
    Replicas, RunReads, RunScope, RunViews, RunWrites, TaskQuery, Window, WindowQuery, WriteError,
};

use super::ledger::Ledger;
use super::neighbourhood::{Member, Neighbourhood};
use super::weather::Weather;
use crate::at_once::at_once;

#[derive(Debug, thiserror::Error)]
#[error("the storm took it")]
struct Gone;

/// What happens to a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Fine,
    DiskFull,
    NotWritten,
    Unacknowledged,
    CrashBefore,
    CrashAfter,
}

/// What the stores of all servers of a storm have in common.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) inner: Arc<dyn Metadata>,
    pub(super) ledger: Arc<Ledger>,
    pub(super) weather: Arc<Weather>,
    pub(super) neighbourhood: Arc<Neighbourhood>,
    pub(super) failures: Arc<AtomicU64>,
}

pub(super) struct StormyStore {
    inner: Arc<dyn Metadata>,
    ledger: Arc<Ledger>,
    weather: Arc<Weather>,
    neighbourhood: Arc<Neighbourhood>,
    member: Arc<Member>,
    /// Who dies when a commit kills the server.
    server: Mutex<Option<SimulatedServer>>,
    failures: Arc<AtomicU64>,
}

impl StormyStore {
    /// As one server has it open.
    pub(super) fn open(shared: &Shared) -> Self {
        let Shared { inner, ledger, weather, neighbourhood, failures } = shared.clone();
        let member = neighbourhood.join();
        Self { inner, ledger, weather, neighbourhood, member, server: Mutex::new(None), failures }
    }

    /// Its server has died.
    pub(super) fn lose(&self) {
        self.neighbourhood.lose(&self.member);
    }

    pub(super) fn serves(&self, server: SimulatedServer) {
        *self.server.lock().unwrap_or_else(PoisonError::into_inner) = Some(server);
    }

    fn fate(&self) -> Fate {
        let drawn = self.weather.number(0..1000);
        let fate = match drawn {
            0..8 => Fate::DiskFull,
            8..14 => Fate::NotWritten,
            14..24 => Fate::Unacknowledged,
            24..32 => Fate::CrashBefore,
            32..42 => Fate::CrashAfter,
            _ => Fate::Fine,
        };
        if self.weather.is_calm() { Fate::Fine } else { fate }
    }

    /// Kills the server that waits for this store. Nothing of it runs again.
    async fn crash(&self) {
        if let Some(server) = &*self.server.lock().unwrap_or_else(PoisonError::into_inner) {
            server.die_after(0);
        }
        std::future::pending::<()>().await;
    }

    async fn dawdle(&self) {
        if self.weather.strikes(80) {
            self.weather.pause(0..2_000).await;
        } else {
            tokio::task::yield_now().await;
        }
    }

    /// Reads at once, on whatever threads the store has, so that time stands still meanwhile.
    async fn read<T>(&self, read: impl Future<Output = Result<T, ReadError>>) -> Result<T, ReadError> {
        if self.weather.strikes(20) {
            self.weather.pause(0..1_000).await;
        }
        if self.weather.strikes(4) {
            return Err(ReadError::Unavailable(Box::new(Gone)));
        }
        at_once(read)
    }
}

/// A unit of work that tells what it came to, whoever gets the answer.
struct Spied {
    inner: Box<dyn UnitOfWork>,
    epoch: i64,
    seen: Arc<Mutex<Changes>>,
}

impl UnitOfWork for Spied {
    fn needs(&self, loaded: &Loaded) -> Needs {
        self.inner.needs(loaded)
    }

    fn decide(&mut self, mut loaded: Loaded, seq: Seq) -> Changes {
        loaded.epoch = self.epoch;
        let changes = self.inner.decide(loaded, seq);
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = changes.clone();
        changes
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

#[async_trait]
impl RunWrites for StormyStore {
    async fn commit(&self, unit: Box<dyn UnitOfWork>) -> Result<(Box<dyn UnitOfWork>, Seq), CommitError> {
        self.dawdle().await;
        let fate = self.fate();
        self.failures.fetch_add(u64::from(fate != Fate::Fine), Ordering::Relaxed);
        match fate {
            Fate::DiskFull => return Err(CommitError::DiskFull),
            Fate::NotWritten => return Err(CommitError::Unavailable(Box::new(Gone))),
            Fate::CrashBefore => self.crash().await,
            Fate::Fine | Fate::Unacknowledged | Fate::CrashAfter => {}
        }
        let seen = Arc::new(Mutex::new(Changes::default()));
        let spied = Box::new(Spied { inner: unit, epoch: self.neighbourhood.epoch(), seen: seen.clone() });
        let (unit, seq) = at_once(self.inner.commit(spied))?;
        let changes = std::mem::take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner));
        self.ledger.committed(seq, changes.clone());
        self.neighbourhood.wrote(self.member.id, seq, &changes);
        match fate {
            Fate::CrashAfter => self.crash().await,
            Fate::Unacknowledged => return Err(CommitError::Unavailable(Box::new(Gone))),
            Fate::Fine | Fate::DiskFull | Fate::NotWritten | Fate::CrashBefore => self.dawdle().await,
        }
        let spied = unit.into_any().downcast::<Spied>().expect("a store gives back the unit it was given");
        Ok((spied.inner, seq))
    }

    async fn next_run_id(&self) -> Result<RunId, CommitError> {
        at_once(self.inner.next_run_id())
    }
}

#[async_trait]
impl RunReads for StormyStore {
    async fn head(&self) -> Result<Seq, ReadError> {
        self.read(self.inner.head()).await
    }
    async fn find_run(&self, key: &RunKey) -> Result<Option<Run>, ReadError> {
        self.read(self.inner.find_run(key)).await
    }
    async fn get_runs(&self, ids: &[RunId]) -> Result<Vec<Run>, ReadError> {
        self.read(self.inner.get_runs(ids)).await
    }
    async fn find_action(&self, key: &ActionKey) -> Result<Option<Action>, ReadError> {
        self.read(self.inner.find_action(key)).await
    }
    async fn list_attempts(&self, key: &ActionKey) -> Result<Vec<Attempt>, ReadError> {
        self.read(self.inner.list_attempts(key)).await
    }
    async fn find_spec(&self, digest: &Digest) -> Result<Option<Vec<u8>>, ReadError> {
        self.read(self.inner.find_spec(digest)).await
    }
    async fn list_actions(&self, query: &ActionQuery) -> Result<Page<Action>, ReadError> {
        self.read(self.inner.list_actions(query)).await
    }
    async fn changed_actions(
        &self,
        run: RunId,
        parent: Option<&ActionName>,
        after: Seq,
        limit: usize,
    ) -> Result<(Vec<Action>, Seq), ReadError> {
        self.read(self.inner.changed_actions(run, parent, after, limit)).await
    }
    async fn changed_roots(
        &self,
        scope: &RunScope,
        after: Seq,
        limit: usize,
    ) -> Result<(Vec<Action>, Seq), ReadError> {
        self.read(self.inner.changed_roots(scope, after, limit)).await
    }
    async fn counts(&self, run: RunId) -> Result<Vec<ActionCounts>, ReadError> {
        self.read(self.inner.counts(run)).await
    }
    async fn live_actions(&self, after: Option<&ActionKey>, limit: usize) -> Result<Vec<Action>, ReadError> {
        self.read(self.inner.live_actions(after, limit)).await
    }
    async fn held_attempts(&self) -> Result<Vec<Attempt>, ReadError> {
        self.read(self.inner.held_attempts()).await
    }
    async fn open_sessions(&self) -> Result<Vec<Session>, ReadError> {
        self.read(self.inner.open_sessions()).await
    }
    async fn follow_ups(&self) -> Result<Vec<FollowUp>, ReadError> {
        self.read(self.inner.follow_ups()).await
    }
    async fn queues(&self) -> Result<Vec<Queue>, ReadError> {
        self.read(self.inner.queues()).await
    }
    async fn shares(&self) -> Result<Vec<Share>, ReadError> {
        self.read(self.inner.shares()).await
    }
    async fn find_cache(&self, key: &CacheKey) -> Result<Option<CacheEntry>, ReadError> {
        self.read(self.inner.find_cache(key)).await
    }
    async fn find_reservation(&self, key: &CacheKey) -> Result<Option<Reservation>, ReadError> {
        self.read(self.inner.find_reservation(key)).await
    }
}

#[async_trait]
impl RunViews for StormyStore {
    async fn counts_below(&self, run: RunId, parents: &[ActionName]) -> Result<Vec<ActionCounts>, ReadError> {
        self.read(self.inner.counts_below(run, parents)).await
    }
    async fn standings(&self, run: RunId) -> Result<Vec<(Tallied, i64)>, ReadError> {
        self.read(self.inner.standings(run)).await
    }
    async fn moments(&self, run: RunId) -> Result<Vec<(Tallied, i64)>, ReadError> {
        self.read(self.inner.moments(run)).await
    }
    async fn marks(&self, run: RunId, limit: usize) -> Result<Vec<Marks>, ReadError> {
        self.read(self.inner.marks(run, limit)).await
    }
    async fn window(&self, query: &WindowQuery) -> Result<Window, ReadError> {
        self.read(self.inner.window(query)).await
    }
    async fn rows_before(&self, query: &WindowQuery, position: &Position) -> Result<usize, ReadError> {
        self.read(self.inner.rows_before(query, position)).await
    }
}

#[async_trait]
impl Catalog for StormyStore {
    async fn create_project(&self, project: &Project) -> Result<(), WriteError> {
        at_once(self.inner.create_project(project))
    }
    async fn update_project(&self, project: &Project) -> Result<(), WriteError> {
        at_once(self.inner.update_project(project))
    }
    async fn find_project(&self, org: &str, id: &str) -> Result<Option<Project>, ReadError> {
        self.read(self.inner.find_project(org, id)).await
    }
    async fn list_projects(&self, org: &str) -> Result<Vec<Project>, ReadError> {
        self.read(self.inner.list_projects(org)).await
    }
    async fn put_task(&self, task: &TaskVersion, spec: &[u8]) -> Result<(), WriteError> {
        at_once(self.inner.put_task(task, spec))
    }
    async fn find_task(&self, key: &TaskKey) -> Result<Option<TaskVersion>, ReadError> {
        self.read(self.inner.find_task(key)).await
    }
    async fn list_tasks(&self, query: &TaskQuery) -> Result<Page<TaskVersion>, ReadError> {
        self.read(self.inner.list_tasks(query)).await
    }
    async fn put_spec(&self, digest: &Digest, bytes: &[u8]) -> Result<(), WriteError> {
        at_once(self.inner.put_spec(digest, bytes))
    }
    async fn find_setting(&self, name: &str) -> Result<Option<Vec<u8>>, ReadError> {
        self.read(self.inner.find_setting(name)).await
    }
    async fn init_setting(&self, name: &str, value: &[u8]) -> Result<Vec<u8>, WriteError> {
        at_once(self.inner.init_setting(name, value))
    }
}

#[async_trait]
impl Replicas for StormyStore {
    fn is_shared(&self) -> bool {
        self.neighbourhood.is_shared
    }
    fn server(&self) -> ServerId {
        self.member.id
    }
    async fn heard(&self) {
        self.member.heard.notified().await;
    }
    async fn echo(&self, after: Seq) -> Result<Option<Echo>, ReadError> {
        self.read(async { Ok(self.neighbourhood.echo(self.member.id, after)) }).await
    }
    fn take_arrivals(&self) -> bool {
        self.member.arrivals.swap(false, Ordering::Relaxed)
    }
    async fn neighbours(&self) -> Result<Vec<Neighbour>, ReadError> {
        self.read(async { Ok(self.neighbourhood.neighbours(self.member.id)) }).await
    }
    async fn take_duty(&self) -> Result<(), ReadError> {
        self.neighbourhood.take_duty(&self.member);
        Ok(())
    }
    fn duty(&self) -> Option<i64> {
        self.member.duty()
    }
}

impl Metadata for StormyStore {
    fn kind(&self) -> &'static str {
        self.inner.kind()
    }
}
