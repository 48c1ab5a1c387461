//! A Rust parent's controller against a real platform: children, steps and conditions; crashes of the server.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;
use wingbeat_client::{Access, Client};
use wingbeat_proto::flyteidl2::common::{
    ActionIdentifier, ActionPhase, ListRequest, ProjectIdentifier, RunIdentifier,
};
use wingbeat_proto::flyteidl2::core::{
    Container, Identifier, KeyValuePair, Literal, LiteralType, Primitive, ResourceType, Scalar, SimpleType,
    TaskTemplate, TypedInterface, literal, literal_type, primitive, scalar, task_template,
};
use wingbeat_proto::flyteidl2::task::{Inputs, NamedLiteral, Outputs, TaskSpec};
use wingbeat_proto::flyteidl2::workflow::{
    Action, ConditionAction, CreateRunRequest, EventPayload, ListActionsRequest, SignalEventRequest,
    create_run_request, event_payload,
};
use wingbeat_sdk::controller::remote::{ControllerLimits, RemoteController, RemoteSettings};
use wingbeat_sdk::controller::{
    ActionIdentity, CalledTask, ChildCall, ConditionCall, Controller as _, TraceCall, TraceOutcome,
};
use wingbeat_sdk::error::TaskError;
use wingbeat_sdk::storage::Storage;

use crate::platform::{Attempts, Platform};

/// For everything that has to happen: the machine may be busy.
const PATIENCE: Duration = Duration::from_mins(3);

/// Longer than any test.
const FOR_EVER_MS: u32 = 36_000_000;

