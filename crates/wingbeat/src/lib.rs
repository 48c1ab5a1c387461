//! Write tasks in Rust, and run them on any Flyte 2 platform, or without one.
//!
//! ```
//! use wingbeat::{Environment, task};
//!
//! static ENV: Environment = Environment::new("demo");
//!
//! #[derive(wingbeat::Value, Debug)]
//! struct Point {
//!     x: f64,
//!     y: f64,
//! }
//!
//! #[task(env = ENV, retries = 2, cache = "auto", timeout = "5m")]
//! async fn length(point: Point) -> f64 {
//!     point.x.hypot(point.y)
//! }
//!
//! #[task(env = ENV)]
//! async fn lengths(n: i64) -> wingbeat::Result<Vec<f64>> {
//!     let points = (0..n).map(|x| Point { x: x as f64, y: 1.0 });
//!     wingbeat::map(length, points.collect::<Vec<_>>()).concurrency(8).await
//! }
//!
//! # if false {
//! // In `fn main()`: the same binary runs tasks here, starts runs elsewhere, and is what a platform starts for a task.
//! wingbeat::main();
//! # }
//! ```
//!
//! A call of a task within a task goes to whatever runs it: a platform starts a process for it, a local run a future.
//! Outside of tasks it is a plain call of the function, which is what unit tests want.
//!
//! With the feature `dataframe`, `DataFrame::read` and `DataFrame::create` turn tables into record batches of Arrow and
//! back. The guide is `docs/rust-sdk.md` of the repository.

mod answers;
mod commands;
mod control;
mod environment;
mod interface;
mod local_folder;
mod platform;
mod process;

pub use bytes::Bytes;
#[cfg(feature = "dataframe")]
pub use wingbeat_sdk::dataframe::{Create as CreateDataFrame, Read as ReadDataFrame, arrow};
pub use {jiff, serde_json};

pub use wingbeat_sdk::call::Call;
pub use wingbeat_sdk::condition::{Answer, CONDITION_FAILED, CONDITION_TIMED_OUT, Condition, condition};
pub use wingbeat_sdk::context::{Checkpoint, Context, Report, carried, ctx, group, with_value};
pub use wingbeat_sdk::deployed::{Deployed, deployed};
pub use wingbeat_sdk::error::Origin;
pub use wingbeat_sdk::failure::{Error, Result};
pub use wingbeat_sdk::local;
pub use wingbeat_sdk::map::{Map, map};
pub use wingbeat_sdk::settings::{
    Cache, Environment, Image, ImageSpec, Layer, Link, Retries, Schedule, Secret, TaskSettings, Timeout,
    Trigger,
};
pub use wingbeat_sdk::value::{
    Column, ColumnType, ColumnValue, Columns, DataFrame, Dir, File, Outputs, Table, TaskReturn, Value,
    ValueError,
};

/// Makes a task of a function.
///
/// The function may be `async` or not; one that is not gets a thread on which it may block. It takes and gives values
/// ([`Value`]), returns them bare or in a `Result` of any error, and several of them as a tuple. What others see is a
/// function with the same arguments that gives a [`Call`], to be awaited, or waited for with [`Call::wait`].
///
/// An argument with `#[default(…)]` may be left out by those who start a run.
///
/// Options, each of which the environment may say for all of its tasks:
///
/// | option | example |
/// |---|---|
/// | `env` | `ENV`, a `static` [`Environment`]; without it one named after the crate |
/// | `name`, `short_name` | `"train"` |
/// | `retries` | `3`, or `Retries::times(3).every(Duration::from_secs(5))` |
/// | `timeout` | `"90s"`, `"1h30m"`, or a [`Timeout`] |
/// | `cache` | `"auto"`, `"disable"`, or a [`Cache`] such as `Cache::version("v1")` |
/// | `queue` | `"gpu"` |
/// | `report`, `interruptible`, `entrypoint` | alone, or `= true` |
/// | `cpu`, `memory`, `gpu`, `disk` | `"500m"`, `"1Gi"`, `"1"`, `"10Gi"` |
/// | `secrets`, `triggers`, `links` | `&[Secret::env_var("key", "API_KEY")]` |
///
/// A type that cannot travel is refused where it stands:
///
/// ```compile_fail
/// #[wingbeat::task]
/// async fn broken(place: std::path::PathBuf) -> i64 {
///     0
/// }
/// ```
pub use wingbeat_macros::task;

