//! A few connections that only read. Each read sees one state, never older than the last acknowledged commit.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::Semaphore;
use wingbeat_store::ReadError;

use super::open::connect_reader;
use super::row::step;
use crate::fault::Fault;

/// The most reads at once.
const READERS: u32 = 4;

/// The connections. They are opened when first needed, so that a start does not wait for them.
pub(crate) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    places: Arc<Semaphore>,
}

impl Readers {
    /// For the database at `path`.
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, idle: Mutex::default(), places: Arc::new(Semaphore::new(READERS as usize)) }
    }

    /// Runs `read` inside one transaction, on a thread that may block.
    pub(crate) async fn read<T, F>(self: &Arc<Self>, read: F) -> Result<T, ReadError>
    where
        F: FnOnce(&Connection) -> Result<T, ReadError> + Send + 'static,
        T: Send + 'static,
    {
        let closed = |_| ReadError::from(Fault::closed());
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(closed)?;
        let readers = Arc::clone(self);
        let work = move || {
            let _place = place;
            readers.read_now(read)
        };
        tokio::task::spawn_blocking(work).await.map_err(|error| ReadError::Unavailable(Box::new(error)))?
    }

    fn read_now<T>(&self, read: impl FnOnce(&Connection) -> Result<T, ReadError>) -> Result<T, ReadError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let db = match idle {
            Some(db) => db,
            None => connect_reader(&self.path).map_err(Fault::from)?,
        };
        step(&db, "BEGIN")?;
        let found = read(&db);
        // There is nothing to keep. A connection that cannot even do that is not used again.
        step(&db, "ROLLBACK")?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(db);
        found
    }

    /// Waits for reads under way and closes the connections.
    pub(crate) async fn close(&self) {
        // An error means that somebody else closed them.
        if self.places.acquire_many(READERS).await.is_ok() {
            self.places.close();
        }
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
