use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::UnixListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::envelope::{Envelope, Splitter, end_envelope};
use super::{AttemptIdentity, AttemptProxy, WATCH_PATH};

const UNARY_PATH: &str = "/flyteidl2.actions.ActionsService/Enqueue";
const SOON: Duration = Duration::from_secs(10);

/// What the fake server was asked: path, headers, body.
type Seen = (String, HeaderMap, Bytes);
type Reply = Response<UnsyncBoxBody<Bytes, Infallible>>;

/// A server on a Unix socket that can be killed: its connections break as if its process had died.
struct FakeServer {
    tasks: JoinSet<()>,
}

impl FakeServer {
    fn start(
        socket: &Path,
        seen: mpsc::UnboundedSender<Seen>,
        reply: impl Fn(&str) -> Reply + Clone + Send + Sync + 'static,
    ) -> Self {
        let _ = std::fs::remove_file(socket);
        let listener = UnixListener::bind(socket).expect("socket");
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.expect("connection");
                let (seen, reply) = (seen.clone(), reply.clone());
                connections.spawn(async move {
                    let service = service_fn(move |request: Request<Incoming>| {
                        let (seen, reply) = (seen.clone(), reply.clone());
                        async move {
                            let (parts, body) = request.into_parts();
                            let body = body.collect().await.expect("body").to_bytes();
                            let path = parts.uri.path().to_owned();
                            let answer = reply(&path);
                            seen.send((path, parts.headers, body)).expect("test is listening");
                            Ok::<_, Infallible>(answer)
                        }
                    });
                    let builder = auto::Builder::new(TokioExecutor::new());
                    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { tasks }
    }

    async fn kill(mut self) {
        self.tasks.shutdown().await;
    }
}

struct Stage {
    _folder: tempfile::TempDir,
    socket: PathBuf,
    proxy: AttemptProxy,
    seen_tx: mpsc::UnboundedSender<Seen>,
    seen: mpsc::UnboundedReceiver<Seen>,
    task: Client<HttpConnector, Full<Bytes>>,
}

impl Stage {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let socket = folder.path().join("server.sock");
        let identity = AttemptIdentity {
            session_id: "session-1".to_owned(),
            run_id: 7,
            action: "a0".to_owned(),
            attempt: 2,
            fence: 41,
        };
        let proxy = AttemptProxy::start(socket.clone(), &identity).await.expect("listener");
        let (seen_tx, seen) = mpsc::unbounded_channel();
        let task = Client::builder(TokioExecutor::new()).build_http();
        Self { _folder: folder, socket, proxy, seen_tx, seen, task }
    }

    fn serve(&self, reply: impl Fn(&str) -> Reply + Clone + Send + Sync + 'static) -> FakeServer {
        FakeServer::start(&self.socket, self.seen_tx.clone(), reply)
    }

    fn request(&self, path: &str, content_type: &str) -> http::request::Builder {
        Request::post(format!("http://{}{path}", self.proxy.address())).header("content-type", content_type)
    }

    async fn unary(&self, headers: &[(&str, &str)]) -> Response<Incoming> {
        let mut request = self.request(UNARY_PATH, "application/proto");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::from("question")).expect("request");
        timeout(SOON, self.task.request(request)).await.expect("in time").expect("answer")
    }

    async fn watch(&self) -> Messages {
        let request = self.request(WATCH_PATH, "application/connect+proto");
        let request = request.header("connect-accept-encoding", "gzip");
        let request = request.body(Full::from("watch what")).expect("request");
        let response = timeout(SOON, self.task.request(request)).await.expect("in time").expect("answer");
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "application/connect+proto");
        Messages { body: response.into_body(), splitter: Splitter::default() }
    }
}

/// The task's side of a watch.
struct Messages {
    body: Incoming,
    splitter: Splitter,
}

impl Messages {
    async fn next(&mut self) -> Option<Envelope> {
        loop {
            if let Some(envelope) = self.splitter.next() {
                return Some(envelope);
            }
            let frame = timeout(SOON, self.body.frame()).await.expect("in time")?.expect("whole stream");
            self.splitter.push(&frame.into_data().expect("data"));
        }
    }
}

fn message(text: &str) -> Bytes {
    let mut bytes = vec![0, 0, 0, 0, u8::try_from(text.len()).expect("short")];
    bytes.extend_from_slice(text.as_bytes());
    Bytes::from(bytes)
}

fn whole(status: StatusCode, text: &str) -> Reply {
    let mut response = Response::new(Full::new(Bytes::from(text.to_owned())).boxed_unsync());
    *response.status_mut() = status;
    response
}

