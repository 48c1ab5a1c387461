//! Definitions of tasks and steps, as the macros write them, and the list of all tasks of a binary.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, LazyLock, OnceLock};

use wingbeat_proto::flyteidl2::core::{Literal, LiteralType};
use wingbeat_proto::flyteidl2::task::NamedLiteral;

use crate::controller::CalledTask;
use crate::failure::Error;
use crate::settings::{Environment, TaskSettings};
use crate::value::{Value, ValueError};

/// A future that owns what it needs.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What a task's body becomes when it is run by its name.
pub type Body = for<'a> fn(&TaskInputs<'a>) -> Result<BoxFuture<Result<Vec<NamedLiteral>, Error>>, Error>;

/// A task, as `#[task]` found it.
pub struct TaskDef {
    /// The second half of its name.
    pub name: &'static str,
    /// Where it belongs.
    pub environment: &'static Environment,
    /// What it says about itself.
    pub settings: TaskSettings,
    /// Inputs in the order of the signature.
    pub params: &'static [Param],
    /// Names and types of its outputs.
    pub outputs: fn() -> Vec<(String, LiteralType)>,
    /// Decodes the inputs; the future runs the function and encodes what it gave.
    pub run: Body,
    /// Its doc comment.
    pub docs: &'static str,
    /// Its source text, one token after the other.
    pub source: &'static str,
    /// The module that it stands in.
    pub module: &'static str,
    /// What is made of it once and used for every call.
    pub made: Made,
}

/// What is made of a definition when it is first needed.
#[derive(Default)]
pub struct Made {
    pub(crate) spec: OnceLock<Arc<CalledTask>>,
    pub(crate) full_name: OnceLock<String>,
}

impl Made {
    /// Nothing yet.
    pub const fn new() -> Self {
        Self { spec: OnceLock::new(), full_name: OnceLock::new() }
    }
}

impl fmt::Debug for TaskDef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskDef").field("name", &self.full_name()).finish_non_exhaustive()
    }
}

impl TaskDef {
    /// The name on the platform: that of the environment, a dot, and its own.
    pub fn full_name(&self) -> &str {
        self.made.full_name.get_or_init(|| format!("{}.{}", self.environment.name, self.name))
    }

    /// What it and its environment say.
    pub fn settings(&self) -> TaskSettings {
        self.settings.or(&self.environment.settings)
    }
}

/// An input of a task.
pub struct Param {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub literal_type: fn() -> LiteralType,
    /// Its default, if it has one.
    pub default: Option<fn() -> Result<Literal, Error>>,
    /// What it is when it is not given and has no default.
    absent: fn() -> bool,
}

impl fmt::Debug for Param {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Param").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Param {
    /// An input that every call gives.
    pub const fn required<T: Value>(name: &'static str) -> Self {
        Self { name, literal_type: T::literal_type, default: None, absent: has_absent::<T> }
    }

    /// An input that calls may leave out.
    pub const fn with_default<T: Value>(name: &'static str, default: fn() -> Result<Literal, Error>) -> Self {
        Self { default: Some(default), ..Self::required::<T>(name) }
    }

    /// Whether a call has to give it.
    pub fn is_required(&self) -> bool {
        self.default.is_none() && !(self.absent)()
    }
}

fn has_absent<T: Value>() -> bool {
    T::absent().is_some()
}

/// The inputs of one run of a task's body.
#[derive(Debug, Clone, Copy)]
pub struct TaskInputs<'a> {
    /// The task.
    pub params: &'static [Param],
    /// What was given, by name.
    pub literals: &'a [NamedLiteral],
}

impl TaskInputs<'_> {
    /// The value of the input at `ix`, which is called `name`.
    ///
    /// # Errors
    /// It is missing or of another type.
    pub fn take<T: Value>(&self, ix: usize, name: &str) -> Result<T, Error> {
        let here = self.literals.get(ix).filter(|one| one.name == name);
        let found = here.or_else(|| self.literals.iter().find(|one| one.name == name));
        if let Some(found) = found {
            return Ok(T::from_literal(&found.value).map_err(|error| error.within(name))?);
        }
        if let Some(default) = self.params[ix].default {
            return Ok(T::from_literal(&default()?).map_err(|error| error.within(name))?);
        }
        T::absent().ok_or_else(|| ValueError::new(format!("an input `{name}`"), "no such input").into())
    }
}

/// A step, as `#[trace]` found it.
#[derive(Debug)]
pub struct StepDef {
    /// The function's name.
    pub name: &'static str,
    /// Inputs in the order of the signature.
    pub params: &'static [Param],
    /// Names and types of its outputs.
    pub outputs: fn() -> Vec<(String, LiteralType)>,
    /// Its source text, one token after the other.
    pub source: &'static str,
}

/// An entry in the list of a binary's tasks.
#[derive(Debug)]
pub struct Registered(pub &'static TaskDef);

inventory::collect!(Registered);

/// Every task of this binary by its full name.
static TASKS: LazyLock<HashMap<&'static str, &'static TaskDef>> =
    LazyLock::new(|| inventory::iter::<Registered>().map(|one| (one.0.full_name(), one.0)).collect());

/// Every task of this binary, sorted by name.
pub fn all() -> Vec<&'static TaskDef> {
    let mut tasks: Vec<&'static TaskDef> = TASKS.values().copied().collect();
    tasks.sort_by_key(|task| task.full_name());
    tasks
}

/// The task of this name. The environment may be left out where only one task has the name.
///
/// # Errors
/// There is none, or there are several; the text lists them.
pub fn find(name: &str) -> Result<&'static TaskDef, Error> {
    if let Some(task) = TASKS.get(name) {
        return Ok(task);
    }
    let named: Vec<&'static TaskDef> = all().into_iter().filter(|task| task.name == name).collect();
    if let [task] = named[..] {
        return Ok(task);
    }
    let listed = |tasks: &[&'static TaskDef]| {
        let all: Vec<&str> = tasks.iter().map(|task| task.full_name()).collect();
        all.join(", ")
    };
    let text = match (named.as_slice(), all().as_slice()) {
        ([], []) => format!("there is no task `{name}`: this binary has no tasks at all"),
        ([], all) => format!("there is no task `{name}` in this binary; there are: {}", listed(all)),
        (several, _) => format!("`{name}` may be any of: {}", listed(several)),
    };
    Err(Error::user("TaskNotFound", text).not_recoverable())
}
