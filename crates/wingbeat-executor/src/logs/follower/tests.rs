//! A real store and growing files. Waiting is for what was written, never for a fixed time.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use tokio::time::{sleep, timeout};
use wingbeat_blob::logs::{LogPage, LogReader};
use wingbeat_blob::{BlobPath, BlobStore};
use wingbeat_proto::wingbeat::executor::v1::LogBatch;
use wingbeat_proto::wingbeat::executor::v1::log_record::Stream;

use super::{Following, LogTarget, follow};
use crate::logs::LiveLogs;
use crate::logs::chunks::HELD_BYTES;
use crate::tasks::Tasks;
use crate::testing::assignment;
use crate::wire;

const LONG: Duration = Duration::from_secs(20);

struct Scene {
    folder: tempfile::TempDir,
    store: BlobStore,
    prefix: BlobPath,
    live: Arc<LiveLogs>,
    tasks: Tasks,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = BlobStore::open_local(&folder.path().join("store")).unwrap();
        let prefix = BlobPath::parse("logs/7/a0/1").unwrap();
        Self { folder, store, prefix, live: Arc::new(LiveLogs::new()), tasks: Tasks::default() }
    }

    fn follow(&self) -> Following {
        let target = LogTarget {
            attempt: wire::attempt_ref(&assignment().held),
            store: self.store.clone(),
            prefix: self.prefix.clone(),
            live: Arc::clone(&self.live),
        };
        let at = |name: &str| self.folder.path().join(name);
        let (following, follower) = follow(target, at("out"), at("err"));
        self.tasks.spawn("follower", follower);
        following
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        append(&self.folder.path().join(name), bytes);
    }

    async fn durable(&self) -> LogPage {
        LogReader::new(self.store.clone(), self.prefix.clone(), 0).next_page(100_000).await.unwrap()
    }

    async fn next_batches(&self) -> Vec<LogBatch> {
        let call = timeout(LONG, self.live.next_call()).await.unwrap();
        call.into_iter().map(|outgoing| outgoing.batch).collect()
    }
}

fn append(path: &Path, bytes: &[u8]) {
    OpenOptions::new().create(true).append(true).open(path).unwrap().write_all(bytes).unwrap();
}

fn texts(page: &LogPage) -> Vec<&str> {
    page.lines.iter().map(|line| line.record.text.as_str()).collect()
}

#[tokio::test]
async fn everything_is_durable_when_it_finishes_and_the_end_is_marked() {
    let scene = Scene::new();
    let following = scene.follow();
    scene.write("out", b"one\ntwo");
    scene.write("err", b"oops\n");
    let finished = timeout(LONG, following.finish(Some("stopped: because".to_owned()))).await.unwrap();
    assert_eq!((finished.stderr_tail.as_str(), finished.all_durable), ("oops", true));
    let page = scene.durable().await;
    assert!(page.end);
    let mut seen = texts(&page);
    assert_eq!(seen.last(), Some(&"stopped: because"));
    seen.sort_unstable();
    assert_eq!(seen, ["one", "oops", "stopped: because", "two"]);
    let numbers: Vec<u64> = page.lines.iter().map(|line| line.number).collect();
    assert_eq!(numbers, [0, 1, 2, 3]);
    let streams = |wanted: Stream| page.lines.iter().filter(|line| line.record.stream == wanted).count();
    assert_eq!((streams(Stream::STREAM_STDOUT), streams(Stream::STREAM_STDERR)), (2, 1));
    assert_eq!(streams(Stream::STREAM_SYSTEM), 1);
}

#[tokio::test]
async fn a_store_that_comes_back_gets_everything_that_waited() {
    let scene = Scene::new();
    let following = scene.follow();
    // Nothing can be written where a file stands in the way.
    let obstacle = scene.folder.path().join("store/logs");
    std::fs::write(&obstacle, b"").unwrap();
    let n_lines = 2 * HELD_BYTES / 1_000;
    scene.write("out", format!("{}\n", "x".repeat(999)).repeat(n_lines).as_bytes());
    let comes_back = async {
        sleep(Duration::from_secs(1)).await;
        std::fs::remove_file(&obstacle).unwrap();
    };
    let (finished, ()) = tokio::join!(timeout(LONG, following.finish(None)), comes_back);
    assert!(finished.unwrap().all_durable);
    assert_eq!(scene.durable().await.lines.len(), n_lines);
}

#[tokio::test]
async fn who_said_nothing_leaves_nothing() {
    let scene = Scene::new();
    scene.live.connected().await;
    let following = scene.follow();
    let finished = timeout(LONG, following.finish(None)).await.unwrap();
    assert_eq!((finished.stderr_tail.as_str(), finished.all_durable), ("", true));
    assert!(!scene.durable().await.end, "there is no chunk");
    assert!(scene.live.next_call().now_or_never().is_none());
}

#[tokio::test]
async fn lines_become_durable_while_the_task_runs() {
    let scene = Scene::new();
    let _following = scene.follow();
    scene.write("out", b"early\n");
    let durable = async {
        loop {
            let page = scene.durable().await;
            if !page.lines.is_empty() {
                return page;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    let page = timeout(LONG, durable).await.unwrap();
    assert_eq!(texts(&page), ["early"]);
    assert!(!page.end);
}

#[tokio::test]
async fn a_new_connection_gets_again_what_is_not_durable() {
    let scene = Scene::new();
    scene.live.connected().await;
    let following = scene.follow();
    scene.write("out", b"first\n");
    let batches = scene.next_batches().await;
    assert_eq!((batches[0].first_line, batches[0].lines[0].text.as_str()), (0, "first"));
    scene.live.disconnected();
    scene.live.connected().await;
    scene.write("out", b"second\n");
    let batches = scene.next_batches().await;
    // All that was not durable at the reconnect, in order, and nothing twice in one batch.
    let first = batches[0].first_line;
    assert_eq!(first, batches[0].durable_up_to);
    assert_eq!(batches[0].lines[0].text, if first == 0 { "first" } else { "second" });
    drop(following);
}

#[tokio::test]
async fn the_last_batch_says_that_no_line_follows() {
    let scene = Scene::new();
    scene.live.connected().await;
    let following = scene.follow();
    let taker = async {
        loop {
            for outgoing in scene.live.next_call().await {
                if outgoing.batch.end {
                    return outgoing;
                }
            }
        }
    };
    scene.write("out", b"only\n");
    let finish = following.finish(None);
    let (last, _tail) = timeout(LONG, async {
        tokio::join!(
            async {
                let last = taker.await;
                let batch = last.batch.clone();
                drop(last);
                batch
            },
            finish
        )
    })
    .await
    .unwrap();
    assert_eq!((last.durable_up_to, last.lines.len()), (1, 0));
}

#[tokio::test]
async fn a_flood_arrives_complete() {
    let scene = Scene::new();
    let following = scene.follow();
    let mut flood = Vec::new();
    for n in 0..60_000 {
        writeln!(flood, "line {n}").unwrap();
    }
    scene.write("out", &flood);
    timeout(LONG, following.finish(None)).await.unwrap();
    let mut reader = LogReader::new(scene.store.clone(), scene.prefix.clone(), 0);
    let mut n_lines = 0;
    loop {
        let page = reader.next_page(10_000).await.unwrap();
        for line in &page.lines {
            assert_eq!((line.number, line.record.text.clone()), (n_lines, format!("line {n_lines}")));
            n_lines += 1;
        }
        if page.end {
            break;
        }
        assert!(!page.lines.is_empty(), "ends at {n_lines} without an end mark");
    }
    assert_eq!(n_lines, 60_000);
}
