//! Runs of a real platform from outside: bundles, inputs, outputs, logs, errors, deployed tasks.
//!
//! Their tasks are commands of the shell that copy inputs to outputs, which have one form.

use std::fs;
use std::time::Duration;

use tokio::time::timeout;
use wingbeat_blob::bundle::{UnpackLimits, unpack};
use wingbeat_proto::flyteidl2::common::ActionPhase;
use wingbeat_proto::flyteidl2::core::{
    Container, Identifier, Literal, LiteralType, Primitive, ResourceType, Scalar, SimpleType, TaskTemplate,
    TypedInterface, Variable, VariableEntry, VariableMap, literal, literal_type, primitive, scalar,
    task_template,
};
use wingbeat_proto::flyteidl2::task::{Inputs, NamedLiteral, TaskSpec};
use wingbeat_sdk::bundle;
use wingbeat_sdk::remote::{Remote, RemoteError, RunOptions, RunTask, TaskReference};

use crate::platform::{Attempts, Platform};

/// For everything that has to happen: the machine may be busy.
const PATIENCE: Duration = Duration::from_mins(3);

const COPY: &str = r#"echo "a line of the task"; cp "$1" "$2/outputs.pb""#;

fn remote(platform: &Platform) -> Remote {
    let (project, domain) = (wingbeat_client::DEFAULT_PROJECT, wingbeat_client::DEFAULT_DOMAIN);
    Remote::at(platform.addr(), "", project, domain)
}

