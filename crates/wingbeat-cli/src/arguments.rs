//! What can be typed. Only shapes and help texts; what a command does is in its own module.

#![expect(clippy::doc_markdown, reason = "these texts are what --help prints")]

mod run;

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Parser, Subcommand};
use wingbeat_client::Overrides;

pub(crate) use self::run::RunArguments;
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
    Executor(ExecutorCommand),
    /// Builds a crate with tasks in Rust, and runs one of them: here, or on a platform with --remote
    Run(RunArguments),
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
    /// Shows, makes and changes queues
    #[command(subcommand)]
    Queue(QueueCommand),
    /// Shows and sets projects' shares of the executors
    #[command(subcommand)]
    Share(ShareCommand),
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
    /// Lists executors, with what they run
    #[command(visible_alias = "executors")]
    Executor(Target),
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
    /// List the actions of this group only
    #[arg(long, value_name = "NAME", conflicts_with = "names")]
    pub(crate) group: Option<String>,
    /// Most rows of a list
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,
    #[command(flatten)]
    pub(crate) target: Target,
}

#[derive(Debug, Subcommand)]
pub(crate) enum QueueCommand {
    /// Lists queues, with what runs and what waits in them, or shows some by name
    List(ListQueues),
    /// Makes a queue, or changes what is named of one
    Set(SetQueue),
    /// Deletes a queue: it takes nothing new; what waits in it says so
    Delete(DeleteQueue),
}

