//! The database goes away and comes back: what was acknowledged stays, and nothing is done twice.

#![expect(clippy::disallowed_methods, reason = "the proxy ends with its test's runtime")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::time::timeout;
use wingbeat_store::{Catalog, CommitError, Replicas, RunReads, RunWrites};
use wingbeat_store_sql::PostgresStore;
use wingbeat_testkit::postgres::{PASSWORD, PostgresServer};

use super::address;
use super::count::{Add, value};

/// Longer than anything takes that works.
const LONG: Duration = Duration::from_mins(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_and_reads_wait_for_a_database_that_comes_back() {
    let Some(server) = PostgresServer::start() else { return };
    let store = PostgresStore::open(&address(&server.database())).await.expect("opens");
    let mut done = 0;
    for way in [PostgresServer::stop, PostgresServer::kill] {
        for _ in 0..10 {
            store.commit(Box::new(Add)).await.expect("the commit works");
            done += 1;
        }
        way(&server);
        let commits = (0..20).map(|_| store.commit(Box::new(Add)));
        let commits = futures::future::join_all(commits);
        let back = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            tokio::task::block_in_place(|| server.start_again());
        };
        let (outcomes, read, ()) = tokio::join!(commits, store.head(), back);
        assert!(read.is_ok(), "a read waits too: {read:?}");
        done += outcomes.into_iter().map(|outcome| i64::from(outcome.is_ok())).sum::<i64>();
        assert_eq!(value(&store).await, done, "what was acknowledged is there, once");
    }
    assert_eq!(done, 60, "nobody had to be told that it did not work");
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_stays_away_is_told_after_a_while() {
    let Some(server) = PostgresServer::start() else { return };
    let store = PostgresStore::open(&address(&server.database())).await.expect("opens");
    store.commit(Box::new(Add)).await.expect("the commit works");
    server.stop();
    let started = Instant::now();
    let (commit, read) = tokio::join!(store.commit(Box::new(Add)), store.find_setting("x"));
    let refused = commit.map(drop).expect_err("nobody is there");
    assert!(matches!(refused, CommitError::Unavailable(_)), "{refused}");
    assert!(read.is_err());
    assert!((5..30).contains(&started.elapsed().as_secs()), "{:?}", started.elapsed());
    server.start_again();
    store.commit(Box::new(Add)).await.expect("it works again");
    assert_eq!(value(&store).await, 2, "what was refused was not done");
    store.close().await;
}

/// How long a database takes to see that a connection is dead: by its keep-alive, in a network.
const FINDS_OUT: Duration = Duration::from_secs(1);

/// What a connection of the proxy does at the next COMMIT.
const PASS: u8 = 0;
const CUT_BEFORE: u8 = 1;
const CUT_AFTER: u8 = 2;

/// Stands before the server's socket. Breaks connections when they commit, or swallows what is said on them.
struct Proxy {
    folder: tempfile::TempDir,
    mode: Arc<AtomicU8>,
    accepted: Arc<AtomicU64>,
    /// On so many of the first connections nothing passes any more, although nobody closes them.
    swallowed: watch::Sender<u64>,
}

impl Proxy {
    fn start(server: PathBuf) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let listener = UnixListener::bind(folder.path().join(".s.PGSQL.5432")).expect("listens");
        let mode = Arc::new(AtomicU8::new(PASS));
        let accepted = Arc::new(AtomicU64::default());
        let (swallowed, until) = watch::channel(0);
        let (shared, counted) = (Arc::clone(&mode), Arc::clone(&accepted));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let number = counted.fetch_add(1, Ordering::SeqCst);
                let mut until = until.clone();
                let swallowed = async move {
                    let over = until.wait_for(|count| number < *count).await.is_err();
                    if over {
                        std::future::pending::<()>().await;
                    }
                };
                tokio::spawn(pass_on(client, server.clone(), Arc::clone(&shared), swallowed));
            }
        });
        Self { folder, mode, accepted, swallowed }
    }

    /// The connections that there are fall silent; new ones work.
    fn swallow(&self) {
        self.swallowed.send_replace(self.accepted.load(Ordering::SeqCst));
    }
}

