//! A parent task in Rust, by hand: no macros, only the controller.
//!
//! ```text
//! parent run ENDPOINT TASK COUNT [NAME=TEXT…]    runs this program as a task, which calls a deployed TASK
//! parent fan-out ENDPOINT COUNT [IN_FLIGHT]      measures children of a platform with simulated attempts
//! ```
//!
//! The task gets a number, 0, 1, 2, …, for its integer input, and the texts; what the children give is summed up.
//! Figures are printed one JSON object a line, as by `cargo xtask bench --json`.

mod fan_out;
mod literals;
mod task;

use std::error::Error;
use std::process::ExitCode;

use wingbeat_client::{DEFAULT_DOMAIN, DEFAULT_PROJECT, ServerAddr};
use wingbeat_proto::flyteidl2::core::{
    Container, Identifier, ResourceType, TaskTemplate, TypedInterface, VariableMap, task_template,
};
use wingbeat_proto::flyteidl2::task::{Inputs, TaskSpec};
use wingbeat_sdk::remote::{Remote, RunOptions, RunTask};

pub(crate) type Anyhow = Box<dyn Error + Send + Sync>;

const USAGE: &str =
    "usage: parent run ENDPOINT TASK COUNT [NAME=TEXT…] | parent fan-out ENDPOINT COUNT [IN_FLIGHT]";

#[tokio::main]
async fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        // What the platform starts; see `own_spec`.
        ["task", output_prefix, name, count, texts @ ..] => {
            task::run(output_prefix, name, count, texts).await
        }
        ["run", endpoint, name, count, texts @ ..] => run(endpoint, name, count, texts).await,
        ["fan-out", endpoint, count] => fan_out::run(endpoint, count, "1000").await,
        ["fan-out", endpoint, count, in_flight] => fan_out::run(endpoint, count, in_flight).await,
        _ => Err(USAGE.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// The project that everything here is in.
pub(crate) fn platform(endpoint: &str) -> Result<Remote, Anyhow> {
    Ok(Remote::at(ServerAddr::parse(endpoint)?, "", DEFAULT_PROJECT, DEFAULT_DOMAIN))
}

/// Creates a run of this program, waits for it, and prints the sum.
async fn run(endpoint: &str, name: &str, count: &str, texts: &[&str]) -> Result<(), Anyhow> {
    let platform = platform(endpoint)?;
    let spec = own_spec(name, count, texts)?;
    let run = platform.run(RunTask::Spec(Box::new(spec)), Inputs::default(), RunOptions::default()).await?;
    eprintln!("run {}", run.name());
    let outputs = run.outputs().await?;
    println!("{}", literals::sum(&outputs).ok_or("the task gave no number")?);
    Ok(())
}

/// This program as a task. Its path has to be one on the executor's machine.
fn own_spec(name: &str, count: &str, texts: &[&str]) -> Result<TaskSpec, Anyhow> {
    let program = std::env::current_exe()?.display().to_string();
    let words = [program.as_str(), "task", "{{.outputPrefix}}", name, count];
    let args = words.iter().chain(texts).map(|word| (*word).to_owned()).collect();
    let id = Identifier {
        resource_type: ResourceType::TASK.into(),
        name: "rust.parent".to_owned(),
        version: "1".to_owned(),
        ..Default::default()
    };
    let outputs = VariableMap { variables: vec![literals::integer_variable("o0")], ..Default::default() };
    let template = TaskTemplate {
        id: id.into(),
        r#type: "python".to_owned(),
        interface: TypedInterface { outputs: outputs.into(), ..Default::default() }.into(),
        target: Some(task_template::Target::Container(Box::new(Container {
            image: "none".to_owned(),
            args,
            ..Default::default()
        }))),
        ..Default::default()
    };
    Ok(TaskSpec { task_template: template.into(), short_name: "parent".to_owned(), ..Default::default() })
}
