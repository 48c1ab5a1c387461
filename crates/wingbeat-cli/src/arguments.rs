//! What can be typed. Only shapes and help texts; what a command does is in its own module.

#![expect(clippy::doc_markdown, reason = "these texts are what --help prints")]

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use wingbeat_client::Overrides;

use crate::output::Format;

/// The whole command line.
#[derive(Debug, Parser)]
#[command(name = "wingbeat", version, about = "Flyte 2 from one binary", propagate_version = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Starts the platform: server and executor, with everything in one folder
    Up(UpArguments),
    /// Runs attempts for a server; `wingbeat up` starts one by itself
    Executor(ExecutorArguments),
    #[command(flatten)]
    User(UserCommand),
    /// Prints which RPCs the server answers
    #[command(hide = true)]
    RpcCoverage(RpcCoverage),
}

/// Commands that talk to a server.
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Says whether the server answers, and what it is doing
    Status(Target),
    /// Shows projects, runs, actions or tasks
    #[command(subcommand)]
    Get(Get),
    /// Prints what an action wrote
    Logs(Logs),
    /// Stops a run, or one action and everything below it
    Abort(Abort),
    /// Gives a waiting condition its value
    Signal(Signal),
}

/// Which server, which project, and how the answer is printed.
#[derive(Debug, Clone, Args)]
pub(crate) struct Target {
    /// The server: host:port, http://host:port, dns:///host:port or unix:///path
    #[arg(long, value_name = "ENDPOINT")]
    pub(crate) endpoint: Option<String>,
    /// A config file of flyte, instead of the one that is found
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    #[arg(long, value_name = "NAME")]
    pub(crate) project: Option<String>,
    #[arg(long, value_name = "NAME")]
    pub(crate) domain: Option<String>,
    /// How to print
    #[arg(short, long, value_enum, default_value_t = Format::Table)]
    pub(crate) output: Format,
}