async fn pass_on(
    mut client: UnixStream,
    server: PathBuf,
    mode: Arc<AtomicU8>,
    swallowed: impl Future<Output = ()>,
) {
    let mut swallowed = std::pin::pin!(swallowed);
    let mut server = UnixStream::connect(server).await.expect("connects");
    let (mut said, mut answered) = (vec![0; 65_536], vec![0; 65_536]);
    loop {
        tokio::select! {
            biased;
            () = &mut swallowed => {
                // The database finds out by itself, and lets go of the connection's locks. The client is told nothing.
                tokio::time::sleep(FINDS_OUT).await;
                drop(server);
                return std::future::pending().await;
            }
            count = client.read(&mut said) => {
                let Ok(count @ 1..) = count else { return };
                let text = &said[..count];
                let commits = text.windows(6).any(|part| part == b"COMMIT");
                let cut = if commits { mode.swap(PASS, Ordering::SeqCst) } else { PASS };
                if cut == CUT_BEFORE {
                    return;
                }
                server.write_all(text).await.expect("passes on");
                if cut == CUT_AFTER {
                    // The answer is awaited, so that the commit has taken place, and kept.
                    let _ = server.read(&mut answered).await;
                    return;
                }
            }
            count = server.read(&mut answered) => {
                let Ok(count @ 1..) = count else { return };
                if client.write_all(&answered[..count]).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// A store whose connections go through a proxy.
async fn behind_proxy(url: &str) -> (Proxy, PostgresStore) {
    let (rest, folder) = url.split_once("?host=").expect("an address of a socket");
    let proxy = Proxy::start(Path::new(folder).join(".s.PGSQL.5432"));
    let through = format!("{rest}?host={}", proxy.folder.path().display());
    let store = PostgresStore::open(&address(&through)).await.expect("opens");
    (proxy, store)
}

#[tokio::test]
async fn a_commit_without_an_answer_is_done_once_and_told_so() {
    let Some(server) = PostgresServer::shared() else { return };
    let url = server.database();
    assert!(url.contains(PASSWORD));
    let (proxy, store) = behind_proxy(&url).await;
    let mut done = 0;
    for cut in [PASS, CUT_BEFORE, PASS, CUT_AFTER, CUT_AFTER, CUT_BEFORE, PASS] {
        proxy.mode.store(cut, Ordering::SeqCst);
        store.commit(Box::new(Add)).await.expect("the commit works");
        done += 1;
        assert_eq!(proxy.mode.load(Ordering::SeqCst), PASS, "the connection was cut");
        assert_eq!(value(&store).await, done, "it was done once");
    }
    store.close().await;
}

#[tokio::test]
async fn a_commit_whose_fate_cannot_be_seen_is_told_as_unknown() {
    let Some(server) = PostgresServer::shared() else { return };
    let url = server.database();
    let (proxy, store) = behind_proxy(&url).await;
    let other = PostgresStore::open(&address(&url)).await.expect("opens");
    store.commit(Box::new(Add)).await.expect("the commit works");
    proxy.mode.store(CUT_AFTER, Ordering::SeqCst);
    // Others write all the time, so that one of them is between the commit and the look at what became of it.
    let writing = async {
        for _ in 0..200 {
            other.commit(Box::new(Add)).await.expect("the commit works");
        }
    };
    let (outcome, ()) = tokio::join!(store.commit(Box::new(Add)), writing);
    let refused = outcome.map(drop).expect_err("nobody can know");
    assert!(matches!(refused, CommitError::Unavailable(_)), "{refused}");
    assert_eq!(value(&other).await, 202, "it was done, and nothing was done twice");
    store.close().await;
    other.close().await;
}

/// As behind a firewall that forgets a connection: nothing on it is refused, and nothing arrives.
#[tokio::test]
async fn a_network_that_falls_silent_does_not_keep_a_server_from_hearing_the_others() {
    let Some(server) = PostgresServer::shared() else { return };
    let url = server.database();
    let (proxy, store) = behind_proxy(&url).await;
    let other = PostgresStore::open(&address(&url)).await.expect("opens");
    // That it is there, and that the other has come.
    timeout(LONG, store.heard()).await.expect("it looks once");
    store.take_duty().await.expect("works");
    proxy.swallow();
    other.commit(Box::new(Add)).await.expect("the other's connections work");
    // Servers ask for the duty again and again: by that they find out.
    store.take_duty().await.expect("nobody waits for ever");
    timeout(LONG, store.heard()).await.expect("the next connection looks up what was missed");
    other.commit(Box::new(Add)).await.expect("the other's connections work");
    timeout(LONG, store.heard()).await.expect("and it hears again");
    assert_eq!(value(&other).await, 2);
    other.close().await;
}

/// Calls that are given up, such as those of a probe, do not keep what they wait for.
#[tokio::test]
async fn readers_that_nobody_waits_for_on_a_silent_network_make_room_for_others() {
    let Some(server) = PostgresServer::shared() else { return };
    let (proxy, store) = behind_proxy(&server.database()).await;
    let reads =
        |most| futures::future::join_all((0..16).map(|_| timeout(most, store.head())).collect::<Vec<_>>());
    assert!(reads(LONG).await.into_iter().all(|read| read.is_ok_and(|head| head.is_ok())));
    proxy.swallow();
    assert!(reads(Duration::from_millis(100)).await.into_iter().all(|read| read.is_err()));
    let again = async { while store.head().await.is_err() {} };
    timeout(LONG, again).await.expect("new connections take the place of those that are silent");
    assert!(reads(LONG).await.into_iter().all(|read| read.is_ok_and(|head| head.is_ok())));
    store.close().await;
}
