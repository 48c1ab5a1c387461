//! What can be asked of the engine.

use std::sync::Arc;

use wingbeat_model::{
    ActionKey, ActionName, AttemptIdentity, AttemptKey, CacheEntry, CacheKey, CacheOwner, Digest, Failure,
    Fence, FollowUp, Policy, QueueChange, QueueName, ReplayKey, Resources, Run, RunId, ServerId, Session,
    SessionId, Share, Span, TaskRef, Timestamp,
};

/// One wish. Any of them may come twice, late, or after something that makes it moot.
#[derive(Debug, Clone)]
pub enum Command {
    /// Starts a run: its row and its root action.
    CreateRun(Box<NewRun>),
    /// Adds an action to a run.
    Enqueue(Box<NewAction>),
    /// An executor takes a queued action.
    Claim {
        /// Which action.
        action: ActionKey,
        /// For whom.
        session: SessionId,
    },
    /// An executor says what happened to an attempt.
    Report(Box<Report>),
    /// Ends an action and all below it; the root's end is the run's.
    Abort {
        /// Which action.
        action: ActionKey,
        /// Why, for people.
        reason: String,
        /// Who asks; empty for the server.
        by: String,
        /// Set when a task asks: a former owner of its attempt can abort nothing.
        caller: Option<AttemptIdentity>,
    },
    /// Answers a condition. The value's type was checked before.
    Signal {
        /// Which condition.
        action: ActionKey,
        /// A serialized `Literal`.
        value: Vec<u8>,
        /// Who answers.
        by: String,
    },
    /// The time that [`crate::wake_at`] named for an action has come. Moot when another server sees to that.
    Wake(ActionKey),
    /// An executor session begins. Open sessions of the same executor name end.
    StartSession(Session),
    /// An executor session is lost to the server that had its stream. Moot when it has come to another one.
    EndSession {
        /// Which.
        session: SessionId,
        /// To whom.
        server: ServerId,
    },
    /// An operator wants an executor to take nothing new, and to end when what it runs has ended.
    DrainExecutor(String),
    /// A drained executor wants to end its session.
    LeaveSession(SessionId),
    /// An operator makes a queue, or says something else of it.
    PutQueue {
        /// Which queue.
        name: QueueName,
        /// What is changed; a new queue has no limits otherwise.
        change: QueueChange,
    },
    /// An operator deletes a queue. What waits in it goes on waiting; what runs goes on.
    DeleteQueue(QueueName),
    /// An operator sets a project's share.
    PutShare(Share),
    /// Durable work that an earlier transaction left.
    FollowUp(FollowUp),
    /// A client of the cache service stores a result.
    CachePut {
        /// The entry.
        entry: CacheEntry,
        /// Replace what is there.
        overwrite: bool,
    },
    /// A client of the cache service deletes a result.
    CacheDelete {
        /// Its key.
        key: CacheKey,
        /// Delete it only if this is still its result.
        only: Option<String>,
    },
    /// A client of the cache service wants to compute a key, or goes on computing it.
    Reserve {
        /// Which key.
        key: CacheKey,
        /// Who.
        owner: String,
        /// For how long, from now.
        hold: Span,
    },
    /// A client of the cache service gives a key back.
    ReleaseReservation {
        /// Which key.
        key: CacheKey,
        /// Who.
        owner: CacheOwner,
    },
}

/// A new run and its root action.
#[derive(Debug, Clone)]
pub struct NewRun {
    /// The row. Its `running`, `waiting_parents`, `abort` and `changed` are set by the engine.
    pub run: Run,
    /// Bytes of its `RunSpec`.
    pub run_spec: Vec<u8>,
    /// Its root.
    pub root: NewAction,
    /// How a repetition of this request is recognised, with the digest of its body.
    pub replay: Option<(ReplayKey, Digest)>,
}

/// An action to add.
#[derive(Debug, Clone)]
pub struct NewAction {
    /// Its run and name.
    pub key: ActionKey,
    /// Who enqueues it; `None` only for a root.
    pub parent: Option<ActionName>,
    /// Set when a task asks: a former owner of its attempt can add nothing.
    pub caller: Option<AttemptIdentity>,
    /// Group; empty for none.
    pub group: String,
    /// Digest of the spec below.
    pub spec: Digest,
    /// Bytes of its `TaskSpec`, `TraceAction` or `ConditionAction`.
    pub spec_bytes: Vec<u8>,
    /// Names for lists.
    pub task: TaskRef,
    /// Full path of `inputs.pb`.
    pub input_uri: String,
    /// Who creates it.
    pub created_by: String,
    /// What it is.
    pub body: NewBody,
}

/// What a new action is.
#[derive(Debug, Clone)]
pub enum NewBody {
    /// Runs on an executor.
    Task {
        /// Queue it names; empty takes the run's.
        queue: Arc<str>,
        /// Higher goes first.
        priority: i32,
        /// What it needs of a machine.
        resources: Resources,
        /// Limits and retries.
        policy: Policy,
        /// What it wants of the cache; scope and overwriting come from the run.
        cache: Option<NewCacheUse>,
    },
    /// Something that has already happened.
    Trace {
        /// `None`: it succeeded.
        failure: Option<Failure>,
        /// Full file of its outputs, or empty.
        output_uri: String,
        /// When it began.
        started_at: Timestamp,
        /// When it ended.
        ended_at: Timestamp,
    },
    /// Waits for somebody's answer.
    Condition {
        /// Gives up after this.
        timeout: Option<Span>,
    },
}

