//! The metadata store on one SQLite file: one connection that writes, a few that read. Each method is one
//! transaction; what is acknowledged is synced. An idle store does nothing.

mod action;
mod attempt;
mod cache;
mod catalog;
mod fault;
mod feed;
mod lists;
mod open;
#[cfg(test)]
mod plans;
mod queries;
mod readers;
mod row;
mod run;
mod session;
mod unit;
mod views;
mod writer;

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
pub use open::OpenError;
use readers::Readers;
use row::{find, list, write};
use rusqlite::Connection;
use wingbeat_model::{
    Action, ActionKey, ActionName, Attempt, CacheEntry, CacheKey, Digest, FollowUp, Project, Queue,
    Reservation, Run, RunId, RunKey, Seq, Session, Share, TaskKey, TaskVersion, UnitOfWork,
};
use wingbeat_store::{
    ActionCounts, ActionQuery, Catalog, CommitError, Metadata, Page, ReadError, Replicas, RunReads, RunScope,
    RunWrites, TaskQuery, WriteError,
};
use writer::Writer;

use crate::fault::Fault;
use crate::rows::readable::{self, readable};
use crate::rows::tally::read_count;

/// How many run numbers are reserved by one write; those left at a stop are never used.
const RUN_IDS_AT_ONCE: i64 = 256;

/// A metadata store in a SQLite file.
pub struct SqliteStore {
    writer: Writer,
    readers: Arc<Readers>,
    run_ids: tokio::sync::Mutex<Range<i64>>,
}

impl SqliteStore {
    /// Opens the file, creates it if it is missing (mode 0600), and moves its schema forward. Blocks.
    ///
    /// # Errors
    /// [`OpenError::TooNew`]: use a newer release. Others: the file or its folder is at fault.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let db = open::connect_writer(path)?;
        let writer = Writer::start(db).map_err(OpenError::File)?;
        let readers = Arc::new(Readers::new(path.to_owned()));
        Ok(Self { writer, readers, run_ids: tokio::sync::Mutex::new(0..0) })
    }

    /// Takes no more calls, waits for those under way, and leaves one tidy file behind. Closing twice is harmless.
    pub async fn close(&self) {
        self.readers.close().await;
        if let Some(thread) = self.writer.close() {
            // A panic of the thread was already told to whoever waited for an answer of it.
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }

    async fn read<T, F>(&self, read: F) -> Result<T, ReadError>
    where
        F: FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
        T: Send + 'static,
    {
        self.readers.read(move |db| Ok(read(db)?)).await
    }

    /// The same for a few rows by their key.
    async fn look<T, F>(&self, read: F) -> Result<T, ReadError>
    where
        F: FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
        T: Send + 'static,
    {
        self.readers.look(move |db| Ok(read(db)?)).await
    }

    async fn write<T, F>(&self, write: F) -> Result<T, WriteError>
    where
        F: FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
        T: Send + 'static,
    {
        self.writer.call(write).await.map_err(|fault| WriteError::Commit(fault.into()))
    }
}

#[async_trait]
impl RunWrites for SqliteStore {
    async fn commit(&self, unit: Box<dyn UnitOfWork>) -> Result<(Box<dyn UnitOfWork>, Seq), CommitError> {
        Ok(self.writer.commit(unit).await?)
    }

    async fn next_run_id(&self) -> Result<RunId, CommitError> {
        let mut ids = self.run_ids.lock().await;
        if ids.is_empty() {
            *ids = self.writer.call(reserve_run_ids).await?;
        }
        let id = ids.start;
        ids.start += 1;
        Ok(RunId(id))
    }
}

fn reserve_run_ids(db: &Connection) -> Result<Range<i64>, Fault> {
    let first = find(db, &queries::HEAD_READ, [], |row| {
        let _head: i64 = row.take()?;
        row.take::<i64>()
    })?;
    let first = first.ok_or_else(|| Fault::corrupt("the head's row is missing"))?;
    let end = first + RUN_IDS_AT_ONCE;
    write(db, &queries::HEAD_RESERVE_RUNS, [end])?;
    Ok(first..end)
}

#[async_trait]
impl RunReads for SqliteStore {
    async fn head(&self) -> Result<Seq, ReadError> {
        self.look(feed::head).await
    }

    async fn find_run(&self, key: &RunKey) -> Result<Option<Run>, ReadError> {
        let key = key.clone();
        self.look(move |db| run::load_by_key(db, &key)).await
    }

    async fn get_runs(&self, ids: &[RunId]) -> Result<Vec<Run>, ReadError> {
        let ids = ids.to_vec();
        let load = move |db: &Connection| {
            let found = ids.iter().filter_map(|id| run::load(db, *id).transpose());
            found.collect()
        };
        self.read(load).await
    }

    async fn find_action(&self, key: &ActionKey) -> Result<Option<Action>, ReadError> {
        let key = key.clone();
        self.look(move |db| action::load(db, &key)).await
    }

    async fn list_attempts(&self, key: &ActionKey) -> Result<Vec<Attempt>, ReadError> {
        let key = key.clone();
        let load = move |db: &Connection| {
            list(db, &queries::ATTEMPT_LIST, (key.run.0, key.name.as_str()), attempt::read)
        };
        self.look(load).await
    }

    async fn find_spec(&self, digest: &Digest) -> Result<Option<Vec<u8>>, ReadError> {
        let digest = *digest;
        self.look(move |db| find(db, &queries::SPEC_FIND, [digest.0], row::first)).await
    }

    async fn list_actions(&self, query: &ActionQuery) -> Result<Page<Action>, ReadError> {
        let query = query.clone();
        self.readers.read(move |db| lists::actions(db, &query)).await
    }

