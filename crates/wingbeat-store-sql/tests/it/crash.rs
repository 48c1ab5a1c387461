//! A process that commits is killed; every commit that it had acknowledged is there afterwards.

use std::any::Any;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use wingbeat_model::{Changes, Digest, FollowUp, FollowUpKind, Loaded, Needs, Seq, SessionId, UnitOfWork};
use wingbeat_store::{RunReads, RunWrites};
use wingbeat_store_sql::SqliteStore;

/// Names the database to the process that is killed.
const DATABASE: &str = "WINGBEAT_TEST_CRASH_DATABASE";

/// Two rows in two tables, so that half a commit would show.
struct Pair;

impl UnitOfWork for Pair {
    fn needs(&self, _loaded: &Loaded) -> Needs {
        Needs::default()
    }

    fn decide(&mut self, _loaded: Loaded, seq: Seq) -> Changes {
        Changes {
            specs: [(digest(seq), vec![7; 5_000])].into(),
            follow_ups: vec![FollowUp { id: seq.0, kind: FollowUpKind::LoseSession(SessionId("s".into())) }],
            ..Changes::default()
        }
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

fn digest(seq: Seq) -> Digest {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seq.0.to_be_bytes());
    Digest(bytes)
}

/// Not a test by itself: what the killed process runs.
#[tokio::test]
async fn commit_until_killed() {
    let Some(path) = std::env::var_os(DATABASE) else { return };
    let store = SqliteStore::open(Path::new(&path)).expect("opens");
    loop {
        let (_, seq) = store.commit(Box::new(Pair)).await.expect("the commit works");
        println!("acknowledged {}", seq.0);
    }
}

fn acknowledged_before_kill(path: &Path, commits: usize) -> i64 {
    let program = std::env::current_exe().expect("the path of this program");
    let mut child = Command::new(program)
        .args(["crash::commit_until_killed", "--exact", "--nocapture"])
        .env(DATABASE, path)
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts itself");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let mut seqs = lines.by_ref().map_while(Result::ok).filter_map(|line| seq_of(&line));
    let seen = seqs.by_ref().take(commits).last();
    child.kill().expect("kills with SIGKILL");
    // What is still in the pipe was acknowledged too.
    let last = seqs.last().or(seen);
    child.wait().expect("ends");
    last.expect("some commits were acknowledged")
}

// The test harness may have written its own words in front.
fn seq_of(line: &str) -> Option<i64> {
    line.split("acknowledged ").nth(1)?.trim().parse().ok()
}

#[tokio::test]
async fn a_killed_process_loses_nothing_that_it_acknowledged() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("meta.db");
    for round in 1..=3 {
        let known = path.clone();
        let kill = move || acknowledged_before_kill(&known, 40 * round);
        let last = tokio::task::spawn_blocking(kill).await.expect("works");
        let store = SqliteStore::open(&path).expect("opens after a crash");
        let head = store.head().await.expect("reads");
        assert!(head.0 >= last, "acknowledged {last}, found {head:?}");
        let left = store.follow_ups().await.expect("reads").into_iter().map(|left| left.id);
        assert_eq!(left.collect::<Vec<_>>(), (1..=head.0).collect::<Vec<_>>(), "commits are whole");
        for seq in 1..=head.0 {
            assert!(store.find_spec(&digest(Seq(seq))).await.expect("reads").is_some());
        }
        store.close().await;
    }
}
