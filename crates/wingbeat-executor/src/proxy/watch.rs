//! The task's watch on its children, held open across restarts of the server.
//!
//! The stock client's own reconnect waits two seconds and more, and gives up for good after forty.
//! Here it is milliseconds: a lost or ended stream is asked for again with the task's own request
//! bytes, and the snapshot that comes first tells the task what it missed. Messages are forwarded
//! whole or not at all. Only a definitive refusal reaches the task.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::stream;
use http::{HeaderName, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use serde::Deserialize;
use tokio::time::{Instant, sleep};
use tracing::debug;

use super::answer::{BoxError, TaskBody, error, full};
use super::envelope::{Envelope, Splitter, end_envelope};
use super::upstream::{Call, Upstream};
use super::{WATCH_PATH, is_post};

const FIRST_WAIT: Duration = Duration::from_millis(20);
const LONGEST_WAIT: Duration = Duration::from_millis(500);

/// A stream that lived this long was a working one: the next loss starts with the first wait again.
const SETTLED: Duration = Duration::from_secs(1);

/// A watch request names an action; nothing of it is large.
const MAX_REQUEST_BYTES: usize = 1 << 20;

/// Headers that would make the server compress. The task is answered before the server is asked, so
/// the answer's encoding has to be known: none.
const COMPRESSION: [HeaderName; 2] =
    [HeaderName::from_static("connect-accept-encoding"), header::ACCEPT_ENCODING];

/// Whether a request is a watch that can be asked for again without the task noticing.
pub(super) fn can_be_held(request: &Request<Incoming>) -> bool {
    let is_connect_stream = request
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/connect+"));
    // A watch with a time limit shall end when it is over, so it is not for us to prolong.
    is_post(request)
        && request.uri().path() == WATCH_PATH
        && is_connect_stream
        && !request.headers().contains_key("connect-timeout-ms")
}

pub(super) async fn hold(upstream: Arc<Upstream>, request: Request<Incoming>) -> Response<TaskBody> {
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, MAX_REQUEST_BYTES).collect().await else {
        return error(StatusCode::BAD_REQUEST, "invalid_argument", "the watch request is not readable");
    };
    let mut call = upstream.call(&parts);
    for name in COMPRESSION {
        call.headers.remove(name);
    }
    let watch = Watch {
        upstream,
        call,
        request: body.to_bytes(),
        splitter: Splitter::default(),
        open: None,
        wait: FIRST_WAIT,
        refused: false,
    };
    let frames = stream::unfold(watch, |mut watch| async move {
        let bytes = watch.next().await?;
        Some((Ok::<_, BoxError>(Frame::data(bytes)), watch))
    });
    let mut response = Response::new(StreamBody::new(frames).boxed_unsync());
    let content_type = parts.headers.get(header::CONTENT_TYPE).expect("checked by can_be_held");
    response.headers_mut().insert(header::CONTENT_TYPE, content_type.clone());
    response
}

struct Watch {
    upstream: Arc<Upstream>,
    call: Call,
    request: Bytes,
    splitter: Splitter,
    open: Option<OpenStream>,
    wait: Duration,
    refused: bool,
}

struct OpenStream {
    body: Incoming,
    since: Instant,
}

impl Watch {
    /// The next whole envelope for the task. Ends after a refusal only.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if self.refused {
                return None;
            }
            match self.splitter.next() {
                Some(Envelope::Message(bytes)) => return Some(bytes),
                Some(Envelope::End(json)) => {
                    if let Some(refusal) = definitive(&json) {
                        return Some(self.refuse(&refusal));
                    }
                    self.lost().await;
                }
                None => {
                    if let Some(refusal) = self.read_more().await {
                        return Some(self.refuse(&refusal));
                    }
                }
            }
        }
    }

    /// Reads from the open stream, or opens one. Returns a refusal, if that is what came.
    async fn read_more(&mut self) -> Option<WireError> {
        let Some(open) = &mut self.open else { return self.reopen().await };
        match open.body.frame().await {
            Some(Ok(frame)) => {
                if let Ok(bytes) = frame.into_data() {
                    self.splitter.push(&bytes);
                }
            }
            Some(Err(_)) | None => self.lost().await,
        }
        None
    }

    async fn reopen(&mut self) -> Option<WireError> {
        match self.upstream.send(self.call.clone(), full(self.request.clone())).await {
            Ok(response) if response.status() == StatusCode::OK => {
                self.open = Some(OpenStream { body: response.into_body(), since: Instant::now() });
                None
            }
            Ok(response) => {
                let refusal = refusal_of(response).await;
                if refusal.is_none() {
                    self.lost().await;
                }
                refusal
            }
            Err(failure) => {
                debug!(error = %failure, "the server is away; a watch is held");
                self.lost().await;
                None
            }
        }
    }

    /// The stream is gone: forget what was half read, and wait before the next try.
    async fn lost(&mut self) {
        self.splitter.clear();
        if self.open.take().is_some_and(|open| open.since.elapsed() >= SETTLED) {
            self.wait = FIRST_WAIT;
        }
        sleep(self.wait).await;
        self.wait = (self.wait * 2).min(LONGEST_WAIT);
    }

    fn refuse(&mut self, refusal: &WireError) -> Bytes {
        self.refused = true;
        self.open = None;
        let WireError { code, message, details } = refusal;
        let mut error = serde_json::json!({ "code": code, "message": message });
        if let Some(details) = details {
            error["details"] = details.clone();
        }
        end_envelope(serde_json::json!({ "error": error }).to_string().as_bytes())
    }
}

#[derive(Debug, Deserialize)]
struct EndOfStream {
    error: Option<WireError>,
}

#[derive(Debug, Deserialize)]
struct WireError {
    code: String,
    #[serde(default)]
    message: String,
    details: Option<serde_json::Value>,
}

impl WireError {
    /// Whether asking again would give the same. Everything else is the server's passing trouble.
    /// `canceled` is deliberately not here.
    fn is_definitive(&self) -> bool {
        matches!(
            self.code.as_str(),
            "invalid_argument"
                | "permission_denied"
                | "unauthenticated"
                | "failed_precondition"
                | "not_found"
                | "aborted"
                | "out_of_range"
                | "unimplemented"
        )
    }
}

fn definitive(end_json: &[u8]) -> Option<WireError> {
    let end: EndOfStream = serde_json::from_slice(end_json).ok()?;
    end.error.filter(WireError::is_definitive)
}

/// What an answer that is no stream means: a refusal, or `None` for "ask again".
async fn refusal_of(response: Response<Incoming>) -> Option<WireError> {
    let code = match response.status() {
        StatusCode::BAD_REQUEST | StatusCode::UNSUPPORTED_MEDIA_TYPE => "invalid_argument",
        StatusCode::UNAUTHORIZED => "unauthenticated",
        StatusCode::FORBIDDEN => "permission_denied",
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => "unimplemented",
        _ => return None,
    };
    let status = response.status();
    let body = response.into_body().collect().await.ok()?.to_bytes();
    let said = serde_json::from_slice(&body).unwrap_or_else(|_| WireError {
        code: code.to_owned(),
        message: format!("the server answered the watch with HTTP status {status}"),
        details: None,
    });
    Some(said).filter(WireError::is_definitive)
}
