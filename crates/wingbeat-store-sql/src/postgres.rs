//! The metadata store on a PostgreSQL database: one connection that writes run state, one that hears of other servers,
//! a few for everything else.
//! Each method is one transaction; what is acknowledged is flushed. An idle store does nothing.

mod address;
mod carried;
mod counting;
mod echo;
mod fault;
mod feed;
mod flush;
mod group;
mod load;
mod neighbours;
mod open;
mod params;
mod pending;
#[cfg(test)]
mod prepared;
mod queries;
mod readers;
mod reads;
mod row;
mod views;
mod writer;

use std::ops::Range;

use async_trait::async_trait;
use wingbeat_model::{Digest, Project, RunId, Seq, ServerId, TaskKey, TaskVersion, UnitOfWork};
use wingbeat_store::listing::ListId;
use wingbeat_store::{
    Catalog, CommitError, Echo, Metadata, Neighbour, Page, ReadError, Replicas, RunWrites, TaskQuery,
    WriteError,
};

pub use address::{BadAddress, PostgresAddress};
use neighbours::Neighbours;
pub use open::PostgresError;
use params::Params;
use readers::Readers;
use row::{read_row, read_rows};
use writer::Writer;

use crate::fault::Fault;
use crate::lists::{ListStatement, page, task_statement};
use crate::rows::catalog::{bind_project, bind_task, read_project, read_task};
use crate::rows::cell::first;
use crate::statement::Dialect;

/// How many run numbers are reserved by one write; those left at a stop are never used.
const RUN_IDS_AT_ONCE: i64 = 256;

/// A metadata store in a PostgreSQL database.
pub struct PostgresStore {
    writer: Writer,
    readers: Readers,
    neighbours: Neighbours,
    run_ids: tokio::sync::Mutex<Range<i64>>,
}

impl PostgresStore {
    /// Connects, moves the database's schema forward, and joins the servers that are there. Runs on the runtime that
    /// it is called on.
    ///
    /// # Errors
    /// See [`PostgresError`].
    pub async fn open(address: &PostgresAddress) -> Result<Self, PostgresError> {
        let db = open::prepare(address).await?;
        let readers = Readers::new(address);
        let neighbours = Neighbours::join(address).await.map_err(|fault| {
            let why = match fault {
                Fault::Lost(error) | Fault::Unavailable(error) => error.to_string(),
                Fault::Corrupt(what) => what,
                Fault::DiskFull => "its disk is full".to_owned(),
            };
            PostgresError::Refused { address: address.clone(), why }
        })?;
        let writer = Writer::start(address.clone(), neighbours.server(), db);
        Ok(Self { writer, readers, neighbours, run_ids: tokio::sync::Mutex::new(0..0) })
    }

    /// Takes no more calls and waits for those under way. Closing twice is harmless.
    pub async fn close(&self) {
        if let Some(task) = self.writer.close() {
            // A panic of the task was already told to whoever waited for an answer of it.
            let _ = task.await;
        }
        self.neighbours.close().await;
        self.readers.close().await;
    }

    async fn reserve_run_ids(&self) -> Result<Range<i64>, Fault> {
        let params = Params::new().with(RUN_IDS_AT_ONCE)?;
        // Twice is harmless: numbers are left out then.
        let rows = self.readers.fetch(&queries::RUN_NUMBER_RESERVE, params).await?;
        let row = rows.first().ok_or_else(|| Fault::corrupt("the row of run numbers is missing"))?;
        let end = read_row(row, first::<i64>)?;
        Ok(end - RUN_IDS_AT_ONCE..end)
    }

    async fn put_task_now(&self, task: &TaskVersion, spec: &[u8]) -> Result<(), Fault> {
        // The spec first: nobody may find a version without one. Each may be written twice.
        self.put_spec_now(&task.spec, spec).await?;
        let params = Params::rows(&queries::TASK_PUT, [task], |row, task| bind_task(row, task))?;
        self.readers.fetch(&queries::TASK_PUT, params).await.map(drop)
    }

    async fn put_spec_now(&self, digest: &Digest, bytes: &[u8]) -> Result<(), Fault> {
        let params = Params::rows(&queries::SPEC_PUT, [()], |row, ()| {
            row.put(digest.0)?;
            row.put(bytes)
        })?;
        self.readers.fetch(&queries::SPEC_PUT, params).await.map(drop)
    }

    async fn init_setting_now(&self, name: &str, value: &[u8]) -> Result<Vec<u8>, Fault> {
        let params = Params::rows(&queries::SETTING_INIT, [()], |row, ()| {
            row.put(name)?;
            row.put(value)
        })?;
        self.readers.fetch(&queries::SETTING_INIT, params).await?;
        let found = self.find_setting_now(name).await?;
        found.ok_or_else(|| Fault::corrupt(format!("setting {name} after it was set")))
    }

    async fn find_setting_now(&self, name: &str) -> Result<Option<Vec<u8>>, Fault> {
        let rows = self.readers.fetch(&queries::SETTING_FIND, Params::new().with(name)?).await?;
        rows.first().map(|row| read_row(row, first)).transpose()
    }

