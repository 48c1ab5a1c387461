use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use buffa::Message as _;
use connectrpc::ErrorCode;
use connectrpc::client::ClientConfig;
use http::{Response, header};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{advance, pause, resume};
use wingbeat_proto::flyteidl2::auth::GetOAuth2MetadataResponse;

use super::{Authenticator, BETWEEN_RENEWALS, Held, IN_A_ROW, STRAGGLERS, printed_by, usable};
use crate::access::{Access, ClientSecret, Credentials, Secret};
use crate::address::ServerAddr;
use crate::connection::Line;

/// A server that says where tokens are given, and gives them. Each part answers with the status that it is told to.
struct Fake {
    metadata: AtomicU16,
    provider: AtomicU16,
    lasts_seconds: AtomicU64,
    n_asked: AtomicUsize,
}

impl Fake {
    async fn start() -> (Arc<Self>, Authenticator, JoinSet<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let fake = Arc::new(Self {
            metadata: AtomicU16::new(200),
            provider: AtomicU16::new(200),
            lasts_seconds: AtomicU64::new(3600),
            n_asked: AtomicUsize::new(0),
        });
        let mut listening = JoinSet::new();
        listening.spawn(Arc::clone(&fake).serve(listener, base.clone()));
        let client = ClientSecret { id: "me".to_owned(), secret: Secret::new("sesame"), scopes: Vec::new() };
        let addr = ServerAddr::parse(&base).unwrap();
        let line = Line::new(&addr, &Access::default().trust);
        let config = ClientConfig::new(addr.base_uri());
        (fake, Authenticator::new(Credentials::ClientSecret(client), line, config), listening)
    }

    async fn serve(self: Arc<Self>, listener: TcpListener, base: String) {
        let mut connections = JoinSet::new();
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            let (fake, base) = (Arc::clone(&self), base.clone());
            connections.spawn(async move {
                let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
                    let answer = fake.answer(request.uri().path(), &base);
                    async move { Ok::<_, Infallible>(answer) }
                });
                let builder = auto::Builder::new(TokioExecutor::new());
                let _gone = builder.serve_connection(TokioIo::new(tcp), service).await;
            });
        }
    }

    fn answer(&self, path: &str, base: &str) -> Response<Full<Bytes>> {
        let (status, kind, content) = if path == "/token" {
            let number = self.n_asked.fetch_add(1, Ordering::Relaxed) + 1;
            let lasts = self.lasts_seconds.load(Ordering::Relaxed);
            let json = format!(r#"{{"access_token":"token-{number}","expires_in":{lasts}}}"#);
            (&self.provider, "application/json", json.into_bytes())
        } else {
            let token_endpoint = format!("{base}/token");
            let metadata = GetOAuth2MetadataResponse { token_endpoint, ..Default::default() };
            let is_metadata = path.ends_with("GetOAuth2Metadata");
            let bytes = if is_metadata { metadata.encode_to_vec() } else { Vec::new() };
            (&self.metadata, "application/proto", bytes)
        };
        let status = status.load(Ordering::Relaxed);
        let kind = if status == 200 { kind } else { "text/plain" };
        let answer = Response::builder().status(status).header(header::CONTENT_TYPE, kind);
        answer.body(Full::new(Bytes::from(content))).unwrap()
    }

    fn n_asked(&self) -> usize {
        self.n_asked.load(Ordering::Relaxed)
    }
}

fn text(held: Option<&Arc<Held>>) -> Option<&str> {
    held.map(|held| held.value.to_str().unwrap())
}

/// Lets time pass. Not while a connection is waited for, which would then seem to take for ever.
async fn after(wait: Duration) {
    pause();
    advance(wait).await;
    resume();
}

#[tokio::test]
async fn a_token_that_cannot_be_renewed_is_used_until_its_end() {
    let (fake, authenticator, _listening) = Fake::start().await;
    let first = authenticator.token().await.unwrap();
    fake.provider.store(503, Ordering::Relaxed);
    after(Duration::from_secs(3541)).await;
    for _ in 0..3 {
        let held = authenticator.token().await.unwrap();
        assert_eq!(text(held.as_ref()), text(first.as_ref()));
    }
    assert_eq!(fake.n_asked(), 2, "not every call asks again");

    fake.provider.store(200, Ordering::Relaxed);
    after(BETWEEN_RENEWALS).await;
    let held = authenticator.token().await.unwrap();
    assert_eq!(text(held.as_ref()), Some("Bearer token-3"));

    fake.provider.store(503, Ordering::Relaxed);
    after(Duration::from_hours(1)).await;
    let error = authenticator.token().await.err().unwrap();
    assert_eq!(error.code, ErrorCode::Unavailable);
}

