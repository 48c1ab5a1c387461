//! Lost connections, lost servers, lost executors.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use connectrpc::{ConnectError, ErrorCode};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};
use wingbeat_executor::{ExecutorError, ExecutorKind, run};
use wingbeat_proto::wingbeat::executor::v1::attempt_report::Kind;
use wingbeat_proto::wingbeat::executor::v1::{AttemptReport, FailureClass};

use crate::fake_server::{FakeServer, LONG};
use crate::stage::{Stage, WAIT_FOR_GO, alive, attempt, config};

/// Names the stage's folder to the process that stands in for a lost executor.
const STAND_IN: &str = "WINGBEAT_TEST_STAND_IN";
const SLEEP: &str = "exec sleep 600";

async fn gone(pid: u32) {
    let gone = async {
        while alive(pid) {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(LONG, gone).await.unwrap();
}

fn started_pid(report: &AttemptReport) -> Option<u32> {
    if let Some(Kind::Started(started)) = &report.kind { Some(started.pid) } else { None }
}

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
    // The report itself may come twice: its first acknowledgement can be lost with the connection.
    let pids: HashSet<u32> = stage.server.reports().iter().filter_map(started_pid).collect();
    assert_eq!(pids, HashSet::from([pid]));
    executor.stop().await.unwrap();
}

#[tokio::test]
async fn a_task_outlives_its_server_and_its_end_is_reported_to_the_next_one() {
    let mut stage = Stage::new(WAIT_FOR_GO);
    let executor = stage.start(ExecutorKind::Process).await;
    stage.server.send(stage.assignment("a0"));
    let pid = stage.server.started(&attempt("a0")).await;
    stage.kill_server();
    std::fs::write(stage.path("store/runs/a0/1/go"), "").unwrap();
    gone(pid).await;
    stage.restart_server();
    assert_eq!(stage.server.connected(2).await.holding, [attempt("a0")]);
    assert!(matches!(stage.server.terminal(&attempt("a0")).await, Kind::Succeeded(_)));
    executor.stop().await.unwrap();
}

#[tokio::test]
async fn a_report_that_was_not_acknowledged_comes_again() {
    let stage = Stage::new(": > \"$4/outputs.pb\"");
    let executor = stage.start(ExecutorKind::Process).await;
    stage.server.refuse_reports(Some(ErrorCode::Unavailable));
    stage.server.send(stage.assignment("a0"));
    let connect = stage.server.connected(2).await;
    assert_eq!(connect.holding, [attempt("a0")]);
    stage.server.refuse_reports(None);
    assert!(matches!(stage.server.terminal(&attempt("a0")).await, Kind::Succeeded(_)));
    executor.stop().await.unwrap();
}

#[tokio::test]
async fn a_server_that_cannot_take_reports_now_is_asked_again_on_the_same_link() {
    let stage = Stage::new(": > \"$4/outputs.pb\"");
    let executor = stage.start(ExecutorKind::Process).await;
    stage.server.refuse_reports(Some(ErrorCode::ResourceExhausted));
    stage.server.send(stage.assignment("a0"));
    let refused = |server: &FakeServer| (server.n_refused_reports() >= 3).then_some(());
    stage.server.until("some refusals", refused).await;
    stage.server.refuse_reports(None);
    assert!(matches!(stage.server.terminal(&attempt("a0")).await, Kind::Succeeded(_)));
    assert_eq!(stage.server.connects().len(), 1);
    executor.stop().await.unwrap();
}

#[tokio::test]
async fn a_link_that_breaks_at_once_again_and_again_is_made_more_and_more_slowly() {
    let stage = Stage::new(SLEEP);
    let executor = stage.start(ExecutorKind::Process).await;
    stage.server.refuse_reports(Some(ErrorCode::Unavailable));
    let begin = Instant::now();
    stage.server.send(stage.assignment("a0"));
    stage.server.connected(5).await;
    // Half of 50 + 100 + 200 + 400 ms at the least; four pauses of 50 ms would be over by then.
    assert!(begin.elapsed() >= Duration::from_millis(375), "{:?}", begin.elapsed());
    stage.server.refuse_reports(None);
    stage.server.started(&attempt("a0")).await;
    executor.stop().await.unwrap();
}

#[tokio::test]
async fn an_attempt_that_has_ended_is_not_started_when_it_is_assigned_again() {
    let stage = Stage::new("echo x >> \"$4/starts\"; : > \"$4/outputs.pb\"");
    let executor = stage.start(ExecutorKind::Process).await;
    stage.server.send(stage.assignment("a0"));
    stage.server.terminal(&attempt("a0")).await;
    stage.server.send(stage.assignment("a0"));
    // The server's messages are heard in order; once this one has ended, the second was dealt with.
    stage.server.send(stage.assignment("a1"));
    stage.server.terminal(&attempt("a1")).await;
    executor.stop().await.unwrap();
    assert_eq!(std::fs::read_to_string(stage.path("store/runs/a0/1/starts")).unwrap(), "x\n");
    let of_a0 = stage.server.reports().iter().filter(|report| *report.r#ref == attempt("a0")).count();
    assert_eq!(of_a0, 2, "one start and one end");
}

#[tokio::test]
async fn an_attempt_that_is_somebody_elses_is_killed_and_frees_its_place() {
    let stage = Stage::new(SLEEP);
    let executor = stage.start(ExecutorKind::Process).await;
    stage.server.disown(attempt("a0"));
    stage.server.send(stage.assignment("a0"));
    let pid = stage.server.started(&attempt("a0")).await;
    stage.server.send(stage.assignment("a1"));
    stage.server.started(&attempt("a1")).await;
    let end = stage.server.terminal(&attempt("a0")).await;
    assert!(matches!(end, Kind::Stopped(_)), "{end:?}");
    assert!(!alive(pid));
    executor.stop().await.unwrap();
    let reports = stage.server.reports();
    let mut of_a0 = reports.iter().filter(|report| *report.r#ref == attempt("a0"));
    let harmless = |kind: &Option<Kind>| matches!(kind, Some(Kind::Started(_) | Kind::Stopped(_)));
    assert!(of_a0.all(|report| harmless(&report.kind)), "it has no result: {reports:?}");
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
async fn an_executor_whose_session_was_ended_stops_its_tasks_and_ends() {
    let stage = Stage::new(SLEEP);
    let executor = stage.start(ExecutorKind::Process).await;
    stage.server.send(stage.assignment("a0"));
    let pid = stage.server.started(&attempt("a0")).await;
    stage.server.refuse_connects(Some(ConnectError::aborted("a later session")));
    stage.server.hang_up();
    let ended = executor.ended().await;
    assert!(matches!(ended, Err(ExecutorError::Refused { .. })), "{ended:?}");
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
async fn an_executor_says_who_it_is_only_when_the_folder_is_its_own() {
    let stage = Stage::new(SLEEP);
    let first = stage.start(ExecutorKind::Process).await;
    let (announce, announced) = oneshot::channel();
    let second = stage.launch_announced(ExecutorKind::Process, || announce.send(()).unwrap());
    tokio::pin!(announced);
    assert!(timeout(Duration::from_millis(300), &mut announced).await.is_err(), "the first still has it");
    first.stop().await.unwrap();
    timeout(LONG, announced).await.unwrap().unwrap();
    stage.server.connected(2).await;
    second.stop().await.unwrap();
}

/// Not a test of its own: the process that the next one kills.
#[tokio::test]
async fn stands_in_for_an_executor_that_is_lost() {
    if let Some(root) = std::env::var_os(STAND_IN) {
        let config = config(root.as_ref(), ExecutorKind::Process);
        run(config, || Ok(()), std::future::pending(), std::future::pending()).await.unwrap();
    }
}

#[tokio::test]
async fn a_successor_finds_no_process_of_a_lost_executor_alive() {
    let stage = Stage::new("sleep 600 & echo $! > \"$4/child\"; echo ready; exec sleep 600");
    let mut lost = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["session::stands_in_for_an_executor_that_is_lost", "--exact"])
        .env(STAND_IN, stage.root())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let lost_pid = lost.id().unwrap();
    stage.server.connected(1).await;
    stage.server.send(stage.assignment("a0"));
    let pid = stage.server.started(&attempt("a0")).await;
    let ready = "ready".to_owned();
    stage.server.until("that it is ready", |server| server.lines().contains(&ready).then_some(())).await;
    // Its status may be taken by another executor of this test process, which reaps every child.
    lost.start_kill().unwrap();
    gone(lost_pid).await;
    assert!(alive(pid), "tasks outlive a killed executor");
    let successor = stage.launch(ExecutorKind::Process);
    let connect = stage.server.connected(2).await;
    assert!(connect.holding.is_empty());
    assert_ne!(connect.session_id, stage.server.connected(1).await.session_id);
    assert!(!alive(pid));
    let child = std::fs::read_to_string(stage.path("store/runs/a0/1/child")).unwrap();
    assert!(!alive(child.trim().parse().unwrap()));
    successor.stop().await.unwrap();
}
