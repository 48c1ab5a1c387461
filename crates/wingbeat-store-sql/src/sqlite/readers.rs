//! A few connections that only read. Each read sees one state, never older than the last acknowledged commit.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::Semaphore;
use wingbeat_store::ReadError;

use super::open::connect_reader;
use super::row::step;
use crate::fault::Fault;

/// The most reads at once.
const READERS: u32 = 4;

/// A look that takes longer found its pages on a slow disk, not in memory.
const LONG_LOOK: Duration = Duration::from_millis(10);

/// How long looks keep off the runtime's threads after such a one.
const COLD: Duration = Duration::from_secs(1);

/// The connections. They are opened when first needed, so that a start does not wait for them.
pub(crate) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    places: Arc<Semaphore>,
    /// When a look last took long.
    cold_since: Mutex<Option<Instant>>,
}

impl Readers {
    /// For the database at `path`.
    pub(crate) fn new(path: PathBuf) -> Self {
        let places = Arc::new(Semaphore::new(READERS as usize));
        Self { path, idle: Mutex::default(), places, cold_since: Mutex::default() }
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

    /// The same for a few rows by their key: on this thread, unless a look took long lately. The way to another thread and
    /// back takes longer than to read what is in memory.
    pub(crate) async fn look<T, F>(self: &Arc<Self>, read: F) -> Result<T, ReadError>
    where
        F: FnOnce(&Connection) -> Result<T, ReadError> + Send + 'static,
        T: Send + 'static,
    {
        // Whoever looks a thousand times in a row lets others have their turn.
        tokio::task::coop::consume_budget().await;
        // To open a connection may take long.
        if !self.is_cold()
            && let Ok(_place) = self.places.try_acquire()
            && let Some(db) = self.take_idle()
        {
            let begun = Instant::now();
            let found = self.read_with(db, read);
            self.note(begun.elapsed());
            return found;
        }
        self.read(read).await
    }

    fn is_cold(&self) -> bool {
        self.lock_cold().is_some_and(|since| since.elapsed() < COLD)
    }

    fn note(&self, took: Duration) {
        if took > LONG_LOOK {
            *self.lock_cold() = Some(Instant::now());
        }
    }

    fn lock_cold(&self) -> MutexGuard<'_, Option<Instant>> {
        self.cold_since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read_now<T>(&self, read: impl FnOnce(&Connection) -> Result<T, ReadError>) -> Result<T, ReadError> {
        let db = match self.take_idle() {
            Some(db) => db,
            None => connect_reader(&self.path).map_err(Fault::from)?,
        };
        self.read_with(db, read)
    }

    fn take_idle(&self) -> Option<Connection> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn read_with<T>(
        &self,
        db: Connection,
        read: impl FnOnce(&Connection) -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;
    use std::time::Duration;

    use super::{COLD, LONG_LOOK, Readers};

    fn here(readers: &Arc<Readers>, takes: Duration) -> impl Future<Output = bool> + use<> {
        let (readers, asked_by) = (Arc::clone(readers), thread::current().id());
        async move {
            let look = readers.look(move |_| {
                thread::sleep(takes);
                Ok(thread::current().id())
            });
            look.await.unwrap() == asked_by
        }
    }

    #[tokio::test]
    async fn a_look_keeps_off_the_thread_for_a_while_after_one_that_took_long() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some.db");
        rusqlite::Connection::open(&path).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
        let readers = Arc::new(Readers::new(path));
        assert!(!here(&readers, Duration::ZERO).await, "there is no connection yet");
        assert!(here(&readers, Duration::ZERO).await);
        assert!(here(&readers, LONG_LOOK * 2).await, "nobody knows it before");
        assert!(!here(&readers, Duration::ZERO).await);
        tokio::time::sleep(COLD).await;
        assert!(here(&readers, Duration::ZERO).await);
    }
}