/// What a task's metadata says of caching.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCacheUse {
    /// The client's key.
    pub key: Arc<str>,
    /// Only one action computes it at a time.
    pub serialize: bool,
    /// An entry older than this is a miss.
    pub max_age: Option<Span>,
}

/// What an executor says of an attempt.
#[derive(Debug, Clone)]
pub struct Report {
    /// Which attempt.
    pub attempt: AttemptKey,
    /// The fence it was given.
    pub fence: Fence,
    /// Who says so.
    pub session: SessionId,
    /// When it happened, by the executor's clock; cut to the time between the claim and now.
    pub at: Timestamp,
    /// What happened.
    pub kind: ReportKind,
}

/// What happened to an attempt.
#[derive(Debug, Clone)]
pub enum ReportKind {
    /// Its process runs.
    Started {
        /// `process`, `simulated`.
        isolation: String,
    },
    /// It wrote its outputs, and they are durable.
    Succeeded {
        /// Folder that holds `outputs.pb`.
        output_uri: String,
        /// Full URI of the report, if there is one.
        report_uri: Option<String>,
    },
    /// It failed.
    Failed {
        /// How.
        failure: Failure,
        /// Full URI of the report, if there is one.
        report_uri: Option<String>,
    },
    /// Its process is gone because it was told to stop.
    Stopped,
}

/// What an accepted command did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// A run was created, or the very same request had created it before.
    RunCreated(RunId),
    /// An action was added (or reopened).
    Enqueued,
    /// The same action was there already.
    AlreadyEnqueued,
    /// The attempt was given; its number and fence.
    Claimed {
        /// Number of the new attempt.
        attempt: u32,
        /// Its fence.
        fence: Fence,
    },
    /// The report counted.
    Reported,
    /// Ended now, or had ended before.
    Aborted,
    /// The value was taken, or the same one was there.
    Signalled,
    /// Whoever asked needs no answer.
    Done,
    /// The cache service's holder of a key after `Reserve`.
    Reserved {
        /// Who holds it now.
        owner: CacheOwner,
        /// Until when.
        expires_at: Option<Timestamp>,
    },
}

/// Why a command changed nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reject {
    /// The run's name is taken, and not by the same request.
    #[error("run `{0}` already exists")]
    RunExists(String),
    /// There is no such run.
    #[error("no such run")]
    NoRun,
    /// There is no such action.
    #[error("action `{0}` does not exist in this run")]
    NoAction(ActionName),
    /// The parent does not exist.
    #[error("parent action `{0}` does not exist in this run")]
    NoParent(ActionName),
    /// The parent has ended; its children would never be read.
    #[error("parent action `{parent}` has ended ({phase})")]
    ParentEnded {
        /// Which parent.
        parent: ActionName,
        /// Its phase in words.
        phase: &'static str,
    },
    /// The run is being aborted.
    #[error("run aborted: {0}")]
    RunAborted(String),
    /// Another action has this name.
    #[error("action `{0}` already exists with a different spec")]
    DifferentSpec(ActionName),
    /// The caller's attempt is no longer the present one.
    #[error("attempt {attempt} of action `{action}` is no longer current")]
    StaleAttempt {
        /// Which action.
        action: ActionName,
        /// The caller's attempt.
        attempt: u32,
    },
    /// The action is not (or no longer) waiting to be claimed.
    #[error("action is not queued")]
    NotQueued,
    /// The run's cap leaves no place.
    #[error("run cap {cap}/{cap} reached")]
    RunCap {
        /// The cap.
        cap: u32,
    },
    /// There is no such queue.
    #[error("there is no queue `{0}`")]
    NoQueue(QueueName),
    /// The queue starts nothing now.
    #[error("queue `{0}` is paused")]
    QueuePaused(QueueName),
    /// The queue's cap leaves no place.
    #[error("queue `{queue}` is at its cap {cap}/{cap}")]
    QueueCap {
        /// Which queue.
        queue: QueueName,
        /// The cap.
        cap: u32,
    },
    /// Everything that names no queue waits in it.
    #[error("the default queue cannot be deleted; pause it to start nothing new")]
    DefaultQueueStays,
    /// The session has ended, or has gone to another server.
    #[error("executor session has ended or is with another server")]
    NoSession,
    /// The session's executor takes nothing new.
    #[error("the executor drains")]
    Draining,
    /// The session was not told to drain, or attempts are still its.
    #[error("the session may not end yet: it does not drain, or still has attempts")]
    NotDrained,
    /// No session of that executor is open.
    #[error("there is no executor `{0}`")]
    NoExecutor(String),
    /// The action is no condition, or has ended otherwise, or has another value.
    #[error("{0}")]
    NotSignallable(String),
    /// The cache has an entry and it is not to be overwritten.
    #[error("cache entry already exists")]
    CacheExists,
    /// Nothing is there to delete or release.
    #[error("no such cache entry or reservation")]
    NoCacheEntry,
}
