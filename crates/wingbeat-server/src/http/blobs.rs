//! Signed URLs of the local store: one GET or one PUT each, until they expire.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, HttpBody as _};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use futures::StreamExt as _;
use wingbeat_blob::{BlobError, RangeRequest, ReadError, UploadError, UrlError, UrlMethod};

use crate::platform::Platform;

/// The largest object that can be uploaded by a signed URL.
const MAX_UPLOAD: u64 = 5 * 1024 * 1024 * 1024;

pub(super) fn routes(platform: Arc<Platform>) -> Router {
    Router::new()
        .route(&format!("{}{{*path}}", wingbeat_blob::urls::ROUTE_PREFIX), any(serve))
        .with_state(platform)
}

async fn serve(State(platform): State<Arc<Platform>>, request: Request) -> Response {
    let method = match *request.method() {
        Method::GET | Method::HEAD => UrlMethod::Get,
        Method::PUT => UrlMethod::Put,
        _ => return (StatusCode::METHOD_NOT_ALLOWED, "signed URLs take GET, HEAD and PUT\n").into_response(),
    };
    let (seconds, _) = platform.clock.now().to_parts();
    let uri = request.uri();
    let grant = match platform.signer.verify(method, uri.path(), uri.query(), seconds) {
        Ok(grant) => grant,
        Err(error) => return refused(&error),
    };
    match method {
        UrlMethod::Get => {
            let range = request.headers().get(header::RANGE).and_then(|value| value.to_str().ok());
            let range = range.and_then(RangeRequest::parse);
            let head = request.method() == Method::HEAD;
            download(&platform, &grant, range, head).await
        }
        UrlMethod::Put => upload(&platform, &grant, request).await,
    }
}

fn refused(error: &UrlError) -> Response {
    let status = match error {
        UrlError::BadPath(_) | UrlError::Malformed { .. } => StatusCode::BAD_REQUEST,
        UrlError::Expired { .. }
        | UrlError::BadSignature
        | UrlError::WrongMethod { .. }
        | UrlError::Md5Mismatch { .. }
        | UrlError::LengthMismatch { .. } => StatusCode::FORBIDDEN,
    };
    (status, format!("{error}\n")).into_response()
}

async fn download(
    platform: &Platform,
    grant: &wingbeat_blob::Grant,
    range: Option<RangeRequest>,
    head: bool,
) -> Response {
    let partial = range.is_some();
    let found = match platform.blob.read(&grant.path, range).await {
        Ok(found) => found,
        Err(ReadError::Unsatisfiable(range)) => {
            let headers = [(header::CONTENT_RANGE, format!("bytes */{}", range.size))];
            return (StatusCode::RANGE_NOT_SATISFIABLE, headers).into_response();
        }
        Err(ReadError::Store(error)) => return failed(&error),
    };
    let mut headers = HeaderMap::new();
    for (name, value) in grant.response_headers() {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(found.range.end - found.range.start));
    let status = if partial {
        let value =
            format!("bytes {}-{}/{}", found.range.start, found.range.end.saturating_sub(1), found.size);
        headers.extend(HeaderValue::from_str(&value).ok().map(|value| (header::CONTENT_RANGE, value)));
        StatusCode::PARTIAL_CONTENT
    } else {
        StatusCode::OK
    };
    let body = if head { Body::empty() } else { Body::from_stream(found.body) };
    (status, headers, body).into_response()
}

async fn upload(platform: &Platform, grant: &wingbeat_blob::Grant, request: Request) -> Response {
    let md5 = request.headers().get("content-md5").and_then(|value| value.to_str().ok());
    let length = request.body().size_hint().exact();
    let expected = match grant.expect_upload(md5, length, MAX_UPLOAD) {
        Ok(expected) => expected,
        Err(error) => return refused(&error),
    };
    let mut upload = match platform.blob.upload(&grant.path, expected).await {
        Ok(upload) => upload,
        Err(error) => return not_stored(&error),
    };
    let mut body = request.into_body().into_data_stream();
    while let Some(chunk) = body.next().await {
        let Ok(chunk) = chunk else {
            upload.abort().await;
            return (StatusCode::BAD_REQUEST, "the upload broke off; nothing was stored\n").into_response();
        };
        if let Err(error) = upload.write(chunk).await {
            return not_stored(&error);
        }
    }
    match upload.finish().await {
        Ok(_) => StatusCode::OK.into_response(),
        Err(error) => not_stored(&error),
    }
}

fn not_stored(error: &UploadError) -> Response {
    match error {
        UploadError::Store(error) => failed(error),
        UploadError::Md5Mismatch { .. } | UploadError::LengthMismatch { .. } => {
            (StatusCode::BAD_REQUEST, format!("{error}; nothing was stored\n")).into_response()
        }
        UploadError::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, format!("{error}\n")).into_response(),
    }
}

fn failed(error: &BlobError) -> Response {
    let status = match error {
        BlobError::NotFound { .. } => StatusCode::NOT_FOUND,
        BlobError::DiskFull { .. } => StatusCode::INSUFFICIENT_STORAGE,
        BlobError::AlreadyExists { .. } => StatusCode::CONFLICT,
        BlobError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        BlobError::OutsideRoot { .. } => StatusCode::FORBIDDEN,
        BlobError::Io { .. } => StatusCode::INTERNAL_SERVER_ERROR,
    };
    if status == StatusCode::INTERNAL_SERVER_ERROR {
        tracing::error!(%error, "object store failed");
    }
    (status, format!("{error}\n")).into_response()
}
