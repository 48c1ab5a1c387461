//! Executors that die while they connect.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use wingbeat_blob::BlobStore;
use wingbeat_executor::simulation::Desk;
use wingbeat_model::{Span, Timestamp};
use wingbeat_server::simulation::{Clock, SimulatedServer};
use wingbeat_store::{MemoryStore, RunReads as _};

async fn server(store: &Arc<MemoryStore>) -> (SimulatedServer, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let blob = BlobStore::open_local(folder.path()).expect("an object store");
    let noon = Timestamp::from_micros(0) + Span::from_secs(1_700_000_000);
    let clock = Clock::simulated(noon, Arc::default());
    (SimulatedServer::start(store.clone(), blob, clock).await.expect("starts"), folder)
}

/// Nobody else would ever give it up, nor what the executor held before.
#[tokio::test(start_paused = true)]
async fn a_session_whose_executor_never_heard_of_it_ends_with_its_lease() {
    let store = Arc::new(MemoryStore::new());
    let (server, _folder) = server(&store).await;
    let request = Desk::new("x".to_owned(), "x-1".to_owned(), 1).connect_request();
    assert!(
        server.connect(request).now_or_never().is_none(),
        "the call breaks off while the session is stored"
    );
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(store.open_sessions().await.expect("reads").len(), 1);
    tokio::time::sleep(Duration::from_secs(31)).await;
    assert_eq!(store.open_sessions().await.expect("reads"), []);
}

#[tokio::test(start_paused = true)]
async fn one_that_comes_back_in_time_stays() {
    let store = Arc::new(MemoryStore::new());
    let (server, _folder) = server(&store).await;
    let desk = Desk::new("x".to_owned(), "x-1".to_owned(), 1);
    assert!(server.connect(desk.connect_request()).now_or_never().is_none());
    tokio::time::sleep(Duration::from_secs(10)).await;
    let _stream = server.connect(desk.connect_request()).await.expect("connects");
    tokio::time::sleep(Duration::from_secs(40)).await;
    assert_eq!(store.open_sessions().await.expect("reads").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_breaks_off_shortens_no_lease_of_another_stream() {
    let store = Arc::new(MemoryStore::new());
    let (server, _folder) = server(&store).await;
    let desk = Desk::new("x".to_owned(), "x-1".to_owned(), 1);
    let stream = server.connect(desk.connect_request()).await.expect("connects");
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(server.connect(desk.connect_request()).now_or_never().is_none());
    tokio::time::sleep(Duration::from_secs(29)).await;
    drop(stream);
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(store.open_sessions().await.expect("reads").len(), 1, "its own lease began 10 s ago");
    tokio::time::sleep(Duration::from_secs(25)).await;
    assert_eq!(store.open_sessions().await.expect("reads"), []);
}
