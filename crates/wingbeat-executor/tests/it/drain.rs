//! An executor that is told to drain: what runs goes on to its end, and nothing that is on its way to it is lost.

use connectrpc::ConnectError;
use tokio::time::sleep;
use wingbeat_executor::ExecutorKind;
use wingbeat_proto::wingbeat::executor::v1::Drain;
use wingbeat_proto::wingbeat::executor::v1::attempt_report::Kind;

use crate::stage::{Stage, WAIT_FOR_GO, attempt};

fn go(stage: &Stage, action: &str) {
    std::fs::write(stage.path(&format!("store/runs/{action}/1/go")), "").unwrap();
}

#[tokio::test]
async fn it_says_so_and_ends_when_what_it_runs_has_ended() {
    let stage = Stage::new(WAIT_FOR_GO);
    let executor = stage.start(ExecutorKind::Process).await;
    stage.server.let_go();
    stage.server.send(stage.assignment("a0"));
    stage.server.started(&attempt("a0")).await;
    stage.server.send(Drain::default());
    let again = stage.server.connected(2).await;
    assert_eq!((again.capacity.slots, again.capabilities.last().unwrap().as_str()), (0, "draining"));
    assert_eq!(again.holding, [attempt("a0")]);
    // Said again at each connection.
    stage.server.send(Drain::default());
    sleep(std::time::Duration::from_millis(500)).await;
    assert_eq!(
        (stage.server.n_leaves(), stage.server.connects().len()),
        (0, 2),
        "it still has something to end"
    );
    go(&stage, "a0");
    assert!(matches!(stage.server.terminal(&attempt("a0")).await, Kind::Succeeded(_)));
    executor.ended().await.unwrap();
}

#[tokio::test]
async fn what_was_on_its_way_is_run() {
    let stage = Stage::new(": > \"$4/outputs.pb\"");
    let executor = stage.start(ExecutorKind::Process).await;
    stage.server.send(Drain::default());
    stage.server.connected(2).await;
    stage.server.until("a question", |server| (server.n_leaves() > 0).then_some(())).await;
    stage.server.send(stage.assignment("a0"));
    assert!(matches!(stage.server.terminal(&attempt("a0")).await, Kind::Succeeded(_)));
    stage.server.let_go();
    executor.ended().await.unwrap();
}

#[tokio::test]
async fn an_answer_that_is_lost_is_no_failure() {
    let stage = Stage::new(": > \"$4/outputs.pb\"");
    let executor = stage.start(ExecutorKind::Process).await;
    stage.server.send(Drain::default());
    stage.server.connected(2).await;
    stage.server.until("a question", |server| (server.n_leaves() > 0).then_some(())).await;
    stage.server.refuse_connects(Some(ConnectError::failed_precondition("the session has ended")));
    stage.server.hang_up();
    executor.ended().await.unwrap();
}
