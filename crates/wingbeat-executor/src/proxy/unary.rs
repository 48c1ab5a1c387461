//! Unary calls are held while the server is away and sent again until it answers.
//!
//! Sending again is safe: what a task may call is idempotent by name or by `x-request-id`. Only an
//! answer that says "not now" (502, 503) or no answer at all leads to another try; any other answer
//! is the task's business and passes untouched.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode, header, response};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::debug;

use super::answer::{TaskBody, error, full, unavailable};
use super::headers::end_to_end;
use super::is_post;
use super::upstream::{Call, Upstream};

/// Longest wait for a server that is away, when the call itself names no shorter one.
const PATIENCE: Duration = Duration::from_secs(30);

const FIRST_WAIT: Duration = Duration::from_millis(20);
const LONGEST_WAIT: Duration = Duration::from_millis(500);

/// Largest request that is kept for another try.
const MAX_REQUEST_BYTES: usize = 64 << 20;

const TIMEOUT_HEADER: &str = "connect-timeout-ms";

/// Whether a request is one message, so that it can be kept and sent again.
pub(super) fn can_be_held(request: &Request<Incoming>) -> bool {
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    is_post(request)
        && content_type.is_some_and(|text| {
            let kind = text.split(';').next().unwrap_or_default().trim();
            kind == "application/proto" || kind == "application/json"
        })
}

pub(super) async fn hold(upstream: &Upstream, request: Request<Incoming>) -> Response<TaskBody> {
    let started = Instant::now();
    let (parts, body) = request.into_parts();
    let call = upstream.call(&parts);
    let limit = timeout_of(&parts.headers).map(|timeout| started + timeout);
    match read_whole(body).await {
        Ok(body) => {
            let holder = Holder { upstream, call, body, limit, patience_ends: started + PATIENCE };
            holder.run().await
        }
        Err(refusal) => *refusal,
    }
}

struct Holder<'a> {
    upstream: &'a Upstream,
    call: Call,
    body: Bytes,
    /// When the caller stops waiting, if it said so.
    limit: Option<Instant>,
    patience_ends: Instant,
}

/// What one try gave.
enum Try {
    Answer(response::Parts, Bytes),
    /// The server said "not now".
    NotNow(response::Parts, Bytes),
    Lost,
}

impl Holder<'_> {
    async fn run(self) -> Response<TaskBody> {
        let gives_up = self.limit.map_or(self.patience_ends, |limit| limit.min(self.patience_ends));
        let mut wait = FIRST_WAIT;
        loop {
            let tried = match self.limit {
                Some(limit) => match timeout_at(limit, self.send_once()).await {
                    Ok(tried) => tried,
                    Err(_) => return too_late(),
                },
                None => self.send_once().await,
            };
            let last = match tried {
                Try::Answer(parts, body) => return answer(parts, body),
                Try::NotNow(parts, body) => Some((parts, body)),
                Try::Lost => None,
            };
            if Instant::now() + wait >= gives_up {
                return match last {
                    Some((parts, body)) => answer(parts, body),
                    None => unavailable("the server is away and did not come back in time"),
                };
            }
            sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    async fn send_once(&self) -> Try {
        let mut call = self.call.clone();
        if let Some(limit) = self.limit {
            // The server counts from when it hears of the call, not from when the task made it.
            let left = limit.saturating_duration_since(Instant::now()).as_millis();
            call.headers
                .insert(TIMEOUT_HEADER, http::HeaderValue::from(u64::try_from(left).unwrap_or(u64::MAX)));
        }
        let response = match self.upstream.send(call, full(self.body.clone())).await {
            Ok(response) => response,
            Err(error) => {
                debug!(error = %error, "the server is away; a call is held");
                return Try::Lost;
            }
        };
        let (parts, body) = response.into_parts();
        let not_now = match parts.status {
            StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE => true,
            // A busy server says when to come back; what can never work says nothing of the kind.
            StatusCode::TOO_MANY_REQUESTS => parts.headers.contains_key(http::header::RETRY_AFTER),
            _ => false,
        };
        match body.collect().await {
            Ok(whole) if not_now => Try::NotNow(parts, whole.to_bytes()),
            Ok(whole) => Try::Answer(parts, whole.to_bytes()),
            // The task has seen nothing of it yet, so asking again is not noticed.
            Err(_) => Try::Lost,
        }
    }
}

async fn read_whole(body: Incoming) -> Result<Bytes, Box<Response<TaskBody>>> {
    let read = Limited::new(body, MAX_REQUEST_BYTES).collect().await;
    read.map(http_body_util::Collected::to_bytes).map_err(|failure| {
        Box::new(if failure.is::<LengthLimitError>() {
            let message = format!("the request is larger than {MAX_REQUEST_BYTES} bytes");
            error(StatusCode::TOO_MANY_REQUESTS, "resource_exhausted", &message)
        } else {
            error(StatusCode::BAD_REQUEST, "invalid_argument", "the request ended early")
        })
    })
}

fn answer(mut parts: response::Parts, body: Bytes) -> Response<TaskBody> {
    parts.headers = end_to_end(&parts.headers);
    parts.version = http::Version::default();
    Response::from_parts(parts, full(body))
}

fn too_late() -> Response<TaskBody> {
    error(
        StatusCode::GATEWAY_TIMEOUT,
        "deadline_exceeded",
        "the server did not answer within the call's timeout",
    )
}

fn timeout_of(headers: &HeaderMap) -> Option<Duration> {
    headers.get(TIMEOUT_HEADER)?.to_str().ok()?.parse().ok().map(Duration::from_millis)
}
