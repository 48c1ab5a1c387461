//! One parent with many children, measured: naming, inputs, enqueue, watch, and the end of each.
//!
//! The parent's attempt is simulated, so that this program can speak in its place. Nothing of the platform is
//! looked into; where the run's data goes follows from where its inputs lie.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinSet;
use wingbeat_client::{Access, Client, ServerAddr};
use wingbeat_proto::flyteidl2::common::{ActionIdentifier, RunIdentifier};
use wingbeat_proto::flyteidl2::core::{
    Container, Identifier, KeyValuePair, ResourceType, TaskTemplate, task_template,
};
use wingbeat_proto::flyteidl2::task::{Inputs, TaskSpec};
use wingbeat_proto::flyteidl2::workflow::GetActionDataURIsRequest;
use wingbeat_sdk::controller::remote::{ControllerLimits, RemoteController, RemoteSettings};
use wingbeat_sdk::controller::{ActionIdentity, CalledTask, ChildCall, Controller as _};
use wingbeat_sdk::remote::{RunOptions, RunTask};
use wingbeat_sdk::storage::Storage;

use crate::{Anyhow, literals, platform};

/// Longer than any measurement.
const PARENT_MS: u32 = 36_000_000;

pub(crate) async fn run(endpoint: &str, count: &str, in_flight: &str) -> Result<(), Anyhow> {
    let (count, in_flight): (i64, usize) = (count.parse()?, in_flight.parse()?);
    let remote = platform(endpoint)?;
    let task = RunTask::Spec(Box::new(simulated("rust.parent", PARENT_MS)));
    let run = remote.run(task, Inputs::default(), RunOptions::default()).await?;
    let client = Client::new(ServerAddr::parse(endpoint)?);
    let settings = RemoteSettings {
        identity: identity(run.id()),
        run_base: run_base(&client, run.id()).await?,
        server: ServerAddr::parse(endpoint)?,
        access: Access::default(),
        storage: Storage::new([]),
        limits: ControllerLimits { children: in_flight, launches: 128, calls_per_second: 1_000_000 },
    };
    let task = CalledTask::new(located(simulated("rust.child", 0), run.id()));
    let first = fan_out(&settings, &task, count).await?;
    // A new attempt of the parent: it finds every child where the first left it.
    let second = fan_out(&settings, &task, count).await?;
    run.abort("the measurement is over").await?;
    let settings = json!({ "children": count, "in_flight": in_flight });
    for (what, took) in [("child calls to their ends", first), ("child calls of another attempt", second)] {
        #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
        let rate = (count as f64 / took.as_secs_f64()).round();
        println!(
            "{}",
            json!({ "bench": "rust-parent", "measure": what, "value": rate, "unit": "1/s", "settings": settings })
        );
    }
    Ok(())
}

async fn fan_out(settings: &RemoteSettings, task: &Arc<CalledTask>, count: i64) -> Result<Duration, Anyhow> {
    let controller = Arc::new(RemoteController::new(settings.clone()));
    let started = Instant::now();
    let mut children = JoinSet::new();
    for number in 0..count {
        let call = ChildCall {
            parent: settings.identity.clone(),
            group: None,
            task: Arc::clone(task),
            inputs: Inputs { literals: vec![literals::integer("x", number)], ..Default::default() },
            queue: None,
        };
        let controller = Arc::clone(&controller);
        children.spawn(async move { controller.run_child(call).await });
    }
    while let Some(child) = children.join_next().await {
        child??;
    }
    let took = started.elapsed();
    controller.finish().await;
    Ok(took)
}

fn identity(run: &RunIdentifier) -> ActionIdentity {
    ActionIdentity {
        org: run.org.clone(),
        project: run.project.clone(),
        domain: run.domain.clone(),
        run: run.name.clone(),
        action: "a0".to_owned(),
    }
}

/// A task of which an attempt takes `millis` where attempts are simulated.
fn simulated(name: &str, millis: u32) -> TaskSpec {
    let id = Identifier {
        resource_type: ResourceType::TASK.into(),
        name: name.to_owned(),
        version: "1".to_owned(),
        ..Default::default()
    };
    let env =
        KeyValuePair { key: "WINGBEAT_SIM_MS".to_owned(), value: millis.to_string(), ..Default::default() };
    let container = Container {
        image: "simulated".to_owned(),
        args: vec!["a0".to_owned()],
        env: vec![env],
        ..Default::default()
    };
    let template = TaskTemplate {
        id: id.into(),
        r#type: "python".to_owned(),
        target: Some(task_template::Target::Container(Box::new(container))),
        ..Default::default()
    };
    TaskSpec { task_template: template.into(), short_name: name.to_owned(), ..Default::default() }
}

fn located(mut spec: TaskSpec, run: &RunIdentifier) -> TaskSpec {
    let id = spec.task_template.get_or_insert_default().id.get_or_insert_default();
    (id.project, id.domain) = (run.project.clone(), run.domain.clone());
    spec
}

/// A task is told by its executor; from outside it follows from where the root's inputs lie.
async fn run_base(client: &Client, run: &RunIdentifier) -> Result<String, Anyhow> {
    let root = ActionIdentifier { run: run.clone().into(), name: "a0".to_owned(), ..Default::default() };
    let request = GetActionDataURIsRequest { action_id: root.into(), ..Default::default() };
    let uris = client.runs().get_action_data_ur_is(request).await?.into_owned();
    let (root, rest) = uris.inputs_uri.split_once("/offloaded-inputs/").ok_or("inputs lie elsewhere")?;
    let scope: Vec<&str> = rest.split('/').take(3).collect();
    Ok(format!("{root}/runs/{}/{}", scope.join("/"), run.name))
}
