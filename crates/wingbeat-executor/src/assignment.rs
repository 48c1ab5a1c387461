//! What an attempt is, once the wire has been left behind: who it is, what to run, where its files go.
//!
//! Plain data; it decides nothing and never touches a file.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use wingbeat_model::{AttemptKey, Fence, Timestamp};

/// An attempt and the fence that guards reports on it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Held {
    /// Which attempt.
    pub(crate) key: AttemptKey,
    /// The owner's number; a report with another one is refused.
    pub(crate) fence: Fence,
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let AttemptKey { action, attempt } = &self.key;
        write!(f, "{}-{}-{attempt}", action.run.0, action.name)
    }
}

/// Everything that is needed to start one attempt.
#[derive(Debug, Clone)]
pub(crate) struct Assignment {
    pub(crate) held: Held,
    pub(crate) org: String,
    pub(crate) project: String,
    pub(crate) domain: String,
    pub(crate) run: String,
    pub(crate) task: Task,
    /// Full path of `inputs.pb`.
    pub(crate) input_uri: String,
    pub(crate) run_output_base: String,
    pub(crate) output_prefix: String,
    pub(crate) raw_data_prefix: String,
    pub(crate) checkpoint_uri: String,
    /// Empty on the first attempt.
    pub(crate) prev_checkpoint_uri: String,
    /// Environment of the run.
    pub(crate) run_env: BTreeMap<String, String>,
    pub(crate) run_start: Option<Timestamp>,
    /// Time between SIGTERM and SIGKILL, if the server named one.
    pub(crate) stop_grace: Option<Duration>,
    /// Where log chunks go in the object store.
    pub(crate) log_prefix: String,
}

impl Assignment {
    /// The action's name.
    pub(crate) fn action(&self) -> &str {
        self.held.key.action.name.as_str()
    }

    /// The attempt's number, from 1.
    pub(crate) fn attempt(&self) -> u32 {
        self.held.key.attempt
    }
}

/// The part of a task template that a process needs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Task {
    pub(crate) project: String,
    pub(crate) domain: String,
    pub(crate) name: String,
    pub(crate) version: String,
    /// The template's `type`: `python`, `raw-container`, …
    pub(crate) kind: String,
    pub(crate) target: Target,
    pub(crate) outputs: DeclaredOutputs,
    /// Set where the task asks to run in reused processes.
    pub(crate) reuse: Option<ReusePolicy>,
}

/// How processes are reused.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ReusePolicy {
    /// Of the task environment.
    pub(crate) name: String,
    /// Changes with whatever the client knows to part environments.
    pub(crate) version: String,
    /// Processes that are kept although fewer would do.
    pub(crate) min_replicas: u32,
    /// Processes that compute at once.
    pub(crate) max_replicas: u32,
    /// Attempts at once in a process.
    pub(crate) concurrency: u32,
    /// After so long without an attempt, all processes go.
    pub(crate) idle: Duration,
    /// After so long without an attempt, one goes of which there are more than the fewest.
    pub(crate) scaledown: Duration,
    /// Only attempts of one run share processes.
    pub(crate) one_run: bool,
}

/// What the template says is to be run.
#[derive(Debug, Clone, Default)]
pub(crate) enum Target {
    /// A command line.
    Container(Command),
    /// A whole Kubernetes pod.
    Pod,
    /// A statement for a database.
    Sql,
    /// Nothing.
    #[default]
    None,
}

/// The command line of a container, before substitution.
#[derive(Debug, Clone, Default)]
pub(crate) struct Command {
    /// Command and arguments, in this order.
    pub(crate) argv: Vec<String>,
    /// The task's own environment.
    pub(crate) env: Vec<(String, String)>,
}

impl Command {
    /// Is it the SDK's Python runtime, and no program of the user's?
    pub(crate) fn is_runtime(&self) -> bool {
        self.argv.first().is_some_and(|program| program == "a0")
    }
}

/// Whether the task's interface names outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum DeclaredOutputs {
    /// It returns nothing.
    #[default]
    None,
    /// It returns something, so `outputs.pb` must exist.
    Some,
}