#[tokio::test]
async fn a_server_that_hid_its_provider_is_asked_again_when_it_refuses() {
    let (fake, authenticator, _listening) = Fake::start().await;
    fake.metadata.store(404, Ordering::Relaxed);
    assert_eq!(text(authenticator.token().await.unwrap().as_ref()), None);
    assert!(!authenticator.is_another_try_worth_it().await);

    fake.metadata.store(200, Ordering::Relaxed);
    assert_eq!(text(authenticator.token().await.unwrap().as_ref()), None, "nobody has refused anything");
    let held = authenticator.instead_of(None).await.unwrap();
    assert_eq!(text(held.as_ref()), Some("Bearer token-1"));
    assert_eq!(text(authenticator.token().await.unwrap().as_ref()), Some("Bearer token-1"));
}

#[tokio::test]
async fn a_stream_is_tried_again_while_the_provider_is_away_but_not_for_ever() {
    let (fake, authenticator, _listening) = Fake::start().await;
    authenticator.token().await.unwrap();
    fake.provider.store(503, Ordering::Relaxed);
    assert!(authenticator.is_another_try_worth_it().await, "it may be back soon");
    fake.provider.store(401, Ordering::Relaxed);
    assert!(!authenticator.is_another_try_worth_it().await, "the secret is wrong");

    fake.provider.store(200, Ordering::Relaxed);
    for tries in 0..5 {
        assert!(authenticator.is_another_try_worth_it().await, "{tries}");
        after(STRAGGLERS).await;
    }
    assert!(!authenticator.is_another_try_worth_it().await, "no token helps");
    after(IN_A_ROW).await;
    assert!(authenticator.is_another_try_worth_it().await, "that was long ago");
}

#[tokio::test]
async fn who_cannot_be_believed_has_not_said_that_no_token_is_needed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = ServerAddr::parse(&format!("https://{}", listener.local_addr().unwrap())).unwrap();
    let mut listening = JoinSet::new();
    listening.spawn(async move {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            // No record of TLS begins so.
            tcp.writable().await.unwrap();
            tcp.try_write(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        }
    });
    let client = ClientSecret { id: "me".to_owned(), secret: Secret::new("sesame"), scopes: Vec::new() };
    let line = Line::new(&addr, &Access::default().trust);
    let config = ClientConfig::new(addr.base_uri());
    let authenticator = Authenticator::new(Credentials::ClientSecret(client), line, config);
    let error = authenticator.token().await.err().unwrap();
    assert!(crate::is_final(&error), "{error}");
}

#[tokio::test]
async fn a_program_that_takes_longer_than_a_call_is_not_started_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (starts, is_running, answer) = (path("starts"), path("running"), path("answer"));
    let pipes = std::process::Command::new("mkfifo").args([&is_running, &answer]).status().unwrap();
    assert!(pipes.success());
    let script = r#"echo >> "$0"; (echo > "$1") > /dev/null & cat "$2""#;
    let command = Credentials::Command(words(&["sh", "-c", script, &starts, &is_running, &answer]));
    let addr = ServerAddr::parse("http://localhost:1").unwrap();
    let line = Line::new(&addr, &Access::default().trust);
    let authenticator = Authenticator::new(command, line, ClientConfig::new(addr.base_uri()));

    // The call ends while the program runs.
    tokio::select! {
        _ = authenticator.token() => panic!("nobody has answered"),
        _ = tokio::task::spawn_blocking(|| std::fs::read(is_running)) => {}
    }
    let answered = tokio::task::spawn_blocking(|| std::fs::write(answer, "sesame"));
    let held = authenticator.token().await.unwrap();
    answered.await.unwrap().unwrap();
    assert_eq!(text(held.as_ref()), Some("Bearer sesame"));
    assert_eq!(std::fs::read_to_string(starts).unwrap(), "\n");
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn a_token_is_replaced_before_its_end_however_short_its_life() {
    for (lasts, used) in [(3600, 3540), (300, 240), (10, 8), (0, 0)] {
        assert_eq!(usable(Duration::from_secs(lasts)), Duration::from_secs(used), "{lasts}");
    }
}

#[tokio::test]
async fn a_program_prints_a_token_or_is_to_blame() {
    let fresh = printed_by(&words(&["sh", "-c", "echo '  sesame '"])).await.unwrap();
    assert_eq!(fresh.token.expose(), "sesame");
    for (script, why) in
        [("exit 3", "exit status: 3"), ("true", "printed nothing"), ("printf '\\377'", "no text")]
    {
        let error = printed_by(&words(&["sh", "-c", script])).await.err().unwrap();
        let text = error.message.unwrap_or_default();
        assert!(text.contains(why) && text.contains("`sh`"), "{text}");
    }
    let error = printed_by(&words(&["/no/such/program", "sesame"])).await.err().unwrap();
    let text = error.message.unwrap_or_default();
    assert!(text.contains("could not be started") && !text.contains("sesame"), "{text}");
}