impl Target {
    pub(crate) fn overrides(&self) -> Overrides {
        Overrides {
            endpoint: self.endpoint.clone(),
            config: self.config.clone(),
            project: self.project.clone(),
            domain: self.domain.clone(),
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Get {
    /// Lists projects, or shows some by name
    #[command(visible_alias = "projects")]
    Project(GetNamed),
    /// Lists runs, newest first, or shows some by name
    #[command(visible_alias = "runs")]
    Run(GetNamed),
    /// Lists the actions of a run, or shows some by name
    #[command(visible_alias = "actions")]
    Action(GetAction),
    /// Lists deployed tasks, or the versions of some
    #[command(visible_alias = "tasks")]
    Task(GetNamed),
}

#[derive(Debug, Args)]
pub(crate) struct GetNamed {
    /// Show these only, with details
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,
    /// Most rows of a list
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,
    #[command(flatten)]
    pub(crate) target: Target,
}

#[derive(Debug, Args)]
pub(crate) struct GetAction {
    /// The run
    #[arg(value_name = "RUN")]
    pub(crate) run: String,
    /// Show these only, with details
    #[arg(value_name = "ACTION")]
    pub(crate) names: Vec<String>,
    /// Most rows of a list
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,
    #[command(flatten)]
    pub(crate) target: Target,
}

#[derive(Debug, Args)]
pub(crate) struct Logs {
    /// The run
    #[arg(value_name = "RUN")]
    pub(crate) run: String,
    /// The action; the run's root if none is named
    #[arg(value_name = "ACTION", default_value = crate::commands::ROOT_ACTION)]
    pub(crate) action: String,
    /// The attempt, from 1; the latest if none is named
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) attempt: Option<u32>,
    /// Go on until the attempt ends
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// Print the time in front of each line
    #[arg(short, long)]
    pub(crate) timestamps: bool,
    #[command(flatten)]
    pub(crate) target: Target,
}

#[derive(Debug, Args)]
pub(crate) struct Abort {
    /// The run
    #[arg(value_name = "RUN")]
    pub(crate) run: String,
    /// One action of it, with everything below; the whole run if none is named
    #[arg(value_name = "ACTION")]
    pub(crate) action: Option<String>,
    /// Why, for whoever looks at it later
    #[arg(long, value_name = "TEXT", default_value = "aborted with the wingbeat command")]
    pub(crate) reason: String,
    #[command(flatten)]
    pub(crate) target: Target,
}

#[derive(Debug, Args)]
pub(crate) struct Signal {
    /// The run
    #[arg(value_name = "RUN")]
    pub(crate) run: String,
    /// Name of the condition, or of its action
    #[arg(value_name = "CONDITION")]
    pub(crate) condition: String,
    /// Its value, in the condition's declared type: true or false, a number, or text
    #[arg(value_name = "VALUE", allow_hyphen_values = true)]
    pub(crate) value: String,
    #[command(flatten)]
    pub(crate) target: Target,
}

/// Settings of the platform. Texts, not values: all problems are told together, wherever they were written.
#[derive(Debug, Args)]
pub(crate) struct UpArguments {
    /// Where everything is kept [env: WINGBEAT_DATA; default: ~/.wingbeat]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// postgres://USER@HOST:PORT/DATABASE for metadata [env: WINGBEAT_DATABASE; default: a file in the data folder]
    #[arg(long, value_name = "URL")]
    pub(crate) database: Option<String>,
    /// A file with the password for it [env: WINGBEAT_DATABASE_PASSWORD_FILE; default: PGPASSWORD, then ~/.pgpass]
    #[arg(long, value_name = "FILE")]
    pub(crate) database_password_file: Option<PathBuf>,
    /// s3://BUCKET/PREFIX for objects; AWS_* name the account [env: WINGBEAT_STORE; default: a folder in the data folder]
    #[arg(long, value_name = "URL")]
    pub(crate) store: Option<String>,
    /// Where to listen; port 0 picks a free one; the address is kept [env: WINGBEAT_LISTEN; default: 127.0.0.1:8080]
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) listen: Option<String>,
    /// Interpreter of tasks, or its virtual environment [env: WINGBEAT_PYTHON; default: the active one]
    #[arg(long, value_name = "PATH")]
    pub(crate) python: Option<PathBuf>,
    /// Attempts that run at once [env: WINGBEAT_PARALLELISM; default: number of cores]
    #[arg(long, value_name = "N")]
    pub(crate) parallelism: Option<String>,
    /// process, or simulated, which starts nothing [env: WINGBEAT_EXECUTOR; default: process]
    #[arg(long, value_name = "KIND")]
    pub(crate) executor: Option<String>,
    /// Listen to other machines although nobody has to say who they are [env: WINGBEAT_NO_AUTH]
    #[arg(long)]
    pub(crate) no_auth: bool,
    /// A host name under which browsers and clients may call, besides localhost [env: WINGBEAT_ALLOWED_HOSTS]
    #[arg(long = "allowed-host", value_name = "NAME")]
    pub(crate) allowed_hosts: Vec<String>,
    /// An environment variable that tasks shall see [env: WINGBEAT_PASS_ENV]
    #[arg(long = "pass-env", value_name = "NAME")]
    pub(crate) pass_env: Vec<String>,
    /// Settings in TOML [env: WINGBEAT_CONFIG; default: config.toml in the data folder, if there is one]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// Settings of an executor process. `wingbeat up` fills them.
#[derive(Debug, Args)]
pub(crate) struct ExecutorArguments {
    /// The data folder that it shares with its server
    #[arg(long, value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// The bucket that its server keeps objects in; without it, the data folder's own
    #[arg(long, value_name = "URL")]
    pub(crate) store: Option<String>,
    /// process or simulated
    #[arg(long, value_name = "KIND", default_value = "process")]
    pub(crate) kind: String,
    /// Interpreter of tasks, or its virtual environment
    #[arg(long, value_name = "PATH")]
    pub(crate) python: Option<PathBuf>,
    /// Attempts that run at once
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) parallelism: Option<u32>,
    /// An environment variable that tasks shall see
    #[arg(long = "pass-env", value_name = "NAME")]
    pub(crate) pass_env: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct RpcCoverage {
    /// One JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}