    async fn changed_actions(
        &self,
        run: RunId,
        parent: Option<&ActionName>,
        after: Seq,
        limit: usize,
    ) -> Result<(Vec<Action>, Seq), ReadError> {
        let parent = parent.cloned();
        self.read(move |db| feed::changed_actions(db, run, parent.as_ref(), after, limit)).await
    }

    async fn changed_roots(
        &self,
        scope: &RunScope,
        after: Seq,
        limit: usize,
    ) -> Result<(Vec<Action>, Seq), ReadError> {
        let scope = scope.clone();
        self.read(move |db| feed::changed_roots(db, &scope, after, limit)).await
    }

    async fn counts(&self, run: RunId) -> Result<Vec<ActionCounts>, ReadError> {
        self.read(move |db| list(db, &queries::COUNTER_LIST, [run.0], read_count)).await
    }

    async fn live_actions(&self, after: Option<&ActionKey>, limit: usize) -> Result<Vec<Action>, ReadError> {
        let mut after = after.cloned();
        let load = move |db: &Connection| {
            loop {
                let from = after.as_ref().map_or((i64::MIN, ""), |key| (key.run.0, key.name.as_str()));
                let params = (from.0, from.1, crate::lists::limit(limit));
                let rows = list(db, &queries::ACTION_LIVE, params, |row| readable(row, action::read))?;
                match readable::page(rows) {
                    Ok(page) => return Ok(page),
                    Err(damaged) => after = Some(damaged),
                }
            }
        };
        self.read(load).await
    }

    async fn held_attempts(&self) -> Result<Vec<Attempt>, ReadError> {
        let load = |db: &Connection| list(db, &queries::ATTEMPT_HELD, [], |row| readable(row, attempt::read));
        Ok(self.read(load).await?.into_iter().flatten().collect())
    }

    async fn open_sessions(&self) -> Result<Vec<Session>, ReadError> {
        self.read(session::open).await
    }

    async fn follow_ups(&self) -> Result<Vec<FollowUp>, ReadError> {
        self.read(session::follow_ups).await
    }

    async fn queues(&self) -> Result<Vec<Queue>, ReadError> {
        self.read(|db| list(db, &queries::QUEUE_LIST, [], crate::rows::queue::read)).await
    }

    async fn shares(&self) -> Result<Vec<Share>, ReadError> {
        self.read(|db| list(db, &queries::SHARE_LIST, [], crate::rows::queue::read_share)).await
    }

    async fn find_cache(&self, key: &CacheKey) -> Result<Option<CacheEntry>, ReadError> {
        let key = key.clone();
        self.look(move |db| cache::load(db, &key)).await
    }

    async fn find_reservation(&self, key: &CacheKey) -> Result<Option<Reservation>, ReadError> {
        let key = key.clone();
        self.look(move |db| cache::load_reservation(db, &key)).await
    }
}

#[async_trait]
impl Catalog for SqliteStore {
    async fn create_project(&self, project: &Project) -> Result<(), WriteError> {
        let project = project.clone();
        let added = self.write(move |db| catalog::insert_project(db, &project)).await?;
        if added { Ok(()) } else { Err(WriteError::Exists) }
    }

    async fn update_project(&self, project: &Project) -> Result<(), WriteError> {
        let project = project.clone();
        let found = self.write(move |db| catalog::update_project(db, &project)).await?;
        if found { Ok(()) } else { Err(WriteError::NotFound) }
    }

    async fn find_project(&self, org: &str, id: &str) -> Result<Option<Project>, ReadError> {
        let (org, id) = (org.to_owned(), id.to_owned());
        self.look(move |db| catalog::load_project(db, &org, &id)).await
    }

    async fn list_projects(&self, org: &str) -> Result<Vec<Project>, ReadError> {
        let org = org.to_owned();
        self.read(move |db| catalog::projects(db, &org)).await
    }

    async fn put_task(&self, task: &TaskVersion, spec: &[u8]) -> Result<(), WriteError> {
        let (task, spec) = (task.clone(), spec.to_vec());
        let put = move |db: &Connection| {
            write(db, &queries::SPEC_PUT, (task.spec.0, spec))?;
            catalog::put_task(db, &task)
        };
        self.write(put).await
    }

    async fn find_task(&self, key: &TaskKey) -> Result<Option<TaskVersion>, ReadError> {
        let key = key.clone();
        self.look(move |db| catalog::load_task(db, &key)).await
    }

    async fn list_tasks(&self, query: &TaskQuery) -> Result<Page<TaskVersion>, ReadError> {
        let query = query.clone();
        self.readers.read(move |db| lists::tasks(db, &query)).await
    }

    async fn put_spec(&self, digest: &Digest, bytes: &[u8]) -> Result<(), WriteError> {
        let (digest, bytes) = (*digest, bytes.to_vec());
        self.write(move |db| write(db, &queries::SPEC_PUT, (digest.0, bytes)).map(drop)).await
    }

    async fn find_setting(&self, name: &str) -> Result<Option<Vec<u8>>, ReadError> {
        let name = name.to_owned();
        self.look(move |db| catalog::find_setting(db, &name)).await
    }

    async fn init_setting(&self, name: &str, value: &[u8]) -> Result<Vec<u8>, WriteError> {
        let (name, value) = (name.to_owned(), value.to_vec());
        self.write(move |db| catalog::init_setting(db, &name, &value)).await
    }
}

impl Replicas for SqliteStore {}

impl Metadata for SqliteStore {
    fn kind(&self) -> &'static str {
        "sqlite"
    }
}