/// A stream of these bytes that then stays open for ever, or ends.
fn streamed(pieces: Vec<Bytes>, stays_open: bool) -> Reply {
    let rest = if stays_open {
        futures::stream::pending().left_stream()
    } else {
        futures::stream::empty().right_stream()
    };
    let frames = futures::stream::iter(pieces).chain(rest).map(|piece| Ok(Frame::data(piece)));
    Response::new(StreamBody::new(frames).boxed_unsync())
}

fn echo(_: &str) -> Reply {
    whole(StatusCode::OK, "answer")
}

#[tokio::test]
async fn requests_carry_the_attempts_identity_and_nothing_forged() {
    let mut stage = Stage::new().await;
    let _server = stage.serve(echo);
    let forged = [("x-wingbeat-fence", "99"), ("x-wingbeat-admin", "yes"), ("x-request-id", "r1")];
    let response = stage.unary(&forged).await;
    assert_eq!(response.into_body().collect().await.expect("body").to_bytes(), "answer");

    let (path, headers, body) = stage.seen.recv().await.expect("a request");
    assert_eq!((path.as_str(), body.as_ref()), (UNARY_PATH, b"question".as_slice()));
    let said = |name: &str| {
        headers.get_all(name).iter().map(|value| value.to_str().expect("text")).collect::<Vec<_>>()
    };
    assert_eq!(said("x-wingbeat-session"), ["session-1"]);
    assert_eq!(said("x-wingbeat-run-id"), ["7"]);
    assert_eq!(said("x-wingbeat-action"), ["a0"]);
    assert_eq!(said("x-wingbeat-attempt"), ["2"]);
    assert_eq!(said("x-wingbeat-fence"), ["41"]);
    assert_eq!(said("x-request-id"), ["r1"]);
    assert!(said("x-wingbeat-admin").is_empty());
}