/// A task of `script`, which takes and gives an integer called `x`.
fn spec(name: &str, version: &str, script: &str) -> TaskSpec {
    let integer = LiteralType {
        r#type: Some(literal_type::Type::Simple(SimpleType::INTEGER.into())),
        ..Default::default()
    };
    let variable = Variable { r#type: integer.into(), ..Default::default() };
    let entry = VariableEntry { key: "x".to_owned(), value: variable.into(), ..Default::default() };
    let variables = VariableMap { variables: vec![entry], ..Default::default() };
    let interface =
        TypedInterface { inputs: variables.clone().into(), outputs: variables.into(), ..Default::default() };
    let id = Identifier {
        resource_type: ResourceType::TASK.into(),
        name: name.to_owned(),
        version: version.to_owned(),
        ..Default::default()
    };
    let args = ["sh", "-c", script, "task", "{{.input}}", "{{.outputPrefix}}"].map(str::to_owned).to_vec();
    let container = Container { image: "none".to_owned(), args, ..Default::default() };
    let template = TaskTemplate {
        id: id.into(),
        r#type: "python".to_owned(),
        interface: interface.into(),
        target: Some(task_template::Target::Container(Box::new(container))),
        ..Default::default()
    };
    TaskSpec { task_template: template.into(), short_name: name.to_owned(), ..Default::default() }
}

fn x(value: i64) -> Vec<NamedLiteral> {
    let primitive = Primitive { value: Some(primitive::Value::Integer(value)), ..Default::default() };
    let scalar = Scalar { value: Some(scalar::Value::Primitive(Box::new(primitive))), ..Default::default() };
    let literal = Literal { value: Some(literal::Value::Scalar(Box::new(scalar))), ..Default::default() };
    vec![NamedLiteral { name: "x".to_owned(), value: literal.into(), ..Default::default() }]
}

fn inputs(value: i64) -> Inputs {
    Inputs { literals: x(value), ..Default::default() }
}

async fn in_time<T>(what: &str, wait: impl Future<Output = T>) -> T {
    timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("not in time: {what}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_gives_its_outputs_and_its_log() {
    let platform = Platform::start(Attempts::Processes);
    let remote = remote(&platform);
    let task = RunTask::Spec(Box::new(spec("copy", "1", COPY)));
    let options = RunOptions { name: Some("my-run".to_owned()), ..RunOptions::default() };
    let run = remote.run(task, inputs(7), options).await.expect("the run is created");
    assert_eq!(run.name(), "my-run");
    // Both from the start: neither the attempt nor its log exists yet.
    let (mut phases, mut lines) = (Vec::new(), Vec::new());
    let watched = run.watch(|details| phases.push(details.status.phase));
    let read = run.logs(1, |line| lines.push(line.message));
    let (ended, read) = in_time("the run ends", async { tokio::join!(watched, read) }).await;
    let ended = ended.expect("it can be watched");
    assert_eq!(ended.status.phase, ActionPhase::ACTION_PHASE_SUCCEEDED);
    assert_eq!(phases.last(), Some(&ended.status.phase));
    read.expect("it has a log");
    assert!(lines.iter().any(|line| line.trim_end() == "a line of the task"), "{lines:?}");
    let outputs = in_time("the outputs come", run.outputs()).await.expect("it has outputs");
    assert_eq!(outputs.literals, x(7));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_watched_and_read_through_a_crash_of_the_server() {
    let mut platform = Platform::start(Attempts::Processes);
    let remote = remote(&platform);
    let folder = tempfile::tempdir().expect("temporary folder");
    let release = folder.path().join("release");
    let hold = format!("echo begun; while [ ! -e '{}' ]; do sleep 0.1; done; {COPY}", release.display());
    let task = RunTask::Spec(Box::new(spec("hold", "1", &hold)));
    let run = remote.run(task, inputs(3), RunOptions::default()).await.expect("the run is created");
    let (begun, mut has_begun) = tokio::sync::mpsc::unbounded_channel();
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn({
        let run = run.clone();
        let tell = move |line: wingbeat_sdk::remote::LogLine| {
            // Nobody listens any more once it has begun.
            let _over = begun.send(line.message);
        };
        async move { run.logs(1, tell).await }
    });
    in_time("the task begins", has_begun.recv()).await.expect("it says so");
    platform.kill_and_restart();
    fs::write(&release, "").expect("file");
    let outputs = in_time("the run ends", run.outputs()).await.expect("it has outputs");
    assert_eq!(outputs.literals, x(3));
    let ended = in_time("the log ends", tasks.join_next()).await.expect("it was started");
    ended.expect("it did not panic").expect("it was read to its end");
    let mut lines = Vec::new();
    while let Ok(line) = has_begun.try_recv() {
        lines.push(line.trim_end().to_owned());
    }
    assert_eq!(lines, ["a line of the task"], "each line once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_fails_and_one_that_is_aborted_say_so() {
    let platform = Platform::start(Attempts::Processes);
    let remote = remote(&platform);
    let task = RunTask::Spec(Box::new(spec("fails", "1", "echo no luck >&2; exit 3")));
    let run = remote.run(task, inputs(1), RunOptions::default()).await.expect("the run is created");
    match in_time("it fails", run.outputs()).await {
        Err(RemoteError::Failed { error, .. }) => {
            assert!(error.message.contains("status 3") && error.message.contains("no luck"), "{error}");
        }
        other => panic!("it did not fail: {other:?}"),
    }
    let task = RunTask::Spec(Box::new(spec("waits", "1", "sleep 36000")));
    let run = remote.run(task, inputs(1), RunOptions::default()).await.expect("the run is created");
    run.abort("enough").await.expect("it is aborted");
    match in_time("it is aborted", run.outputs()).await {
        Err(RemoteError::Failed { error, .. }) => {
            assert!(error.is_aborted() && error.message.contains("enough"), "{error}");
        }
        other => panic!("it was not aborted: {other:?}"),
    }
    remote.existing_run("never-was").abort("x").await.expect("there is nothing to abort");
}

#[tokio::test(flavor = "multi_thread")]
async fn inputs_that_do_not_fit_are_told_before_anything_is_sent() {
    let platform = Platform::start(Attempts::Simulated);
    let task = RunTask::Spec(Box::new(spec("copy", "1", COPY)));
    let refused = remote(&platform).run(task, Inputs::default(), RunOptions::default()).await;
    let error = refused.expect_err("x is missing");
    assert!(matches!(error, RemoteError::Inputs(_)) && error.to_string().contains("`x`"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployed_task_is_found_and_run_by_its_name() {
    let platform = Platform::start(Attempts::Processes);
    let remote = remote(&platform);
    let reference = TaskReference { name: "env.copy".to_owned(), ..TaskReference::default() };
    let missing = remote.task(&reference).await.expect_err("nothing is deployed");
    assert!(matches!(missing, RemoteError::NoTask { .. }) && missing.to_string().contains("env.copy"));
    for version in ["1", "2", "2"] {
        remote.deploy(spec("env.copy", version, COPY), Vec::new()).await.expect("it is deployed");
    }
    let latest = remote.task(&reference).await.expect("it is deployed");
    assert_eq!(latest.task_id.version, "2");
    let first = TaskReference { version: Some("1".to_owned()), ..reference };
    let first = remote.task(&first).await.expect("it is deployed");
    assert_eq!(first.spec.task_template.id.version, "1");
    let task = RunTask::Deployed(Box::new(latest));
    let run = remote.run(task, inputs(5), RunOptions::default()).await.expect("the run is created");
    let outputs = in_time("the run ends", run.outputs()).await.expect("it has outputs");
    assert_eq!(outputs.literals, x(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_is_uploaded_once_and_can_be_read_where_it_lies() {
    let platform = Platform::start(Attempts::Simulated);
    let remote = remote(&platform);
    let code = tempfile::tempdir().expect("temporary folder");
    fs::write(code.path().join("main.py"), "print(1)\n").expect("file");
    let bundle = bundle::pack(code.path()).expect("it is packed");
    let uri = remote.upload_bundle(&bundle).await.expect("it is uploaded");
    assert_eq!(remote.upload_bundle(&bundle).await.expect("it is uploaded again"), uri);
    assert!(uri.ends_with(&bundle.file_name), "{uri}");
    let archive = fs::read(&uri).expect("the platform's store is a folder");
    let out = tempfile::tempdir().expect("temporary folder");
    unpack(&*archive, out.path(), UnpackLimits::default()).expect("it is a bundle");
    assert_eq!(fs::read_to_string(out.path().join("main.py")).expect("it was packed"), "print(1)\n");
}
