//! What stands around the API on a port: who may talk to it at all, health, signed URLs, and the caller's identity.

mod blobs;
mod console;
mod guard;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::time::timeout;
use wingbeat_model::{ActionKey, ActionName, AttemptIdentity, Fence, Principal, RunId, SessionId};

pub use guard::Guard;

use crate::metrics;
use crate::platform::Platform;
use crate::rpc::ANONYMOUS;

/// How long a scrape waits for the store.
const STORE_PATIENCE: Duration = Duration::from_secs(1);

/// Scheme and authority under which the client reached us: signed URLs must lead back the same way.
#[derive(Debug, Clone)]
pub struct BaseUrl(pub String);

/// What clients reach over TCP.
pub fn public(platform: Arc<Platform>, api: Router, guard: Guard) -> Router {
    api.route("/healthz", get(|| async { "OK" }))
        .route("/readyz", get(ready).with_state(platform.clone()))
        .route("/metrics", get(metrics).with_state(platform.clone()))
        .merge(console::routes())
        .merge(blobs::routes(platform))
        .layer(from_fn(|mut request: Request, next: Next| async move {
            request.extensions_mut().insert(Principal::User { subject: ANONYMOUS.to_owned() });
            if let Some(base) = base_url(&request) {
                request.extensions_mut().insert(base);
            }
            next.run(request).await
        }))
        .layer(from_fn_with_state(Arc::new(guard), guard::check))
}

/// What executors, and tasks through them, reach over the socket of the data folder.
pub fn private(api: Router, base: BaseUrl) -> Router {
    api.layer(from_fn(move |mut request: Request, next: Next| {
        let base = base.clone();
        async move {
            let Some(principal) = vouched(request.headers()) else {
                return (StatusCode::BAD_REQUEST, "the x-wingbeat headers do not name an attempt")
                    .into_response();
            };
            request.extensions_mut().insert(principal);
            request.extensions_mut().insert(base);
            next.run(request).await
        }
    }))
}

/// HTTP/1.1 names the host in a header, HTTP/2 in the request's target.
fn base_url(request: &Request) -> Option<BaseUrl> {
    let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let host = text("host").or_else(|| Some(request.uri().authority()?.as_str()))?;
    let scheme = text("x-forwarded-proto").unwrap_or("http");
    Some(BaseUrl(format!("{scheme}://{host}")))
}

/// Whom the executor vouches for: an attempt, or itself. `None` when the headers make no sense.
fn vouched(headers: &HeaderMap) -> Option<Principal> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(action) = text("x-wingbeat-action") {
        let run = RunId(text("x-wingbeat-run-id")?.parse().ok()?);
        let action = ActionKey { run, name: ActionName::new(action).ok()? };
        let attempt = text("x-wingbeat-attempt")?.parse().ok()?;
        let fence = Fence(text("x-wingbeat-fence")?.parse().ok()?);
        return Some(Principal::Attempt(AttemptIdentity { action, attempt, fence }));
    }
    let session = text("x-wingbeat-session").unwrap_or("local");
    Some(Principal::Executor(SessionId(session.into())))
}

async fn ready(State(platform): State<Arc<Platform>>) -> Response {
    match platform.store.head().await {
        Ok(_) => "OK".into_response(),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, error.to_string()).into_response(),
    }
}

async fn metrics(State(platform): State<Arc<Platform>>) -> Response {
    let load = platform.driver.scheduler(crate::driver::Scheduler::load);
    // While the store does not answer, the numbers are what somebody looks at.
    let head = timeout(STORE_PATIENCE, platform.store.head()).await.ok().and_then(Result::ok);
    let lag = head.map(|head| platform.feed.lag(head));
    let watching = metrics::Watching { watchers: platform.feed.watchers(), lag };
    let text = platform.metrics.text(load, watching);
    ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response()
}
