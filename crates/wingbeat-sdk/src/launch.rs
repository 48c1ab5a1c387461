//! Tasks of this binary on a platform, from outside: the binary travels as a code bundle, and its tasks by their specs.

use std::path::{Path, PathBuf};

use wingbeat_proto::flyteidl2::task::{Inputs, NamedLiteral};

use crate::bundle::{self, Bundle, BundleFile};
use crate::call;
use crate::failure::{Error, Result};
use crate::remote::{Remote, RunHandle, RunOptions, RunTask};
use crate::spec::{self, BundlePlace, Serialization};
use crate::task::TaskDef;

pub use wingbeat_client::{Overrides, Settings, Surroundings};

/// The folder of the binary in its bundle.
const BIN: &str = "bin";

/// How the platform gets at the binary.
#[derive(Debug, Clone)]
pub enum Program {
    /// As a code bundle, which is uploaded. This is the binary.
    Bundled(PathBuf),
    /// It is there already: a name on the tasks' PATH, or a path. This is its version.
    There {
        /// What a task's command begins with.
        program: String,
        /// Version of its tasks.
        version: String,
    },
}

/// The platform that flags, environment and config files name.
///
/// # Errors
/// They name none that can be used.
pub fn platform(overrides: &Overrides, around: &Surroundings) -> Result<Settings> {
    Ok(Settings::resolve(overrides, around)?)
}

/// Makes the binary known to the platform, and tells how its tasks are to be made known.
///
/// # Errors
/// It cannot be read or uploaded.
pub async fn serialization(remote: &Remote, settings: &Settings, program: Program) -> Result<Serialization> {
    let located = Serialization {
        org: settings.org.clone(),
        project: settings.project.clone(),
        domain: settings.domain.clone(),
        ..Serialization::default()
    };
    match program {
        Program::There { program, version } => Ok(Serialization { version, program, ..located }),
        Program::Bundled(binary) => {
            let bundle = packed(&binary).await?;
            let uri = remote.upload_bundle(&bundle).await?;
            Ok(Serialization {
                program: format!("./{}", name_in_bundle(&binary)),
                version: bundle.version(),
                bundle: Some(BundlePlace { uri, dest: ".".to_owned() }),
                ..located
            })
        }
    }
}

fn name_in_bundle(binary: &Path) -> String {
    let name = binary.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    format!("{BIN}/{name}")
}

async fn packed(binary: &Path) -> Result<Bundle> {
    let file = BundleFile { name: name_in_bundle(binary), source: binary.to_owned() };
    let packing = tokio::task::spawn_blocking(move || bundle::pack_files(vec![file]));
    Ok(packing.await.map_err(|error| Error::system("Stopped", error))??)
}

/// Creates a run of a task. Values go down to every task of it.
///
/// # Errors
/// The platform refused it or could not be asked.
pub async fn run(
    remote: &Remote,
    task: &TaskDef,
    with: &Serialization,
    inputs: (Vec<NamedLiteral>, &std::collections::BTreeMap<String, String>),
    options: RunOptions,
) -> Result<RunHandle> {
    let spec = spec::task_spec(task, with)?;
    let (literals, values) = inputs;
    let inputs = Inputs { literals, context: call::context(values), ..Default::default() };
    Ok(remote.run(RunTask::Spec(Box::new(spec)), inputs, options).await?)
}

/// Deploys a task with its triggers.
///
/// # Errors
/// A trigger does not fit the task, or the platform refused it or could not be asked.
pub async fn deploy(remote: &Remote, task: &TaskDef, with: &Serialization) -> Result<()> {
    let spec = spec::task_spec(task, with)?;
    let settings = task.settings();
    let triggers = settings.triggers.iter().map(|trigger| spec::trigger(trigger, &spec));
    let triggers = triggers.collect::<Result<_>>()?;
    remote.deploy(spec, triggers).await?;
    Ok(())
}