    async fn list_tasks_now(&self, query: &TaskQuery) -> Result<Page<TaskVersion>, ReadError> {
        let list = ListId::of_tasks(query);
        let ListStatement { text, bound, terms } = task_statement(Dialect::Postgres, query, list)?;
        let rows = self.readers.fetch_list(text, Params::of_list(bound)?).await?;
        let found = read_rows(&rows, |row| crate::lists::read_row(row, terms, read_task))?;
        Ok(page(found, list, query.limit))
    }
}

fn written(done: Result<(), Fault>) -> Result<(), WriteError> {
    done.map_err(|fault| WriteError::Commit(fault.into()))
}

#[async_trait]
impl RunWrites for PostgresStore {
    async fn commit(&self, unit: Box<dyn UnitOfWork>) -> Result<(Box<dyn UnitOfWork>, Seq), CommitError> {
        Ok(self.writer.commit(unit).await?)
    }

    async fn next_run_id(&self) -> Result<RunId, CommitError> {
        let mut ids = self.run_ids.lock().await;
        if ids.is_empty() {
            *ids = self.reserve_run_ids().await?;
        }
        let id = ids.start;
        ids.start += 1;
        Ok(RunId(id))
    }
}

#[async_trait]
impl Catalog for PostgresStore {
    async fn create_project(&self, project: &Project) -> Result<(), WriteError> {
        let query = &queries::PROJECT_INSERT;
        let params = Params::rows(query, [project], |row, project| bind_project(row, project));
        let params = params.map_err(CommitError::from)?;
        let added = self.readers.write_once(query, params).await.map_err(CommitError::from)?;
        if added > 0 { Ok(()) } else { Err(WriteError::Exists) }
    }

    async fn update_project(&self, project: &Project) -> Result<(), WriteError> {
        let query = &queries::PROJECT_UPDATE;
        let params = Params::rows(query, [project], |row, project| bind_project(row, project));
        let params = params.map_err(CommitError::from)?;
        let found = self.readers.write_once(query, params).await.map_err(CommitError::from)?;
        if found > 0 { Ok(()) } else { Err(WriteError::NotFound) }
    }

    async fn find_project(&self, org: &str, id: &str) -> Result<Option<Project>, ReadError> {
        let params = Params::new().with(org)?.with(id)?;
        let rows = self.readers.fetch(&queries::PROJECT_FIND, params).await?;
        Ok(rows.first().map(|row| read_row(row, read_project)).transpose()?)
    }

    async fn list_projects(&self, org: &str) -> Result<Vec<Project>, ReadError> {
        let rows = self.readers.fetch(&queries::PROJECT_LIST, Params::new().with(org)?).await?;
        Ok(read_rows(&rows, read_project)?)
    }

    async fn put_task(&self, task: &TaskVersion, spec: &[u8]) -> Result<(), WriteError> {
        written(self.put_task_now(task, spec).await)
    }

    async fn find_task(&self, key: &TaskKey) -> Result<Option<TaskVersion>, ReadError> {
        let scope = &key.scope;
        let params = Params::new().with(&*scope.org)?.with(&*scope.project)?.with(&*scope.domain)?;
        let params = params.with(&*key.name)?.with(&*key.version)?;
        let rows = self.readers.fetch(&queries::TASK_FIND, params).await?;
        Ok(rows.first().map(|row| read_row(row, read_task)).transpose()?)
    }

    async fn list_tasks(&self, query: &TaskQuery) -> Result<Page<TaskVersion>, ReadError> {
        self.list_tasks_now(query).await
    }

    async fn put_spec(&self, digest: &Digest, bytes: &[u8]) -> Result<(), WriteError> {
        written(self.put_spec_now(digest, bytes).await)
    }

    async fn find_setting(&self, name: &str) -> Result<Option<Vec<u8>>, ReadError> {
        Ok(self.find_setting_now(name).await?)
    }

    async fn init_setting(&self, name: &str, value: &[u8]) -> Result<Vec<u8>, WriteError> {
        self.init_setting_now(name, value).await.map_err(|fault| WriteError::Commit(fault.into()))
    }
}

#[async_trait]
impl Replicas for PostgresStore {
    fn is_shared(&self) -> bool {
        true
    }

    fn server(&self) -> ServerId {
        self.neighbours.server()
    }

    async fn heard(&self) {
        self.neighbours.heard().await;
    }

    async fn echo(&self, after: Seq) -> Result<Option<Echo>, ReadError> {
        Ok(echo::read(&self.readers, self.server(), after).await?)
    }

    async fn announce(&self, endpoint: &str) -> Result<(), ReadError> {
        self.neighbours.announce(endpoint).await;
        Ok(())
    }

    fn take_arrivals(&self) -> bool {
        self.neighbours.take_arrivals()
    }

    async fn neighbours(&self) -> Result<Vec<Neighbour>, ReadError> {
        Ok(self.neighbours.list(&self.readers).await?)
    }

    async fn take_duty(&self) -> Result<(), ReadError> {
        self.neighbours.take_duty().await;
        Ok(())
    }

    fn duty(&self) -> Option<i64> {
        self.neighbours.duty()
    }
}

impl Metadata for PostgresStore {
    fn kind(&self) -> &'static str {
        "postgresql"
    }
}
