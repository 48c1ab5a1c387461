//! What went wrong, and whose fault it is.

/// Whose failure it is, and so which budget a retry uses up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureClass {
    /// The task's own code: uses up user retries.
    User,
    /// Something around the task; on the wire SYSTEM. Uses up system retries.
    System,
    /// The machine or executor was lost; on the wire SYSTEM. Uses up system retries.
    Infrastructure,
}

/// Why an attempt or an action failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Whose failure it is.
    pub class: FailureClass,
    /// Stable code: an exception's class name, `OOMKilled`, `MAX_RUNTIME_EXCEEDED`.
    pub code: String,
    /// For people.
    pub message: String,
    /// `false` ends the action whatever budget is left.
    pub recoverable: bool,
    /// Which worker of a distributed task; empty for others.
    pub worker: String,
    /// The kind number that the task's runtime gave (`ExecutionError.ErrorKind`), passed on as it is.
    pub wire_kind: i32,
}
