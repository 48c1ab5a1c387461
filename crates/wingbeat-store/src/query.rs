//! What lists can ask for: typed fields, filters and keyset pages. No client text gets further than here.

use std::sync::Arc;

use wingbeat_model::{ActionName, Phase, ProjectKey, RunId, Timestamp};

/// Sort order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Small to large.
    Ascending,
    /// Large to small.
    Descending,
}

/// A field of an action (or of a run, which is its root action) that lists can filter and sort by.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say what they are")]
pub enum ActionField {
    Name,
    RunName,
    Phase,
    Kind,
    Parent,
    Group,
    Source,
    CreatedBy,
    TaskProject,
    TaskDomain,
    TaskName,
    TaskVersion,
    ShortName,
    CreatedAt,
    UpdatedAt,
    EndedAt,
    /// Microseconds from start to end (to now for live ones is not counted: NULL sorts last).
    DurationMicros,
    /// A label of the run.
    Label(String),
}

/// How a field is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say what they are")]
pub enum FilterOp {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    /// Case-sensitive substring; `%` and `_` have no special meaning.
    Contains,
    ContainsIgnoringCase,
    EndsWith,
    NotEndsWith,
    In,
    NotIn,
    Exists,
    NotExists,
}

/// One condition; all of a query's conditions must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter<F> {
    /// Which field.
    pub field: F,
    /// How.
    pub op: FilterOp,
    /// Against what. Numbers (phase, kind, times in microseconds) as decimal text, checked by whoever built it.
    /// `In` and `NotIn` take any count, `Exists` and `NotExists` none, all others exactly one.
    pub values: Vec<String>,
}

/// A position in a list: opaque to clients, made by the store, checked by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(pub String);

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Where the next page starts; `None`: this was the last.
    pub next: Option<Cursor>,
}

/// Where runs or actions are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunScope {
    /// Root actions of a project and domain; an empty domain means all of the project's.
    Project(ProjectKey),
    /// Root actions that ran this task, in any version if none is given.
    Task {
        /// Where the task was deployed.
        scope: ProjectKey,
        /// Its name.
        name: Arc<str>,
        /// Its version.
        version: Option<Arc<str>>,
    },
    /// All actions of one run.
    Run(RunId),
}

/// A list of actions. Root actions stand for runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionQuery {
    /// Where.
    pub scope: RunScope,
    /// Which.
    pub filters: Vec<Filter<ActionField>>,
    /// Only runs that hold a condition waiting for an answer.
    pub paused_only: bool,
    /// Order; ties are broken by run and name. Empty: newest first for runs, oldest first within a run.
    pub sort: Vec<(ActionField, Direction)>,
    /// At most this many.
    pub limit: usize,
    /// Where to start.
    pub after: Option<Cursor>,
}

/// A field of a task version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say what they are")]
pub enum TaskField {
    Name,
    Version,
    Environment,
    ShortName,
    DeployedBy,
    CreatedAt,
    IsEntrypoint,
}

/// A list of deployed tasks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskQuery {
    /// Where; an empty domain means all of the project's.
    pub scope: ProjectKey,
    /// Set: the versions of this task. Unset: the newest version of each task.
    pub versions_of: Option<Arc<str>>,
    /// Which.
    pub filters: Vec<Filter<TaskField>>,
    /// Order; empty: newest first.
    pub sort: Vec<(TaskField, Direction)>,
    /// At most this many.
    pub limit: usize,
    /// Where to start.
    pub after: Option<Cursor>,
}

/// How many actions of a run stand where, by parent and group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionCounts {
    /// Whose children; `None` for the root itself.
    pub parent: Option<ActionName>,
    /// Which group; empty for none.
    pub group: String,
    /// Their phase.
    pub phase: Phase,
    /// How many.
    pub count: i64,
    /// Unused by counts of one run; the newest change for lists over runs.
    pub newest: Option<Timestamp>,
}
