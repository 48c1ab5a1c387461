//! A task process: what a backend starts for one attempt. It reads `inputs.pb`, runs the task, and leaves
//! `outputs.pb` or `error.pb`; the exit status is 0 in both cases, as the stock runtime's is.
//!
//! It makes no connection and sets up no TLS unless the task calls others. Reading arguments and the environment is
//! the caller's.

use std::sync::{Arc, Mutex};

use buffa::Message as _;
use jiff::Timestamp;
use wingbeat_proto::flyteidl2::core::ErrorDocument;
use wingbeat_proto::flyteidl2::task::{Inputs, NamedLiteral, Outputs};

use crate::attempt;
use crate::context::{Places, RunContext, Scope, TaskContext};
use crate::controller::Controller;
use crate::controller::remote::RemoteSettings;
use crate::data;
use crate::error::{Origin, TaskError};
use crate::failure::{Error, Result};
use crate::report::Tabs;
use crate::spec::Serialization;
use crate::storage::{MAX_INLINE_BYTES, Storage};
use crate::task::{self, TaskDef};
use crate::value::Value as _;
use crate::wire::{KICKOFF_INPUT, RESERVED};

/// Code of outputs that are too large; the stock SDK's.
const TOO_LARGE: &str = "InlineIOMaxBytesBreached";

/// What a backend tells a task process.
#[derive(Debug, Clone)]
pub struct ProcessSettings {
    /// Full name of the task.
    pub task: String,
    /// URI of `inputs.pb`.
    pub inputs: String,
    /// Folder of everything that the attempt leaves.
    pub outputs: String,
    /// Folder of files that the task makes.
    pub raw_data: String,
    /// What the attempt leaves to the next one.
    pub checkpoint: String,
    /// What the attempt before left; empty for none.
    pub previous_checkpoint: String,
    /// Name of the run.
    pub run: String,
    /// Name of the action.
    pub action: String,
    /// When the run began.
    pub run_started_at: Timestamp,
    /// Which attempt it is, from 0.
    pub attempt: u32,
    /// What leads to inputs and outputs on other machines.
    pub storage: Storage,
    /// The platform, if the process was told one that it can reach.
    pub platform: Option<RemoteSettings>,
    /// How children are made known to the platform; also holds org, project and domain.
    pub serialization: Serialization,
}

/// How the process should end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProcessEnd {
    /// The attempt's files say how it ended.
    Told,
    /// The task could not be loaded; `error.pb` says why.
    NotLoaded,
    /// Nothing could be written.
    Lost,
}

impl ProcessEnd {
    /// The status to exit with.
    pub fn code(self) -> u8 {
        match self {
            Self::Told => 0,
            Self::NotLoaded | Self::Lost => 1,
        }
    }
}

/// Runs one attempt. `controller` serves what the task asks for, and should do nothing before that.
///
/// # Errors
/// Neither outputs nor an error could be written.
pub async fn run(settings: ProcessSettings, controller: Arc<dyn Controller>) -> Result<ProcessEnd> {
    let (outputs, storage) = (settings.outputs.clone(), settings.storage.clone());
    let task = match task::find(&settings.task) {
        Ok(task) => task,
        Err(error) => {
            let error = TaskError { origin: Origin::Unknown, recoverable: true, ..error.into() };
            write_error(&outputs, &error, &storage).await?;
            return Ok(ProcessEnd::NotLoaded);
        }
    };
    let missing = || Error::system("BadInputs", format!("there are no inputs at `{}`", settings.inputs));
    let bytes = data::find_with(&settings.inputs, &storage).await?.ok_or_else(missing)?;
    let inputs = decode_inputs(&settings.inputs, &bytes)?;
    let result = attempt_of(task, inputs, settings, controller.clone()).await;
    controller.finish().await;
    match result {
        Ok(literals) => match encode(literals) {
            Ok(bytes) => data::write_with(&data::join(&outputs, "outputs.pb"), bytes, &storage).await?,
            Err(error) => write_error(&outputs, &error.into(), &storage).await?,
        },
        Err(error) => write_error(&outputs, &error.into(), &storage).await?,
    }
    Ok(ProcessEnd::Told)
}

