//! This program as a platform starts it: it calls its children, and writes what they gave.

use std::collections::HashMap;
use std::sync::Arc;

use buffa::Message as _;
use tokio::task::JoinSet;
use wingbeat_proto::flyteidl2::core::ErrorDocument;
use wingbeat_proto::flyteidl2::task::{Inputs, Outputs, TaskSpec};
use wingbeat_sdk::controller::remote::{RemoteController, RemoteSettings};
use wingbeat_sdk::controller::{CalledTask, ChildCall, Controller as _};
use wingbeat_sdk::error::TaskError;
use wingbeat_sdk::remote::{TaskReference, complete};
use wingbeat_sdk::storage;

use crate::{Anyhow, literals};

/// Writes `outputs.pb`, or `error.pb` with what went wrong; both are ends that the platform understands.
pub(crate) async fn run(output_prefix: &str, name: &str, count: &str, texts: &[&str]) -> Result<(), Anyhow> {
    let variables: HashMap<String, String> = std::env::vars().collect();
    let settings = RemoteSettings::from_variables(&variables)?;
    let count: i64 = count.parse()?;
    let reference = TaskReference { name: name.to_owned(), ..TaskReference::default() };
    let details = settings.remote().task(&reference).await?;
    let calls = calls(&settings, &details.spec, count, texts)?;

    let controller = Arc::new(RemoteController::new(settings.clone()));
    let ended = call_all(&controller, calls).await;
    controller.finish().await;
    let (file, bytes) = match ended {
        Ok(sum) => {
            let outputs = Outputs { literals: vec![literals::integer("o0", sum)], ..Default::default() };
            ("outputs.pb", outputs.encode_to_vec())
        }
        Err(error) => ("error.pb", ErrorDocument::from(&error).encode_to_vec()),
    };
    settings.storage.write(&storage::join(output_prefix, file), bytes.into()).await?;
    Ok(())
}

fn calls(
    settings: &RemoteSettings,
    spec: &TaskSpec,
    count: i64,
    texts: &[&str],
) -> Result<Vec<ChildCall>, Anyhow> {
    let variables = &spec.task_template.interface.inputs.variables;
    let number = variables.iter().find(|variable| literals::is_integer(variable));
    let number = number.ok_or("the task takes no number")?.key.clone();
    let mut given = Vec::new();
    for text in texts {
        let (name, value) = text.split_once('=').ok_or("texts are written NAME=TEXT")?;
        given.push(literals::text(name, value));
    }
    let task = CalledTask::new(spec.clone());
    let call = |ix| {
        let mut literals = given.clone();
        literals.push(literals::integer(&number, ix));
        Ok(ChildCall {
            parent: settings.identity.clone(),
            group: None,
            task: Arc::clone(&task),
            inputs: complete(spec, Inputs { literals, ..Default::default() })?,
            queue: None,
        })
    };
    (0..count).map(call).collect()
}

/// All at once; the first failure ends the others.
async fn call_all(controller: &Arc<RemoteController>, calls: Vec<ChildCall>) -> Result<i64, TaskError> {
    let mut children = JoinSet::new();
    for call in calls {
        let controller = Arc::clone(controller);
        children.spawn(async move { controller.run_child(call).await });
    }
    let mut sum = 0;
    while let Some(child) = children.join_next().await {
        let outputs = child.map_err(|error| TaskError::system("Panic", error.to_string()))??;
        sum += literals::sum(&outputs).unwrap_or_default();
    }
    Ok(sum)
}
