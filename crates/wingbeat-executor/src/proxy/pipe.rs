//! Requests that cannot be sent twice: streams from the task, and what is no Connect call at all.
//! They pass as they are; the server's absence is told at once.

use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tracing::debug;

use super::answer::{BoxError, TaskBody, unavailable};
use super::headers::end_to_end;
use super::upstream::Upstream;

pub(super) async fn forward(upstream: &Upstream, request: Request<Incoming>) -> Response<TaskBody> {
    let (parts, body) = request.into_parts();
    let call = upstream.call(&parts);
    match upstream.send(call, body.map_err(BoxError::from).boxed_unsync()).await {
        Ok(response) => {
            let (mut parts, body) = response.into_parts();
            parts.headers = end_to_end(&parts.headers);
            parts.version = http::Version::default();
            Response::from_parts(parts, body.map_err(BoxError::from).boxed_unsync())
        }
        Err(error) => {
            debug!(error = %error, "the server is away; a streaming call was not forwarded");
            unavailable("the server is away; the call was not forwarded")
        }
    }
}
