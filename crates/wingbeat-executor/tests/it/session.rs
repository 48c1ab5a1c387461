//! Lost connections, lost servers, lost executors.

use connectrpc::ConnectError;
use wingbeat_executor::{ExecutorError, ExecutorKind};
use wingbeat_proto::wingbeat::executor::v1::FailureClass;
use wingbeat_proto::wingbeat::executor::v1::attempt_report::Kind;

use crate::stage::{Stage, alive, attempt};

const SLEEP: &str = "exec sleep 600";
/// Ends once the test has made a file beside the outputs.
const WAIT_FOR_GO: &str = "while [ ! -e \"$4/go\" ]; do sleep 0.02; done; : > \"$4/outputs.pb\"";

#[tokio::test]
async fn a_connection_that_breaks_is_made_again_with_what_is_held() {
    let stage = Stage::new(WAIT_FOR_GO);
    let executor = stage.start(ExecutorKind::Process).await;
    stage.server.send(stage.assignment("a0"));
    let pid = stage.server.started(&attempt("a0")).await;
    stage.server.hang_up();
    let first = stage.server.connected(1).await;
    let second = stage.server.connected(2).await;
    assert_eq!(first.session_id, second.session_id);
    assert!(first.holding.is_empty());
    assert_eq!(second.holding, [attempt("a0")]);
    assert!(alive(pid));
    // Assigned again by a server that is not sure: no second process.
    stage.server.send(stage.assignment("a0"));
    std::fs::write(stage.path("store/runs/a0/1/go"), "").unwrap();
    assert!(matches!(stage.server.terminal(&attempt("a0")).await, Kind::Succeeded(_)));
    let n_started =
        stage.server.reports().iter().filter(|r| matches!(r.kind, Some(Kind::Started(_)))).count();
    assert_eq!(n_started, 1);
    executor.stop().await.unwrap();
}

#[tokio::test]
async fn a_report_that_was_not_acknowledged_comes_again() {
    let stage = Stage::new(": > \"$4/outputs.pb\"");
    let executor = stage.start(ExecutorKind::Process).await;
    stage.server.refuse_reports(true);
    stage.server.send(stage.assignment("a0"));
    let connect = stage.server.connected(2).await;
    assert_eq!(connect.holding, [attempt("a0")]);
    stage.server.refuse_reports(false);
    assert!(matches!(stage.server.terminal(&attempt("a0")).await, Kind::Succeeded(_)));
    executor.stop().await.unwrap();
}

#[tokio::test]
async fn an_attempt_that_is_somebody_elses_is_killed_and_not_spoken_of() {
    let stage = Stage::new(SLEEP);
    let executor = stage.start(ExecutorKind::Process).await;
    stage.server.disown(attempt("a0"));
    stage.server.send(stage.assignment("a0"));
    let pid = stage.server.started(&attempt("a0")).await;
    stage.server.send(stage.assignment("a1"));
    stage.server.started(&attempt("a1")).await;
    executor.stop().await.unwrap();
    assert!(!alive(pid));
    let of_a0 = stage.server.reports().iter().filter(|report| *report.r#ref == attempt("a0")).count();
    assert_eq!(of_a0, 1, "only that it was started");
}

#[tokio::test]
async fn an_executor_that_is_stopped_stops_its_tasks_and_says_so() {
    let stage = Stage::new(SLEEP);
    let executor = stage.start(ExecutorKind::Process).await;
    stage.server.send(stage.assignment("a0"));
    let pid = stage.server.started(&attempt("a0")).await;
    executor.stop().await.unwrap();
    assert!(!alive(pid));
    let Kind::Failed(failed) = stage.server.terminal(&attempt("a0")).await else { panic!("not a failure") };
    assert_eq!(failed.error.code, "ExecutorShutdown");
    assert!(failed.class == FailureClass::FAILURE_CLASS_INFRASTRUCTURE);
}

#[tokio::test]
async fn a_superseded_executor_stops_its_tasks_and_ends() {
    let stage = Stage::new(SLEEP);
    let executor = stage.start(ExecutorKind::Process).await;
    stage.server.send(stage.assignment("a0"));
    let pid = stage.server.started(&attempt("a0")).await;
    stage.server.refuse_connects(Some(ConnectError::aborted("a later session")));
    stage.server.hang_up();
    let ended = executor.ended().await;
    assert!(matches!(ended, Err(ExecutorError::Superseded { .. })), "{ended:?}");
    assert!(!alive(pid));
}

#[tokio::test]
async fn an_executor_waits_for_a_server_that_is_not_there_yet() {
    let stage = Stage::new(SLEEP);
    stage.server.refuse_connects(Some(ConnectError::unavailable("starting")));
    let executor = stage.launch(ExecutorKind::Process);
    stage.server.refuse_connects(None);
    stage.server.connected(1).await;
    executor.stop().await.unwrap();
}

#[tokio::test]
async fn a_successor_finds_no_process_of_a_lost_executor_alive() {
    let stage = Stage::new("sleep 600 & sleep 600");
    let executor = stage.start(ExecutorKind::Process).await;
    stage.server.send(stage.assignment("a0"));
    let pid = stage.server.started(&attempt("a0")).await;
    executor.kill().await;
    let successor = stage.launch(ExecutorKind::Process);
    let connect = stage.server.connected(2).await;
    assert!(connect.holding.is_empty());
    assert_ne!(connect.session_id, stage.server.connected(1).await.session_id);
    assert!(!alive(pid));
    successor.stop().await.unwrap();
}