#[tokio::test]
async fn a_unary_call_is_held_until_the_server_is_there() {
    let mut stage = Stage::new().await;
    let (response, server) = tokio::join!(stage.unary(&[]), async {
        // The call is under way before there is a server at all.
        tokio::task::yield_now().await;
        stage.serve(echo)
    });
    assert_eq!(response.status(), StatusCode::OK);
    server.kill().await;
    stage.seen.recv().await.expect("the first call");

    // A server that was there and has gone: the connection in the pool is dead.
    let (response, _server) = tokio::join!(stage.unary(&[]), async { stage.serve(echo) });
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn the_calls_own_timeout_bounds_the_wait() {
    let stage = Stage::new().await;
    let response = stage.unary(&[("connect-timeout-ms", "120")]).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let body = response.into_body().collect().await.expect("body").to_bytes();
    let said: serde_json::Value = serde_json::from_slice(&body).expect("json");
    assert_eq!(said["code"], "unavailable");
}

#[tokio::test]
async fn errors_of_the_server_pass_untouched() {
    let stage = Stage::new().await;
    let _server = stage.serve(|_| whole(StatusCode::CONFLICT, r#"{"code":"already_exists"}"#));
    let response = stage.unary(&[]).await;
    assert_eq!(response.status(), StatusCode::CONFLICT);
    let body = response.into_body().collect().await.expect("body").to_bytes();
    assert_eq!(body, r#"{"code":"already_exists"}"#);
}

#[tokio::test]
async fn a_busy_server_is_asked_again_and_the_task_does_not_notice() {
    let stage = Stage::new().await;
    let asked = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = asked.clone();
    let _server = stage.serve(move |path| {
        if count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) > 0 {
            return echo(path);
        }
        let mut busy = whole(StatusCode::TOO_MANY_REQUESTS, r#"{"code":"resource_exhausted"}"#);
        busy.headers_mut().insert(http::header::RETRY_AFTER, http::HeaderValue::from_static("1"));
        busy
    });
    assert_eq!(stage.unary(&[]).await.status(), StatusCode::OK);
    assert_eq!(asked.load(std::sync::atomic::Ordering::Relaxed), 2);

    // Without a time to come back it is an answer like any other.
    let stage = Stage::new().await;
    let _server = stage.serve(|_| whole(StatusCode::TOO_MANY_REQUESTS, r#"{"code":"resource_exhausted"}"#));
    assert_eq!(stage.unary(&[]).await.status(), StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn a_watch_outlives_a_server_that_dies_in_the_middle_of_a_message() {
    let mut stage = Stage::new().await;
    let server = stage.serve(|_| streamed(vec![message("one"), message("cut off").slice(..7)], true));
    let mut watch = stage.watch().await;
    assert_eq!(watch.next().await, Some(Envelope::Message(message("one"))));
    server.kill().await;

    let _server = stage.serve(|_| streamed(vec![message("snapshot"), message("live")], true));
    assert_eq!(watch.next().await, Some(Envelope::Message(message("snapshot"))));
    assert_eq!(watch.next().await, Some(Envelope::Message(message("live"))));
    for _ in 0..2 {
        let (path, headers, body) = stage.seen.recv().await.expect("a watch request");
        assert_eq!((path.as_str(), body.as_ref()), (WATCH_PATH, b"watch what".as_slice()));
        assert!(!headers.contains_key("connect-accept-encoding"));
        assert_eq!(headers["x-wingbeat-fence"], "41");
    }
}

#[tokio::test]
async fn a_watch_starts_before_the_server_does() {
    let stage = Stage::new().await;
    let mut watch = stage.watch().await;
    let _server = stage.serve(|_| streamed(vec![message("snapshot")], true));
    assert_eq!(watch.next().await, Some(Envelope::Message(message("snapshot"))));
}

#[tokio::test]
async fn passing_ends_of_a_watch_are_not_seen_by_the_task() {
    for end in ["{}", r#"{"error":{"code":"unavailable"}}"#, r#"{"error":{"code":"canceled"}}"#] {
        let mut stage = Stage::new().await;
        let server =
            stage.serve(move |_| streamed(vec![message("snapshot"), end_envelope(end.as_bytes())], false));
        let mut watch = stage.watch().await;
        for _ in 0..3 {
            assert_eq!(watch.next().await, Some(Envelope::Message(message("snapshot"))), "after {end}");
        }
        for _ in 0..3 {
            stage.seen.recv().await.expect("asked again");
        }
        server.kill().await;
    }
}

#[tokio::test]
async fn a_definitive_refusal_ends_the_watch_with_its_words() {
    let stream = StatusCode::OK;
    let cases = [
        (
            stream,
            r#"{"error":{"code":"failed_precondition","message":"stale fence"}}"#,
            "failed_precondition",
        ),
        (StatusCode::BAD_REQUEST, r#"{"code":"invalid_argument","message":"no id"}"#, "invalid_argument"),
        (StatusCode::NOT_FOUND, "no such page", "unimplemented"),
    ];
    for (status, text, code) in cases {
        let stage = Stage::new().await;
        let _server = stage.serve(move |_| {
            if status == stream {
                streamed(vec![end_envelope(text.as_bytes())], false)
            } else {
                whole(status, text)
            }
        });
        let mut watch = stage.watch().await;
        let Some(Envelope::End(json)) = watch.next().await else { panic!("no end for {code}") };
        let said: serde_json::Value = serde_json::from_slice(&json).expect("json");
        assert_eq!(said["error"]["code"], code);
        assert!(!said["error"]["message"].as_str().unwrap_or_default().is_empty());
        assert_eq!(watch.next().await, None);
    }
}

#[tokio::test]
async fn other_streams_pass_as_they_are() {
    let stage = Stage::new().await;
    let _server = stage.serve(|_| streamed(vec![message("line"), end_envelope(b"{}")], false));
    let request =
        stage.request("/flyteidl2.workflow.RunService/WatchRunDetails", "application/connect+proto");
    let response = stage.task.request(request.body(Full::from("?")).expect("request")).await.expect("answer");
    let body = response.into_body().collect().await.expect("body").to_bytes();
    let mut splitter = Splitter::default();
    splitter.push(&body);
    assert_eq!(splitter.next(), Some(Envelope::Message(message("line"))));
    assert_eq!(splitter.next(), Some(Envelope::End(Bytes::from_static(b"{}"))));
}

#[tokio::test]
async fn nothing_answers_after_the_attempt() {
    let stage = Stage::new().await;
    let _server = stage.serve(echo);
    assert_eq!(stage.unary(&[]).await.status(), StatusCode::OK);
    let Stage { proxy, task, .. } = stage;
    let uri = format!("http://{}{UNARY_PATH}", proxy.address());
    proxy.shutdown().await;
    let request = Request::post(uri).body(Full::from("question")).expect("request");
    assert!(task.request(request).await.is_err());
}

#[tokio::test]
async fn a_port_that_somebody_has_on_the_other_loopback_address_is_not_used() {
    // A machine without IPv6 has no such address.
    let Ok(other) = tokio::net::TcpListener::bind((std::net::Ipv6Addr::LOCALHOST, 0)).await else { return };
    let port = other.local_addr().unwrap().port();
    let refused = super::listen_v6(port).await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::AddrInUse);
    let (chosen, listeners) = super::listen().await.unwrap();
    assert_ne!(chosen, port);
    assert_eq!(listeners.len(), 2);
}
