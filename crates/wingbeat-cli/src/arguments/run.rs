//! What can be typed behind `wingbeat run`. The second half of it are options of the task binary itself, which get
//! there as they are.

#![expect(clippy::doc_markdown, reason = "these texts are what --help prints")]

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    /// The binary with the task, where the crate has several
    #[arg(long, value_name = "NAME", conflicts_with = "example")]
    pub(crate) bin: Option<String>,
    /// An example of the crate, instead of its binary
    #[arg(long, value_name = "NAME")]
    pub(crate) example: Option<String>,
    /// Features of the crate to build it with
    #[arg(long, value_name = "NAMES")]
    pub(crate) features: Vec<String>,
    /// Build with optimisations, as --remote does anyway
    #[arg(long, conflicts_with = "debug")]
    pub(crate) release: bool,
    /// Build without optimisations, as runs here do anyway
    #[arg(long)]
    pub(crate) debug: bool,
    #[command(flatten)]
    pub(crate) task: TaskArguments,
    /// The folder of the crate, the task, and behind it its inputs: path/to/crate::square --x 3
    // One argument: what stands behind the task is the task's, also where an option of ours has that name.
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        required = true,
        value_name = "CRATE::TASK [--INPUT VALUE]"
    )]
    pub(crate) words: Vec<String>,
}

/// Options of the binary's own `run`.
#[derive(Debug, Args)]
pub(crate) struct TaskArguments {
    /// On a platform; the binary travels there
    #[arg(long)]
    pub(crate) remote: bool,
    /// Of a remote run: its name
    #[arg(long, value_name = "NAME", requires = "remote")]
    name: Option<String>,
    /// Of a remote run: do not wait for its end
    #[arg(long, requires = "remote")]
    detach: bool,
    /// The platform's address; otherwise that of the environment, a config file, or the local one
    #[arg(long, value_name = "ENDPOINT", requires = "remote")]
    endpoint: Option<String>,
    /// A config file of flyte, instead of the one that is found
    #[arg(long, value_name = "FILE", requires = "remote")]
    config: Option<String>,
    #[arg(long, value_name = "NAME", requires = "remote")]
    project: Option<String>,
    #[arg(long, value_name = "NAME", requires = "remote")]
    domain: Option<String>,
    /// Compute everything, also what is kept of earlier runs
    #[arg(long)]
    no_cache: bool,
    /// Of a run here: folder of files and of the cache [default: ~/.wingbeat/local]
    #[arg(long, value_name = "FOLDER", conflicts_with = "remote")]
    data: Option<String>,
    /// Of a run here: an answer to a condition
    #[arg(long, value_name = "NAME=VALUE", conflicts_with = "remote")]
    answer: Vec<String>,
    /// A value that every task of the run can read
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

impl TaskArguments {
    /// The same options for the binary.
    pub(crate) fn words(&self) -> Vec<String> {
        let switches = [("--remote", self.remote), ("--detach", self.detach), ("--no-cache", self.no_cache)];
        let switches = switches.into_iter().filter(|(_, is_on)| *is_on).map(|(flag, _)| flag.to_owned());
        let single = [
            ("--name", &self.name),
            ("--endpoint", &self.endpoint),
            ("--config", &self.config),
            ("--project", &self.project),
            ("--domain", &self.domain),
            ("--data", &self.data),
        ];
        let single =
            single.into_iter().flat_map(|(flag, value)| value.iter().map(move |value| (flag, value)));
        let repeated = [("--answer", &self.answer), ("--set", &self.set)];
        let repeated =
            repeated.into_iter().flat_map(|(flag, all)| all.iter().map(move |value| (flag, value)));
        // One word each: a value that begins with a dash is no option.
        let valued = single.chain(repeated).map(|(flag, value)| format!("{flag}={value}"));
        switches.chain(valued).collect()
    }
}
