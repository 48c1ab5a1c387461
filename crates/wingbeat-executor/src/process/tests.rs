//! Real processes; the tests wait for events and states, never for a fixed time.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::{FamilyMark, GroupTrust, Launch, ProcessId, Processes, TaskProcess, end_family};
use crate::environment::MARKER;
use crate::outcome::Exit;

const LONG: Duration = Duration::from_secs(20);

fn shell(folder: &Path, marker: &str, script: &str) -> TaskProcess {
    // As the executor does at its start.
    super::adopt_orphans().unwrap();
    let path = std::env::var("PATH").unwrap();
    let env = BTreeMap::from([
        ("PATH".to_owned(), path),
        (MARKER.to_owned(), marker.to_owned()),
        ("FOLDER".to_owned(), folder.display().to_string()),
    ]);
    TaskProcess::start(Launch {
        program: "/bin/sh".into(),
        args: vec!["-c".to_owned(), script.to_owned()],
        env,
        folder,
        stdin: None,
        stdout: &folder.join("stdout.log"),
        stderr: &folder.join("stderr.log"),
        marker: marker.to_owned(),
    })
    .unwrap()
}

fn family(mark: &FamilyMark, trust: GroupTrust, leaders: &BTreeSet<i32>) -> Vec<ProcessId> {
    Processes::look().unwrap().family(mark, trust, leaders).unwrap()
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let wait = async {
        while !holds() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(timeout(LONG, wait).await.is_ok(), "never saw: {what}");
}

async fn written(path: &Path) -> String {
    until(&path.display().to_string(), || {
        std::fs::read_to_string(path).is_ok_and(|text| text.ends_with('\n'))
    })
    .await;
    std::fs::read_to_string(path).unwrap().trim().to_owned()
}

fn alive(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

#[tokio::test]
async fn output_goes_to_files_and_the_status_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let mut task = shell(folder.path(), "m1", "echo out; echo err >&2; exit 3");
    assert_eq!(task.wait().await, Exit::Code(3));
    assert_eq!(std::fs::read_to_string(folder.path().join("stdout.log")).unwrap(), "out\n");
    assert_eq!(std::fs::read_to_string(folder.path().join("stderr.log")).unwrap(), "err\n");
}

#[tokio::test]
async fn a_signal_is_told_apart_from_a_status() {
    let folder = tempfile::tempdir().unwrap();
    let mut task = shell(folder.path(), "m2", "kill -9 $$");
    assert_eq!(task.wait().await, Exit::Signal(9));
}

#[tokio::test]
async fn a_grandchild_that_ignores_sigterm_is_killed_after_the_grace() {
    let folder = tempfile::tempdir().unwrap();
    let script = "sh -c 'trap \"\" TERM; echo $$ > pid; while :; do sleep 0.05; done' & wait";
    let mut task = shell(folder.path(), "m3", script);
    let grandchild = written(&folder.path().join("pid")).await;
    assert!(alive(&grandchild));
    timeout(LONG, task.stop(Duration::from_millis(100))).await.unwrap();
    assert!(!alive(&grandchild), "{grandchild} survived");
    assert!(family(task.mark(), GroupTrust::Fresh, &super::leaders()).is_empty());
}

#[tokio::test]
async fn a_daemon_in_a_session_of_its_own_dies_with_its_task() {
    let folder = tempfile::tempdir().unwrap();
    let script = "setsid sh -c 'setsid sh -c \"echo \\$\\$ > $FOLDER/pid; exec sleep 600\" &' ; sleep 600";
    let mut task = shell(folder.path(), "m4", script);
    let daemon = written(&folder.path().join("pid")).await;
    timeout(LONG, task.stop(Duration::from_millis(500))).await.unwrap();
    assert!(!alive(&daemon), "{daemon} survived");
}

#[tokio::test]
async fn what_a_task_leaves_running_dies_when_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let mut task = shell(folder.path(), "m5", "sleep 600 & echo $! > pid; exit 0");
    assert_eq!(task.wait().await, Exit::Code(0));
    let left = written(&folder.path().join("pid")).await;
    timeout(LONG, task.kill_family()).await.unwrap();
    assert!(!alive(&left), "{left} survived");
}

#[tokio::test]
async fn a_leader_that_descends_from_another_family_is_not_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let script = format!("{MARKER}=inner setsid sh -c 'echo $$ > pid; exec sleep 600' & wait");
    let mut task = shell(folder.path(), "outer", &script);
    let inner: i32 = written(&folder.path().join("pid")).await.parse().unwrap();
    let found = |leaders: &BTreeSet<i32>| {
        family(task.mark(), GroupTrust::Fresh, leaders).iter().any(|member| member.pid == inner)
    };
    assert!(found(&BTreeSet::new()));
    assert!(!found(&BTreeSet::from([inner])));
    timeout(LONG, task.stop(Duration::ZERO)).await.unwrap();
}

#[tokio::test]
async fn a_family_is_ended_by_its_mark_alone_and_others_are_spared() {
    let folder = tempfile::tempdir().unwrap();
    let mut mine = shell(folder.path(), "m6", "exec sleep 600");
    let other = shell(folder.path(), "m7", "exec sleep 600");
    let announced = FamilyMark::announce("m6".to_owned());
    until("the mark in the environment", || {
        !family(&announced, GroupTrust::Recorded, &super::leaders()).is_empty()
    })
    .await;
    // The executor's own runtime reaps the leader, as init would for a lost executor.
    let (killed, exit) = tokio::join!(end_family(&announced, GroupTrust::Recorded), mine.wait());
    assert!(killed >= 1);
    assert_eq!(exit, Exit::Signal(9));
    assert!(alive(&other.pid().to_string()));
}

#[tokio::test]
async fn a_leader_number_that_was_used_again_is_not_killed() {
    let folder = tempfile::tempdir().unwrap();
    let task = shell(folder.path(), "m8", "exec sleep 600");
    let mut mark = task.mark().clone();
    mark.marker = "somebody-else".to_owned();
    if let Some(leader) = &mut mark.leader {
        leader.started -= 1;
    }
    assert_eq!(end_family(&mark, GroupTrust::Recorded).await, 0);
    let mut before_boot = task.mark().clone();
    before_boot.boot = "another boot".to_owned();
    assert_eq!(end_family(&before_boot, GroupTrust::Recorded).await, 0);
    assert!(alive(&task.pid().to_string()));
}

#[tokio::test]
async fn a_number_that_passed_to_another_process_is_not_signalled() {
    let folder = tempfile::tempdir().unwrap();
    let mut process = shell(folder.path(), "passed", "exec sleep 600");
    let leader = process.mark().leader.unwrap();
    let earlier = ProcessId { started: leader.started - 1, ..leader };
    assert!(leader.exists() && !earlier.exists());
    earlier.terminate();
    earlier.kill();
    assert!(timeout(Duration::from_millis(50), process.wait()).await.is_err(), "the later one lives");
    leader.kill();
    assert_eq!(process.wait().await, Exit::Signal(9));
}