impl QueueCommand {
    pub(crate) const fn target(&self) -> &Target {
        match self {
            Self::List(list) => &list.target,
            Self::Set(set) => &set.target,
            Self::Delete(delete) => &delete.target,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct ListQueues {
    /// Show these only
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,
    #[command(flatten)]
    pub(crate) target: Target,
}

fn whole_number(text: &str) -> Result<i32, String> {
    text.parse().map_err(|_error| format!("expected a whole number from {} to {}", i32::MIN, i32::MAX))
}

#[derive(Debug, Args)]
pub(crate) struct SetQueue {
    /// The queue
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// Actions of a queue with a higher one go first [default of a new queue: 0]
    #[arg(long, value_name = "N", allow_hyphen_values = true, value_parser = whole_number)]
    pub(crate) priority: Option<i32>,
    /// Most attempts at once over all runs; 0 takes the cap away
    #[arg(long, value_name = "N")]
    pub(crate) max_running: Option<u32>,
    /// Start nothing new; what runs goes on
    #[arg(long, conflicts_with = "resume")]
    pub(crate) pause: bool,
    /// Start what waits again
    #[arg(long)]
    pub(crate) resume: bool,
    #[command(flatten)]
    pub(crate) target: Target,
}

#[derive(Debug, Args)]
pub(crate) struct DeleteQueue {
    /// The queue
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) target: Target,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ShareCommand {
    /// Lists the projects whose weight was set
    List(Target),
    /// Sets a project's weight: 3 gets three times the places of 1 while both want them
    Set(SetShare),
}

impl ShareCommand {
    pub(crate) const fn target(&self) -> &Target {
        match self {
            Self::List(target) => target,
            Self::Set(set) => &set.target,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct SetShare {
    /// The project
    #[arg(value_name = "PROJECT")]
    pub(crate) name: String,
    /// Its weight, 1 to 1000
    #[arg(value_name = "WEIGHT", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) weight: u32,
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
    /// Folder for objects that servers on one database share, or s3://BUCKET/PREFIX; AWS_* name the account
    /// [env: WINGBEAT_STORE; default: a folder in the data folder]
    #[arg(long, value_name = "PLACE")]
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
    /// Most that tasks may share. reuse: processes, if they have a ReusePolicy; warm: a preloaded interpreter that they are
    /// forked from; process: nothing [env: WINGBEAT_ISOLATION; default: reuse]
    #[arg(long, value_name = "KIND")]
    pub(crate) isolation: Option<String>,
    /// Seconds that a preloaded interpreter stays unused [env: WINGBEAT_WARM_IDLE; default: 300]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) warm_idle: Option<String>,
    /// Start no executor here: others connect [env: WINGBEAT_NO_EXECUTOR]
    #[arg(long)]
    pub(crate) no_executor: bool,
    /// Where executors on other machines connect, over TLS, with a join token [env: WINGBEAT_EXECUTOR_LISTEN]
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) executor_listen: Option<String>,
    /// Folder of that port's join tokens and certificate; several servers may share one [env:
    /// WINGBEAT_EXECUTOR_PORT_DATA; default: executor-port in the data folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) executor_port_data: Option<PathBuf>,
    /// PEM file of that port's certificate [env: WINGBEAT_TLS_CERT; default: one of its own, which join tokens name]
    #[arg(long, value_name = "FILE")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// PEM file of its private key [env: WINGBEAT_TLS_KEY]
    #[arg(long, value_name = "FILE")]
    pub(crate) tls_key: Option<PathBuf>,
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

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct ExecutorCommand {
    #[command(subcommand)]
    pub(crate) about: Option<AboutExecutors>,
    #[command(flatten)]
    pub(crate) run: ExecutorArguments,
}

/// What is done about executors, beside running one.
#[derive(Debug, Subcommand)]
pub(crate) enum AboutExecutors {
    /// Makes, lists and revokes what executors on other machines show to join; on the server's machine
    #[command(subcommand)]
    Token(TokenCommand),
    /// Makes an executor take nothing new; it ends when what it runs has ended
    Drain(Drain),
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Makes a join token, and prints it or writes it into a file
    Create(TokenCreate),
    /// Lists join tokens; their secrets are not kept
    List(TokenData),
    /// Takes a join token back: its executors are cut off within seconds
    Revoke(TokenRevoke),
}

#[derive(Debug, Args)]
pub(crate) struct TokenData {
    /// The server's data folder [env: WINGBEAT_DATA; default: ~/.wingbeat]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// As `wingbeat up` has it [env: WINGBEAT_EXECUTOR_PORT_DATA; default: executor-port in the data folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) executor_port_data: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct TokenCreate {
    /// A new file for it, which only you may read; without it, it is printed
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// For whom it is, for people
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) note: String,
    /// How long it is good
    #[arg(long, value_name = "DAYS", default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub(crate) days: u32,
    #[command(flatten)]
    pub(crate) place: TokenData,
}

#[derive(Debug, Args)]
pub(crate) struct TokenRevoke {
    /// As `list` shows it
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) place: TokenData,
}

#[derive(Debug, Args)]
pub(crate) struct Drain {
    /// The executor, as `wingbeat get executor` shows it; without a name, the one of a data folder of this machine
    #[arg(value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) name: Option<String>,
    /// The executor's data folder, on its machine [default: ~/.wingbeat-executor]
    #[arg(long, value_name = "DIR", conflicts_with = "name")]
    pub(crate) data: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) target: Target,
}

/// Settings of an executor process. `wingbeat up` fills them for the one beside the server.
#[derive(Debug, Args)]
pub(crate) struct ExecutorArguments {
    /// The data folder that it shares with its server; with --endpoint, one of its own [default: ~/.wingbeat-executor]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// The server on another machine: https://HOST:PORT, as it was given with --executor-listen
    #[arg(long, value_name = "URL", requires = "join_token_file")]
    pub(crate) endpoint: Option<String>,
    /// The file with the token that `wingbeat executor token create` made there
    #[arg(long, value_name = "FILE", requires = "endpoint")]
    pub(crate) join_token_file: Option<PathBuf>,
    /// What servers call it; no two executors have one name [default: this machine's name; beside its server: local]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Where its server keeps objects: a folder or a bucket; without it, the data folder's own
    #[arg(long, value_name = "PLACE", conflicts_with = "endpoint")]
    pub(crate) store: Option<String>,
    /// process or simulated
    #[arg(long, value_name = "KIND", default_value = "process")]
    pub(crate) kind: String,
    /// reuse, warm or process
    #[arg(long, value_name = "KIND", default_value = "reuse")]
    pub(crate) isolation: String,
    /// Seconds that a preloaded interpreter stays unused
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub(crate) warm_idle: u64,
    /// Interpreter of tasks, or its virtual environment
    #[arg(long, value_name = "PATH")]
    pub(crate) python: Option<PathBuf>,
    /// Attempts that run at once
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) parallelism: Option<u32>,
    /// An environment variable that tasks shall see
    #[arg(long = "pass-env", value_name = "NAME")]
    pub(crate) pass_env: Vec<String>,
    /// A queue that it serves; all of them if none is named
    #[arg(long = "queue", value_name = "NAME")]
    pub(crate) queues: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct RpcCoverage {
    /// One JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}
