//! What becomes of one attempt.

use std::fs;

use sha2::{Digest, Sha256};
use wingbeat_executor::ExecutorKind;
use wingbeat_proto::wingbeat::executor::v1::attempt_report::Kind;
use wingbeat_proto::wingbeat::executor::v1::{Failed, FailureClass, Stop};

use crate::stage::{Stage, alive, attempt};

const SLEEP: &str = "echo running; exec sleep 600";

async fn failure_of(a0: &str) -> (Stage, Failed) {
    let stage = Stage::new(a0);
    let executor = stage.start(ExecutorKind::Process).await;
    stage.server.send(stage.assignment("a0"));
    let kind = stage.server.terminal(&attempt("a0")).await;
    executor.stop().await.unwrap();
    let Kind::Failed(failed) = kind else { panic!("not a failure: {kind:?}") };
    (stage, *failed)
}

#[tokio::test]
async fn a_task_that_writes_outputs_succeeds_and_its_lines_last() {
    let stage = Stage::new(
        "echo to-stdout; echo to-stderr >&2; env > \"$4/env\"; pwd > \"$4/pwd\"; printf abc > \"$4/outputs.pb\"",
    );
    let executor = stage.start(ExecutorKind::Process).await;
    stage.server.send(stage.assignment("a0"));
    let Kind::Succeeded(succeeded) = stage.server.terminal(&attempt("a0")).await else {
        panic!("not a success")
    };
    assert!(stage.server.started(&attempt("a0")).await > 0);
    assert_eq!(succeeded.output_uri, stage.path("store/runs/a0/1").display().to_string());
    assert_eq!((succeeded.outputs_size, succeeded.outputs_sha256), (3, Sha256::digest(b"abc").to_vec()));
    assert_eq!(succeeded.report_uri, "");
    let (mut lines, end) = stage.durable_lines("a0").await;
    lines.sort();
    assert_eq!((lines, end), (vec!["to-stderr".to_owned(), "to-stdout".to_owned()], true));
    assert!(stage.server.has_end_of_lines());
    let mut live = stage.server.lines();
    live.sort();
    assert_eq!(live, ["to-stderr", "to-stdout"]);

    let env = fs::read_to_string(stage.path("store/runs/a0/1/env")).unwrap();
    let value = |name: &str| {
        env.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
            .unwrap_or_else(|| panic!("no {name}"))
    };
    assert_eq!((value("ACTION_NAME"), value("RUN_NAME"), value("_U_ORG_NAME")), ("a0", "r1", "default"));
    assert_eq!(value("FLYTE_ATTEMPT_NUMBER"), "0");
    assert!(value("_U_EP_OVERRIDE").starts_with("localhost:"));
    let cwd = fs::read_to_string(stage.path("store/runs/a0/1/pwd")).unwrap();
    assert_eq!(
        cwd.trim(),
        stage.path("data/attempts/1/a0-1/work").canonicalize().unwrap().display().to_string()
    );
    executor.stop().await.unwrap();
    let records = fs::read_dir(stage.path("data/executor/running")).unwrap();
    let sizes: Vec<u64> = records.map(|file| file.unwrap().metadata().unwrap().len()).collect();
    assert_eq!(sizes, [0], "its record is cleared, for the next attempt");
    let stdout = fs::metadata(stage.path("data/attempts/1/a0-1/stdout.log")).unwrap();
    assert_eq!(stdout.len(), 0, "the lines are in the store");
}

#[tokio::test]
async fn a_status_that_is_not_zero_is_the_users_with_the_end_of_stderr() {
    let (_stage, failed) = failure_of("echo cause >&2; exit 7").await;
    assert_eq!((failed.error.code.as_str(), failed.recoverable), ("ExitCode", true));
    assert!(failed.class == FailureClass::FAILURE_CLASS_USER);
    assert!(
        failed.error.message.contains("status 7") && failed.error.message.contains("cause"),
        "{failed:?}"
    );
}

#[tokio::test]
async fn a_process_that_somebody_kills_is_a_failure_of_the_system() {
    let (_stage, failed) = failure_of("kill -9 $$").await;
    assert_eq!(failed.error.code, "KilledBySignal");
    assert!(failed.class == FailureClass::FAILURE_CLASS_SYSTEM);
}

#[tokio::test]
async fn missing_outputs_are_a_failure_of_the_system() {
    let (_stage, failed) = failure_of("exit 0").await;
    assert_eq!(failed.error.code, "OutputsMissing");
}

#[tokio::test]
async fn an_environment_without_flyte_fails_with_what_to_install() {
    let stage = Stage::new("");
    stage.remove_a0();
    let executor = stage.start(ExecutorKind::Process).await;
    stage.server.send(stage.assignment("a0"));
    let Kind::Failed(failed) = stage.server.terminal(&attempt("a0")).await else { panic!("not a failure") };
    assert_eq!((failed.error.code.as_str(), failed.recoverable), ("PythonEnvironmentMissingFlyte", false));
    assert!(failed.error.message.contains("pip install flyte"), "{}", failed.error.message);
    let (lines, end) = stage.durable_lines("a0").await;
    assert!(end && lines[0].contains("pip install flyte"), "{lines:?}");
    executor.stop().await.unwrap();
}

#[tokio::test]
async fn a_task_of_a_foreign_type_is_refused_by_name() {
    let stage = Stage::new("");
    let executor = stage.start(ExecutorKind::Process).await;
    let mut assignment = stage.assignment("a0");
    assignment.template.get_or_insert_default().r#type = "spark".to_owned();
    stage.server.send(assignment);
    let Kind::Failed(failed) = stage.server.terminal(&attempt("a0")).await else { panic!("not a failure") };
    assert_eq!(failed.error.code, "UnsupportedTaskType");
    assert!(failed.error.message.contains("`spark`"), "{}", failed.error.message);
    executor.stop().await.unwrap();
}

#[tokio::test]
async fn a_stop_ends_the_process_and_says_why_in_the_log() {
    let stage = Stage::new(SLEEP);
    let executor = stage.start(ExecutorKind::Process).await;
    stage.server.send(stage.assignment("a0"));
    let pid = stage.server.started(&attempt("a0")).await;
    stage
        .server
        .until("its first line", |server| server.lines().contains(&"running".to_owned()).then_some(()))
        .await;
    let reason = "aborted by user: enough".to_owned();
    stage.server.send(Stop { r#ref: attempt("a0").into(), reason, ..Default::default() });
    assert!(matches!(stage.server.terminal(&attempt("a0")).await, Kind::Stopped(_)));
    assert!(!alive(pid));
    let (lines, _) = stage.durable_lines("a0").await;
    assert_eq!(lines, ["running", "stopped: aborted by user: enough"]);
    executor.stop().await.unwrap();
}

#[tokio::test]
async fn a_stop_for_what_is_not_here_is_answered() {
    let stage = Stage::new(SLEEP);
    let executor = stage.start(ExecutorKind::Process).await;
    stage.server.send(Stop { r#ref: attempt("a7").into(), ..Default::default() });
    assert!(matches!(stage.server.terminal(&attempt("a7")).await, Kind::Stopped(_)));
    executor.stop().await.unwrap();
}
