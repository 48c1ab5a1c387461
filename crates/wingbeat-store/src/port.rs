//! The ports. Small, object-safe, in the platform's words; a server holds them as `Arc<dyn …>`.

use async_trait::async_trait;
use wingbeat_model::{
    Action, ActionKey, ActionName, Attempt, CacheEntry, CacheKey, Digest, FollowUp, Project, Queue,
    Reservation, Run, RunId, RunKey, Seq, Session, Share, TaskKey, TaskVersion, UnitOfWork,
};

use crate::replicas::Replicas;
use crate::views::RunViews;
use crate::{ActionCounts, ActionQuery, Page, RunScope, TaskQuery};

/// A read that did not work.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The cursor is not one of ours, or of another list.
    #[error("the page token is not valid for this list")]
    BadCursor,
    /// The store cannot be reached now; trying again may help.
    #[error("the store is not available")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What is stored cannot be understood: a bug or a damaged file.
    #[error("the store holds something that cannot be read: {what}")]
    Corrupt {
        /// What and where.
        what: String,
    },
}

/// A commit that did not work. Nothing was written, unless the variant says that nobody knows.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// No space is left. Nothing was written.
    #[error("the disk is full")]
    DiskFull,
    /// The store cannot be reached now. Whether it was written is unknown.
    #[error("the store is not available")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What is stored cannot be understood.
    #[error("the store holds something that cannot be read: {what}")]
    Corrupt {
        /// What and where.
        what: String,
    },
}

/// A write of the catalogue that did not work.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The key is taken.
    #[error("already exists")]
    Exists,
    /// There is nothing of that key.
    #[error("not found")]
    NotFound,
    /// See [`CommitError`].
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// The write path of run state.
#[async_trait]
pub trait RunWrites: Send + Sync {
    /// Runs one unit of work as one durable transaction and gives it back.
    ///
    /// Its position in the feed is larger than all before it. A unit that changes nothing writes nothing and
    /// has no position of its own: it gets the newest one there is. Ids of new runs are chosen by the
    /// caller through [`RunWrites::next_run_id`]. A key, and an action's parent and time of creation, never change.
    async fn commit(&self, unit: Box<dyn UnitOfWork>) -> Result<(Box<dyn UnitOfWork>, Seq), CommitError>;

    /// A number that no run has or had. Durable or not, it is never given twice.
    async fn next_run_id(&self) -> Result<RunId, CommitError>;
}

/// Reads of run state. Each sees one consistent state, at least as new as the last commit that was acknowledged.
#[async_trait]
pub trait RunReads: Send + Sync {
    /// The newest position in the feed.
    async fn head(&self) -> Result<Seq, ReadError>;
    /// A run by name.
    async fn find_run(&self, key: &RunKey) -> Result<Option<Run>, ReadError>;
    /// Runs by number; unknown ones are left out.
    async fn get_runs(&self, ids: &[RunId]) -> Result<Vec<Run>, ReadError>;
    /// An action.
    async fn find_action(&self, key: &ActionKey) -> Result<Option<Action>, ReadError>;
    /// Attempts of an action, in order.
    async fn list_attempts(&self, key: &ActionKey) -> Result<Vec<Attempt>, ReadError>;
    /// A spec by digest.
    async fn find_spec(&self, digest: &Digest) -> Result<Option<Vec<u8>>, ReadError>;
    /// A list of actions.
    async fn list_actions(&self, query: &ActionQuery) -> Result<Page<Action>, ReadError>;
    /// Actions of a run that changed after `after`, oldest change first; `parent` narrows it to those of that action's
    /// children that have ended, which is all that a parent waits for. The second part is the position up to which this is everything: a position is never split, so
    /// a page has `limit` rows and what else its last position holds. Fewer than `limit` rows are all there is.
    async fn changed_actions(
        &self,
        run: RunId,
        parent: Option<&ActionName>,
        after: Seq,
        limit: usize,
    ) -> Result<(Vec<Action>, Seq), ReadError>;
    /// Root actions of a scope whose row changed after `after`, oldest change first; in pages as those of
    /// [`RunReads::changed_actions`].
    async fn changed_roots(
        &self,
        scope: &RunScope,
        after: Seq,
        limit: usize,
    ) -> Result<(Vec<Action>, Seq), ReadError>;
    /// Counts of a run.
    async fn counts(&self, run: RunId) -> Result<Vec<ActionCounts>, ReadError>;
    /// Actions that have not ended, by key, after `after`: what a starting server loads. Damaged rows are left out, so that
    /// a page may be short; an empty one is the last.
    async fn live_actions(&self, after: Option<&ActionKey>, limit: usize) -> Result<Vec<Action>, ReadError>;
    /// Attempts that a session still holds, by key: what a starting server loads. Damaged rows are left out.
    async fn held_attempts(&self) -> Result<Vec<Attempt>, ReadError>;
    /// Sessions that have not ended.
    async fn open_sessions(&self) -> Result<Vec<Session>, ReadError>;
    /// Work that is left, oldest first.
    async fn follow_ups(&self) -> Result<Vec<FollowUp>, ReadError>;
    /// All queues that somebody made or used, deleted ones included, by name.
    async fn queues(&self) -> Result<Vec<Queue>, ReadError>;
    /// Shares that somebody set, by project.
    async fn shares(&self) -> Result<Vec<Share>, ReadError>;
    /// A cache entry.
    async fn find_cache(&self, key: &CacheKey) -> Result<Option<CacheEntry>, ReadError>;
    /// Who computes a cache key.
    async fn find_reservation(&self, key: &CacheKey) -> Result<Option<Reservation>, ReadError>;
}

/// Projects, deployed tasks and small settings.
#[async_trait]
pub trait Catalog: Send + Sync {
    /// Adds a project.
    async fn create_project(&self, project: &Project) -> Result<(), WriteError>;
    /// Replaces a project.
    async fn update_project(&self, project: &Project) -> Result<(), WriteError>;
    /// A project.
    async fn find_project(&self, org: &str, id: &str) -> Result<Option<Project>, ReadError>;
    /// All projects of an organisation, oldest first.
    async fn list_projects(&self, org: &str) -> Result<Vec<Project>, ReadError>;
    /// Writes a task version and its spec; the same version again replaces it.
    async fn put_task(&self, task: &TaskVersion, spec: &[u8]) -> Result<(), WriteError>;
    /// A task version.
    async fn find_task(&self, key: &TaskKey) -> Result<Option<TaskVersion>, ReadError>;
    /// A list of task versions.
    async fn list_tasks(&self, query: &TaskQuery) -> Result<Page<TaskVersion>, ReadError>;
    /// Stores a spec by digest outside of a run's transaction.
    async fn put_spec(&self, digest: &Digest, bytes: &[u8]) -> Result<(), WriteError>;
    /// A value of the deployment, such as the key of signed URLs.
    async fn find_setting(&self, name: &str) -> Result<Option<Vec<u8>>, ReadError>;
    /// Sets a value if there is none, and returns what is there now.
    async fn init_setting(&self, name: &str, value: &[u8]) -> Result<Vec<u8>, WriteError>;
}

/// A whole metadata store.
pub trait Metadata: RunWrites + RunReads + RunViews + Catalog + Replicas {
    /// In a word, for people: `sqlite`.
    fn kind(&self) -> &'static str;
}