/// Makes a durable step of a function: its result is recorded, and the next attempt of the task around it takes the
/// record instead of running it again.
///
/// What others see is an `async fn` with the same arguments and a [`Result`]. A step may call other steps and ask people,
/// but no tasks. Outside of tasks nothing is recorded.
pub use wingbeat_macros::trace;

/// Lets a struct or an enum be an input, an output, or a field of one.
///
/// A struct has the wire form of a Python dataclass of its name, an enum without data that of a Python enum.
///
/// | where | attribute | meaning |
/// |---|---|---|
/// | struct | `#[value(name = "…")]` | another name on the wire |
/// | field | `#[value(name = "…")]` | another name on the wire |
/// | field | `#[value(default)]`, `#[value(default = 3)]` | it may be missing |
/// | field | `#[value(description = "…")]` | for forms of consoles |
/// | member of an enum | `#[value(name = "RED", value = "red")]` | Python's name and value |
pub use wingbeat_macros::Value;

/// Lets a struct be what a task returns: each field is an output of its name (or of `#[value(name = "…")]`), as those of
/// a Python `NamedTuple` are. Such a struct is no value itself; do not derive [`Value`] for it.
///
/// ```
/// #[derive(wingbeat::Outputs)]
/// struct Split {
///     train: Vec<f64>,
///     test: Vec<f64>,
/// }
///
/// #[wingbeat::task]
/// fn split(mut rows: Vec<f64>, at: u32) -> Split {
///     let test = rows.split_off(rows.len().min(at as usize));
///     Split { train: rows, test }
/// }
/// ```
pub use wingbeat_macros::Outputs;

/// Lets a struct name the columns of a [`Table`]: each field is a column of its name (or of `#[value(name = "…")]`) and
/// of its type.
///
/// ```
/// #[derive(wingbeat::Columns)]
/// struct Sales {
///     region: String,
///     amount: f64,
/// }
///
/// #[wingbeat::task]
/// fn place_of(table: wingbeat::Table<Sales>) -> String {
///     table.uri.clone()
/// }
/// ```
pub use wingbeat_macros::Columns;

/// Ends a task with an error made of words: `bail!("no rows in {path}")`.
#[macro_export]
macro_rules! bail {
    ($($words:tt)*) => {
        return ::core::result::Result::Err($crate::Error::new(::core::format_args!($($words)*)).into())
    };
}

/// What a binary with tasks does: see `--help`. Ends the process with a status when something failed.
pub fn main() {
    let status = environment::words().map_or_else(
        |word| {
            eprintln!("error: the argument {} is no text in UTF-8", word.display());
            1
        },
        commands::main,
    );
    if status != 0 {
        std::process::exit(status.into());
    }
}

/// For the code that the macros write; it may change with every version.
#[doc(hidden)]
pub mod __private {
    pub use serde_json::Value as Json;
    pub use wingbeat_sdk::attempt::{encode_outputs, run_async, run_blocking};
    pub use wingbeat_sdk::call::call;
    pub use wingbeat_sdk::inventory;
    pub use wingbeat_sdk::settings::TaskSettings;
    pub use wingbeat_sdk::steps::step;
    pub use wingbeat_sdk::task::{Made, Param, Registered, StepDef, TaskDef};
    pub use wingbeat_sdk::value::{
        DATACLASS, ENUM, Member, ObjectSchema, Packer, Unpacker, dataclass_type, enum_schema, enum_type,
        member_of_literal, missing_field, named_output, output_named, packed_literal, text_literal,
        unpack_member, unpacked_literal,
    };
    pub use wingbeat_sdk::wire::{Literal, LiteralType, NamedLiteral};

    use crate::{Result, TaskReturn, Value};

    /// Where a type of an argument is refused.
    pub fn assert_input<T: Value>() {}

    /// Where a type of a result is refused.
    pub fn assert_output<T: TaskReturn>() {}

    /// Where a type of a field is refused.
    pub fn assert_field<T: Value>() {}

    /// The literal of an argument.
    ///
    /// # Errors
    /// It has no form on the wire.
    pub fn encode<T: Value>(name: &str, value: &T) -> Result<Literal> {
        Ok(value.to_literal().map_err(|error| error.within(name))?)
    }

    /// A literal under its name.
    pub fn named(name: &str, value: Literal) -> NamedLiteral {
        NamedLiteral { name: name.to_owned(), value: value.into(), ..Default::default() }
    }
}
