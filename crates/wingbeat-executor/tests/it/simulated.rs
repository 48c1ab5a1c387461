//! Attempts without processes.

use std::collections::HashSet;

use wingbeat_executor::ExecutorKind;
use wingbeat_proto::wingbeat::executor::v1::Stop;
use wingbeat_proto::wingbeat::executor::v1::attempt_report::Kind;

use crate::stage::{Stage, attempt, container};

#[tokio::test]
async fn thousands_succeed_with_empty_outputs_and_no_start_report() {
    let stage = Stage::new("");
    let executor = stage.start(ExecutorKind::Simulated).await;
    let connect = stage.server.connected(1).await;
    assert_eq!(connect.capabilities, ["simulated"]);
    for n in 0..3000 {
        stage.server.send(stage.assignment(&format!("a{n}")));
    }
    stage.server.until("all", |server| (server.reports().len() == 3000).then_some(())).await;
    let mut outputs = HashSet::new();
    for report in stage.server.reports() {
        let Some(Kind::Succeeded(succeeded)) = report.kind else { panic!("not a success: {report:?}") };
        assert_eq!(succeeded.outputs_size, 0);
        outputs.insert(succeeded.output_uri);
    }
    assert_eq!(outputs.len(), 1);
    assert_eq!(std::fs::read(format!("{}/outputs.pb", outputs.into_iter().next().unwrap())).unwrap(), b"");
    executor.stop().await.unwrap();
}

#[tokio::test]
async fn one_that_is_assigned_twice_ends_once() {
    let stage = Stage::new("");
    let executor = stage.start(ExecutorKind::Simulated).await;
    for action in ["a0", "a0", "a1"] {
        stage.server.send(stage.assignment(action));
    }
    stage.server.terminal(&attempt("a1")).await;
    let of_a0 = stage.server.reports().iter().filter(|report| *report.r#ref == attempt("a0")).count();
    assert_eq!(of_a0, 1);
    executor.stop().await.unwrap();
}

#[tokio::test]
async fn one_that_takes_its_time_can_be_stopped() {
    let stage = Stage::new("");
    let executor = stage.start(ExecutorKind::Simulated).await;
    let mut slow = stage.assignment("a0");
    slow.template.get_or_insert_default().target = Some(container(&[("WINGBEAT_SIM_MS", "600000")]).into());
    stage.server.send(slow);
    let mut short = stage.assignment("a1");
    short.template.get_or_insert_default().target = Some(container(&[("WINGBEAT_SIM_MS", "5")]).into());
    stage.server.send(short);
    assert!(matches!(stage.server.terminal(&attempt("a1")).await, Kind::Succeeded(_)));
    stage.server.send(Stop { r#ref: attempt("a0").into(), ..Default::default() });
    assert!(matches!(stage.server.terminal(&attempt("a0")).await, Kind::Stopped(_)));
    executor.stop().await.unwrap();
}