pub(crate) fn spec(name: &str, sim_ms: u32) -> TaskSpec {
    let id = Identifier {
        resource_type: ResourceType::TASK.into(),
        project: wingbeat_client::DEFAULT_PROJECT.to_owned(),
        domain: wingbeat_client::DEFAULT_DOMAIN.to_owned(),
        name: name.to_owned(),
        version: "1".to_owned(),
        ..Default::default()
    };
    let millis =
        KeyValuePair { key: "WINGBEAT_SIM_MS".to_owned(), value: sim_ms.to_string(), ..Default::default() };
    let container = Container {
        image: "simulated".to_owned(),
        args: vec!["a0".to_owned()],
        env: vec![millis],
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

fn integer(value: i64) -> Literal {
    let primitive = Primitive { value: Some(primitive::Value::Integer(value)), ..Default::default() };
    let scalar = Scalar { value: Some(scalar::Value::Primitive(Box::new(primitive))), ..Default::default() };
    Literal { value: Some(literal::Value::Scalar(Box::new(scalar))), ..Default::default() }
}

/// A run whose root stays alive, and who its parent is.
pub(crate) struct Run {
    client: Client,
    id: RunIdentifier,
    pub(crate) settings: RemoteSettings,
    _files: tempfile::TempDir,
}

impl Run {
    pub(crate) async fn create(platform: &Platform) -> Self {
        let client = platform.client();
        let project = ProjectIdentifier {
            name: wingbeat_client::DEFAULT_PROJECT.to_owned(),
            domain: wingbeat_client::DEFAULT_DOMAIN.to_owned(),
            ..Default::default()
        };
        let request = CreateRunRequest {
            id: Some(create_run_request::Id::ProjectId(Box::new(project))),
            task: Some(create_run_request::Task::TaskSpec(Box::new(spec("parent", FOR_EVER_MS)))),
            ..Default::default()
        };
        let answer = client.runs().create_run(request).await.expect("the run is created").into_owned();
        let id = answer.run.action.id.run.clone().into_option().expect("a run has an identifier");
        let files = tempfile::tempdir().expect("temporary folder");
        let identity = ActionIdentity {
            org: id.org.clone(),
            project: id.project.clone(),
            domain: id.domain.clone(),
            run: id.name.clone(),
            action: "a0".to_owned(),
        };
        let settings = RemoteSettings {
            identity,
            run_base: run_base(&client, &id).await,
            server: platform.addr(),
            access: Access::default(),
            storage: Storage::new([]),
            limits: ControllerLimits { calls_per_second: 10_000, ..ControllerLimits::default() },
        };
        Self { client, id, settings, _files: files }
    }

    /// What one attempt of the parent has.
    fn attempt(&self) -> Arc<RemoteController> {
        Arc::new(RemoteController::new(self.settings.clone()))
    }

    pub(crate) fn child(&self, number: i64, sim_ms: u32) -> ChildCall {
        let input =
            NamedLiteral { name: "x".to_owned(), value: integer(number).into(), ..Default::default() };
        ChildCall {
            parent: self.settings.identity.clone(),
            group: Some("crowd".to_owned()),
            task: CalledTask::new(spec("child", sim_ms)),
            inputs: Inputs { literals: vec![input], ..Default::default() },
            queue: None,
        }
    }

    fn step(&self, name: &str) -> TraceCall {
        TraceCall {
            parent: self.settings.identity.clone(),
            within: None,
            group: None,
            name: name.to_owned(),
            identity: format!("{name}-1"),
            interface: TypedInterface::default(),
            inputs: Inputs::default(),
        }
    }

    /// All actions but the root, by name.
    async fn actions(&self) -> BTreeMap<String, Action> {
        let mut found = BTreeMap::new();
        let mut token = String::new();
        loop {
            let page = ListRequest { limit: 200, token, ..Default::default() };
            let request = ListActionsRequest {
                request: page.into(),
                run_id: self.id.clone().into(),
                ..Default::default()
            };
            let answer = self.client.runs().list_actions(request).await.expect("a list").into_owned();
            found.extend(answer.actions.into_iter().map(|action| (action.id.name.clone(), action)));
            token = answer.token;
            if token.is_empty() {
                found.remove("a0");
                return found;
            }
        }
    }

    /// Waits until what is listed is as wished.
    async fn until(&self, what: &str, holds: impl Fn(&BTreeMap<String, Action>) -> bool) {
        let wait = async {
            while !holds(&self.actions().await) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("not in time: {what}"));
    }
}

/// A task is told by its executor; from outside it follows from where the root's inputs lie.
async fn run_base(client: &Client, run: &RunIdentifier) -> String {
    let action_id = ActionIdentifier { run: run.clone().into(), name: "a0".to_owned(), ..Default::default() };
    let request = wingbeat_proto::flyteidl2::workflow::GetActionDataURIsRequest {
        action_id: action_id.into(),
        ..Default::default()
    };
    let uris = client.runs().get_action_data_ur_is(request).await.expect("places of data").into_owned();
    let uri = uris.inputs_uri;
    if let Some((root, rest)) = uri.split_once("/offloaded-inputs/") {
        let scope: Vec<&str> = rest.split('/').take(3).collect();
        return format!("{root}/runs/{}/{}", scope.join("/"), run.name);
    }
    let end = uri.find(&format!("/{}/", run.name)).expect("inputs lie in the run's folder");
    uri[..=end + run.name.len()].to_owned()
}

fn phase(action: &Action) -> Option<ActionPhase> {
    action.status.phase.as_known()
}

async fn in_time<T>(what: &str, wait: impl Future<Output = T>) -> T {
    timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("not in time: {what}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn children_survive_a_crash_of_the_server_and_are_met_again_by_the_next_attempt() {
    const N_CHILDREN: i64 = 60;
    let mut platform = Platform::start(Attempts::Simulated);
    let run = Run::create(&platform).await;
    let first = run.attempt();
    let mut children = JoinSet::new();
    for number in 0..N_CHILDREN {
        let (controller, call) = (Arc::clone(&first), run.child(number, 1_000));
        children.spawn(async move { controller.run_child(call).await });
    }
    run.until("some children are there", |actions| actions.len() > 5).await;
    platform.kill_and_restart();
    let ended = in_time("every child ends", children.join_all()).await;
    assert!(ended.iter().all(Result::is_ok), "{ended:?}");
    first.finish().await;

    let second = run.attempt();
    for number in 0..N_CHILDREN {
        let found = in_time("a child is found", second.run_child(run.child(number, 1_000))).await;
        assert_eq!(found, Ok(Outputs::default()));
    }
    let actions = run.actions().await;
    assert_eq!(actions.len(), 60, "no child was made twice");
    assert!(
        actions.values().all(|action| action.metadata.group == "crowd" && action.metadata.parent == "a0")
    );
    second.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn children_that_nobody_waits_for_are_aborted() {
    let platform = Platform::start(Attempts::Simulated);
    let run = Run::create(&platform).await;
    let controller = run.attempt();
    let mut waits = JoinSet::new();
    let task = Arc::clone(&controller);
    let dropped = waits.spawn({
        let call = run.child(1, FOR_EVER_MS);
        async move { task.run_child(call).await }
    });
    let task = Arc::clone(&controller);
    let call = run.child(2, FOR_EVER_MS);
    waits.spawn(async move { task.run_child(call).await });
    run.until("both children are there", |actions| actions.len() == 2).await;
    let aborted = |actions: &BTreeMap<String, Action>| {
        actions.values().filter(|action| phase(action) == Some(ActionPhase::ACTION_PHASE_ABORTED)).count()
    };
    dropped.abort();
    run.until("the first is aborted", |actions| aborted(actions) == 1).await;
    in_time("the task finishes", controller.finish()).await;
    run.until("the second is aborted", |actions| aborted(actions) == 2).await;
    let ends = waits.join_all_settled().await;
    assert!(ends.iter().flatten().all(|end: &Result<Outputs, TaskError>| end.is_err()));
    let late = controller.run_child(run.child(3, 0)).await.expect_err("the task has ended");
    assert_eq!(late.code, "TaskFinished");
}

/// Ends of tasks, of which some were aborted.
trait Settled<T> {
    async fn join_all_settled(self) -> Vec<Option<T>>;
}

impl<T: 'static> Settled<T> for JoinSet<T> {
    async fn join_all_settled(mut self) -> Vec<Option<T>> {
        let mut ends = Vec::new();
        while let Some(end) = self.join_next().await {
            ends.push(end.ok());
        }
        ends
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_are_found_by_the_next_attempt() {
    let platform = Platform::start(Attempts::Simulated);
    let run = Run::create(&platform).await;
    let value = NamedLiteral { name: "o0".to_owned(), value: integer(7).into(), ..Default::default() };
    let outputs = Outputs { literals: vec![value], ..Default::default() };
    let outcomes = [
        ("good", TraceOutcome::Succeeded(outputs)),
        ("hopeless", TraceOutcome::Failed(TaskError::user("ValueError", "no").not_recoverable())),
        ("unlucky", TraceOutcome::Failed(TaskError::user("Timeout", "slow"))),
    ];
    let first = run.attempt();
    for (name, outcome) in &outcomes {
        let found =
            in_time("a step is looked for", first.find_trace(run.step(name))).await.expect("an answer");
        assert_eq!(found.outcome, None, "{name}");
        let recorded = first.record_trace(found.step, outcome.clone());
        in_time("a step is recorded", recorded).await.expect("it is recorded");
    }
    first.finish().await;

    let second = run.attempt();
    for (name, outcome) in outcomes {
        let found = in_time("a step is found", second.find_trace(run.step(name))).await.expect("an answer");
        let replayed = (name != "unlucky").then_some(outcome);
        assert_eq!(found.outcome, replayed, "{name}");
    }
    second.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_condition_gets_its_value() {
    let platform = Platform::start(Attempts::Simulated);
    let run = Run::create(&platform).await;
    let controller = run.attempt();
    let integer_type = LiteralType {
        r#type: Some(literal_type::Type::Simple(SimpleType::INTEGER.into())),
        ..Default::default()
    };
    let condition = ConditionAction {
        name: "how-many".to_owned(),
        r#type: integer_type.into(),
        prompt: "How many?".to_owned(),
        ..Default::default()
    };
    let call = ConditionCall { parent: run.settings.identity.clone(), within: None, group: None, condition };
    let opened = in_time("the condition is opened", controller.open_condition(call)).await.expect("it opens");
    let action_id =
        ActionIdentifier { run: run.id.clone().into(), name: opened.action.clone(), ..Default::default() };
    let signal = SignalEventRequest {
        action_id: action_id.into(),
        parent_action_name: "a0".to_owned(),
        payload: EventPayload { value: Some(event_payload::Value::IntValue(41)), ..Default::default() }
            .into(),
        ..Default::default()
    };
    run.client.runs().signal_event(signal).await.expect("the signal is taken");
    let value = in_time("the value arrives", controller.wait_condition(opened)).await;
    assert_eq!(value, Ok(integer(41)));
    controller.finish().await;
}
