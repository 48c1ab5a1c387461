//! The command line of a binary with tasks: what people type, and what a platform does.
//!
//! A platform's command begins with a flag (`--inputs …`), a person's with a word (`run …`).

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use wingbeat_sdk::failure::{Error, Result};
use wingbeat_sdk::local::{self, LocalSettings};
use wingbeat_sdk::storage::Storage;
use wingbeat_sdk::task::{self, TaskDef};

use crate::platform::{PlatformArguments, RemoteRun};
use crate::{answers, environment, interface, local_folder, platform, process};

/// Tasks in Rust.
#[derive(Debug, Parser)]
#[command(about = "Tasks in Rust: run them here, or let a Flyte 2 platform run them", after_help = PROCESS_HELP)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

const PROCESS_HELP: &str = "A platform starts this binary for one attempt of a task, with the flags of `a0`:\n  \
    --inputs FILE --outputs-path FOLDER … --resolver wingbeat task NAME";

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs a task: here, or on a platform with --remote
    Run(RunArguments),
    /// Deploys tasks to a platform, all of them if none is named
    Deploy {
        #[command(flatten)]
        platform: PlatformArguments,
        /// Names of tasks
        tasks: Vec<String>,
    },
    /// Lists the tasks of this binary with their inputs and outputs
    List {
        /// As JSON, one object for each task
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
struct RunArguments {
    /// On a platform; this binary travels there
    #[arg(long)]
    remote: bool,
    /// Of a remote run: its name
    #[arg(long, requires = "remote")]
    name: Option<String>,
    /// Of a remote run: do not wait for its end
    #[arg(long, requires = "remote")]
    detach: bool,
    #[command(flatten)]
    platform: PlatformArguments,
    /// Computes everything, also what is kept of earlier runs
    #[arg(long)]
    no_cache: bool,
    /// Folder of files and of the cache
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// An answer to a condition: --answer approve=yes
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    answer: Vec<(String, String)>,
    /// A value that every task of the run can read: --set team=red
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    set: Vec<(String, String)>,
    /// The task, and behind it its inputs: square --x 3 --point '{"y": 1}'
    // One argument: what stands behind the task is the task's, also where an option of ours has that name.
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        required = true,
        value_name = "TASK [--INPUT VALUE]"
    )]
    words: Vec<String>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').ok_or_else(|| format!("`{text}` is not NAME=VALUE"))?;
    Ok((pair.0.to_owned(), pair.1.to_owned()))
}

/// Does what the words say, and tells the status to exit with.
pub(crate) fn main(words: Vec<String>) -> u8 {
    if words.get(1).is_some_and(|word| process::is_flag(word)) {
        return process::main(words);
    }
    let line = match CommandLine::try_parse_from(words) {
        Ok(line) => line,
        Err(error) => error.exit(),
    };
    let result = match line.command {
        Command::Run(arguments) => run(arguments),
        Command::Deploy { platform, tasks } => platform::deploy(&platform, &tasks),
        Command::List { json } => {
            list(json);
            Ok(())
        }
    };
    match result {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("error: {error}");
            1
        }
    }
}

fn run(arguments: RunArguments) -> Result<()> {
    let (name, inputs) = arguments.words.split_first().expect("at least one is required");
    let task = task::find(name)?;
    let literals = interface::literals(task, inputs)?;
    if arguments.remote {
        let run = RemoteRun {
            name: arguments.name,
            detach: arguments.detach,
            values: arguments.set.into_iter().collect(),
            overwrite_cache: arguments.no_cache,
        };
        return platform::run(&arguments.platform, task, literals, run);
    }
    let folder = arguments.data.unwrap_or_else(local_folder::default);
    let settings = LocalSettings {
        cache: Some(folder.join("cache")),
        data: folder.join("runs"),
        answers: answers::of(arguments.answer),
        overwrite_cache: arguments.no_cache,
        values: arguments.set.into_iter().collect(),
        storage: Some(Storage::new(environment::variables())),
        on_failed_attempt: Some(tell),
    };
    let outcome = process::runtime()?.block_on(local::run(task, literals, settings));
    let outputs = outcome.result?;
    if let Some(text) = interface::outputs_text(task, &outputs)? {
        println!("{text}");
    }
    Ok(())
}

/// Before another attempt, so that people know why it takes longer.
fn tell(task: &TaskDef, attempt: u32, error: &Error) {
    eprintln!("attempt {} of {} failed, and another follows: {error}", attempt + 1, task.full_name());
}

fn list(json: bool) {
    for task in task::all() {
        println!("{}", if json { interface::json(task).to_string() } else { interface::text(task) });
    }
}
