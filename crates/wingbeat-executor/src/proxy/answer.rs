//! What the listener says itself, in the words of the Connect protocol, when the server cannot.

use bytes::Bytes;
use http::{Response, StatusCode, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};

pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Body of every answer to a task.
pub(super) type TaskBody = UnsyncBoxBody<Bytes, BoxError>;

pub(super) fn full(bytes: Bytes) -> TaskBody {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}

/// A unary error as the Connect protocol writes it.
pub(super) fn error(status: StatusCode, code: &str, message: &str) -> Response<TaskBody> {
    let mut response = Response::new(full(error_json(code, message)));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    response
}

pub(super) fn unavailable(why: &str) -> Response<TaskBody> {
    error(StatusCode::SERVICE_UNAVAILABLE, "unavailable", why)
}

pub(super) fn error_json(code: &str, message: &str) -> Bytes {
    Bytes::from(serde_json::json!({ "code": code, "message": message }).to_string())
}
