//! Forks that come to nothing: nobody waits for them, or there are none to be had.

use std::fs;
use std::sync::Arc;

use futures::poll;
use tokio::time::timeout;

use super::{LONG, NEVER, Stage, until};
use crate::outcome::Exit;

/// Children of `parent` that have ended, and for whose end nobody has asked.
fn dead_children(parent: i32) -> usize {
    let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| Some(entry.ok()?.path()));
    let statuses = processes.filter_map(|process| fs::read_to_string(process.join("status")).ok());
    let parent = format!("PPid:\t{parent}\n");
    statuses.filter(|status| status.contains("State:\tZ") && status.contains(&parent)).count()
}

#[tokio::test]
async fn forks_that_nobody_waits_for_any_more_leave_nothing_behind() {
    let stage = Stage::new("", "", NEVER).await;
    let interpreter = stage.pool.interpreter(&stage.path("bin/a0"), &stage.env(&[])).await.unwrap();
    let parent = stage.templates()[0];
    for _ in 0..20 {
        // The first finds one that was forked ahead, if that is there already; the others do not.
        let forks = [(); 3].map(|()| stage.pool.fork(Arc::clone(&interpreter)));
        for fork in forks {
            let mut fork = Box::pin(fork);
            assert!(poll!(&mut fork).is_pending());
        }
        let unused = timeout(LONG, stage.pool.fork(Arc::clone(&interpreter))).await.unwrap().unwrap();
        drop(unused);
    }
    until("one process waits", || stage.waiting() == 1).await;
    until("no dead one is left", || dead_children(parent) == 0).await;
    assert_eq!(stage.templates(), [parent]);
    assert_eq!(stage.run(&[]).await, Exit::Code(0));
    stage.end().await;
}

#[tokio::test]
async fn an_interpreter_that_cannot_fork_now_does_so_later() {
    let flyte = "
plain = os.fork
def fork():
    if os.path.exists('no-forks'): raise BlockingIOError(11, 'no room for another process')
    return plain()
os.fork = fork
";
    let stage = Stage::new(flyte, "", NEVER).await;
    assert_eq!(stage.run(&[]).await, Exit::Code(0));
    until("a process waits", || stage.waiting() == 1).await;
    let interpreters = stage.templates();
    let folder = fs::read_link(format!("/proc/{}/cwd", interpreters[0])).unwrap();
    fs::write(folder.join("no-forks"), "").unwrap();
    assert_eq!(stage.run(&[]).await, Exit::Code(0), "in the one that was there");
    let reason = stage.start(stage.env(&[])).await.unwrap_err();
    assert!(reason.contains("cannot fork now") && reason.contains("no room for another process"), "{reason}");
    fs::remove_file(folder.join("no-forks")).unwrap();
    assert_eq!(stage.run(&[]).await, Exit::Code(0));
    assert_eq!(stage.templates(), interpreters);
    stage.end().await;
}