fn decode_inputs(uri: &str, bytes: &[u8]) -> Result<Inputs> {
    let decoded = Inputs::decode_from_slice(bytes);
    decoded.map_err(|error| Error::system("BadInputs", format!("`{uri}` holds no inputs: {error}")))
}

async fn attempt_of(
    task: &'static TaskDef,
    mut inputs: Inputs,
    settings: ProcessSettings,
    controller: Arc<dyn Controller>,
) -> Result<Vec<NamedLiteral>> {
    fill_kickoff_time(&mut inputs, settings.run_started_at)?;
    let values = inputs.context.iter().filter(|pair| !RESERVED.contains(&pair.key.as_str()));
    let values = values.map(|pair| (pair.key.clone(), pair.value.clone())).collect();
    let run = RunContext {
        org: settings.serialization.org.clone(),
        project: settings.serialization.project.clone(),
        domain: settings.serialization.domain.clone(),
        name: settings.run,
        started_at: settings.run_started_at,
        serialization: settings.serialization,
    };
    let places = Places {
        outputs: settings.outputs,
        raw_data: settings.raw_data,
        checkpoint: settings.checkpoint,
        previous_checkpoint: settings.previous_checkpoint,
    };
    let context = Arc::new(TaskContext {
        run: Arc::new(run),
        action: settings.action,
        attempt: settings.attempt,
        places,
        report: Tabs::default(),
        controller,
        storage: settings.storage,
        platform: settings.platform,
        deployed: tokio::sync::Mutex::default(),
        local: None,
        steps: Mutex::default(),
    });
    let scope = Scope::new(context.clone(), Arc::new(values));
    let result = attempt::run(task, &inputs.literals, scope).await;
    // Also of a failure: what the task wrote until then tells people more than the error.
    context.leave_report().await;
    result
}

/// A trigger names the input that gets the time; nobody before us knows that time.
fn fill_kickoff_time(inputs: &mut Inputs, started_at: Timestamp) -> Result<()> {
    let Some(pair) = inputs.context.iter().find(|pair| pair.key == KICKOFF_INPUT) else { return Ok(()) };
    let name = pair.value.clone();
    let value = started_at.to_literal()?;
    inputs.literals.retain(|one| one.name != name);
    inputs.literals.push(NamedLiteral { name, value: value.into(), ..Default::default() });
    Ok(())
}

fn encode(literals: Vec<NamedLiteral>) -> Result<Vec<u8>> {
    let bytes = Outputs { literals, ..Default::default() }.encode_to_vec();
    if u64::try_from(bytes.len()).is_ok_and(|n_bytes| n_bytes <= MAX_INLINE_BYTES) {
        return Ok(bytes);
    }
    let text = format!(
        "the outputs are {} bytes, and at most {MAX_INLINE_BYTES} travel between tasks; write large values to a File",
        bytes.len()
    );
    Err(Error::user(TOO_LARGE, text).not_recoverable())
}

/// Writes `error.pb`. A process that failed before it had settings uses it too.
///
/// # Errors
/// It cannot be written.
pub async fn write_error(outputs: &str, error: &TaskError, storage: &Storage) -> Result<()> {
    let bytes = ErrorDocument::from(error).encode_to_vec();
    data::write_with(&data::join(outputs, "error.pb"), bytes, storage).await
}

#[cfg(test)]
mod tests {
    use super::{MAX_INLINE_BYTES, TOO_LARGE, encode};
    use crate::value::named_output;

    #[test]
    fn outputs_that_are_too_large_are_refused_with_what_to_do() {
        let of = |n_bytes: usize| encode(vec![named_output("o0", &"x".repeat(n_bytes)).unwrap()]);
        let limit = usize::try_from(MAX_INLINE_BYTES).unwrap();
        assert!(of(limit - 100).is_ok());
        let error = of(limit).unwrap_err();
        assert_eq!((error.code(), error.is_recoverable()), (TOO_LARGE, false));
        assert!(error.message().contains("write large values to a File"), "{error}");
    }
}
