//! `run --remote` and `deploy`: tasks of this binary on a platform.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use wingbeat_sdk::failure::{Error, Result};
use wingbeat_sdk::launch::{self, Overrides, Program, Settings, Surroundings};
use wingbeat_sdk::remote::{Remote, RemoteError, RunOptions};
use wingbeat_sdk::spec::Serialization;
use wingbeat_sdk::task::{self, TaskDef};
use wingbeat_sdk::wire::{CacheConfig, NamedLiteral, RunSpec};

use crate::{environment, interface, process};

/// Which platform, and how the binary gets there.
#[derive(Debug, Args)]
pub(crate) struct PlatformArguments {
    /// The platform's address; otherwise that of the environment, a config file, or the local one
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// A config file of flyte or Wingbeat
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The project
    #[arg(long)]
    project: Option<String>,
    /// The domain
    #[arg(long)]
    domain: Option<String>,
    /// The binary is there already: its name on the tasks' PATH, or its path
    #[arg(long, value_name = "NAME", requires = "version")]
    program: Option<String>,
    /// Version of the tasks of --program
    #[arg(long, requires = "program")]
    version: Option<String>,
}

/// How a run on a platform is to be.
pub(crate) struct RemoteRun {
    pub(crate) name: Option<String>,
    pub(crate) detach: bool,
    pub(crate) values: BTreeMap<String, String>,
    pub(crate) overwrite_cache: bool,
}

impl PlatformArguments {
    fn settings(&self) -> Result<Settings> {
        let overrides = Overrides {
            endpoint: self.endpoint.clone(),
            config: self.config.clone(),
            project: self.project.clone(),
            domain: self.domain.clone(),
        };
        let around = Surroundings {
            variables: environment::variables().collect(),
            working_folder: std::env::current_dir().ok(),
            home: std::env::home_dir(),
        };
        launch::platform(&overrides, &around)
    }

    fn binary(&self) -> Result<Program> {
        match (&self.program, &self.version) {
            (Some(program), Some(version)) => {
                Ok(Program::There { program: program.clone(), version: version.clone() })
            }
            _ => Ok(Program::Bundled(std::env::current_exe()?)),
        }
    }

    async fn connect(&self) -> Result<(Remote, Serialization)> {
        let settings = self.settings()?;
        let remote = Remote::new(&settings);
        let with = launch::serialization(&remote, &settings, self.binary()?).await?;
        Ok((remote, with))
    }
}

/// Creates a run, says where it is to be seen, and waits for its end.
pub(crate) fn run(
    platform: &PlatformArguments,
    task: &'static TaskDef,
    literals: Vec<NamedLiteral>,
    wanted: RemoteRun,
) -> Result<()> {
    process::runtime()?.block_on(async {
        let (remote, with) = platform.connect().await?;
        let cache = CacheConfig { overwrite_cache: wanted.overwrite_cache, ..Default::default() };
        let spec = RunSpec { cache_config: cache.into(), ..Default::default() };
        let options = RunOptions { name: wanted.name, spec };
        let run = launch::run(&remote, task, &with, (literals, &wanted.values), options).await?;
        eprintln!("run {}: {}", run.name(), run.url());
        if wanted.detach {
            return Ok(());
        }
        let outputs = run.outputs().await.map_err(|error| {
            if let RemoteError::Failed { error, .. } = error {
                Error::from(error)
            } else {
                Error::from(error)
            }
        })?;
        if let Some(text) = interface::outputs_text(task, &outputs.literals)? {
            println!("{text}");
        }
        Ok(())
    })
}

/// Deploys the named tasks, or all.
pub(crate) fn deploy(platform: &PlatformArguments, names: &[String]) -> Result<()> {
    let wanted = names.iter().map(|name| task::find(name)).collect::<Result<Vec<_>>>()?;
    let tasks = if wanted.is_empty() { task::all() } else { wanted };
    process::runtime()?.block_on(async {
        let (remote, with) = platform.connect().await?;
        for task in tasks {
            launch::deploy(&remote, task, &with).await?;
            println!("{} {}", task.full_name(), with.version);
        }
        Ok(())
    })
}
