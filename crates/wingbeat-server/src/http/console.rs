//! The web console under `/v2`: the files that are part of this program, and the page for every other address there.
//! It must never serve anything that a user stored: that is what signed URLs are for.

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use wingbeat_console::Asset;

/// Scripts and styles are files of ours, and nothing else; reports run in frames that bring a policy of their own.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const ABSENT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Wingbeat</title><h1>Wingbeat</h1>\
    <p>This program was built without the console. <code>make build</code> builds it with the console, and needs Node \
    20.19 or newer.</p><p>Everything else works: <code>wingbeat get run</code>, <code>flyte get run</code>.</p></html>";

pub(super) fn routes() -> Router {
    Router::new()
        .route("/", get(|| async { Redirect::temporary("/v2") }))
        .route("/v2", get(serve))
        .route("/v2/", get(serve))
        .route("/v2/{*path}", get(serve))
}

async fn serve(request: Request) -> Response {
    let path = request.uri().path().trim_start_matches("/v2").trim_start_matches('/');
    let mut response = match wingbeat_console::find(path) {
        Some(asset) => answer(asset, request.headers()),
        None if wingbeat_console::find("").is_none() => (StatusCode::NOT_FOUND, Html(ABSENT)).into_response(),
        None => (StatusCode::NOT_FOUND, "the console has no such file\n").into_response(),
    };
    let secure = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
    ];
    set(&mut response, secure);
    response
}

fn answer(asset: &'static Asset, headers: &HeaderMap) -> Response {
    let brotli = asset.brotli.filter(|_| accepts_brotli(headers));
    let tag = format!("\"{}{}\"", asset.tag, if brotli.is_some() { "-br" } else { "" });
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let fresh =
        known.is_some_and(|known| known.split(',').any(|one| one.trim().trim_start_matches("W/") == tag));
    let mut response = if fresh {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        (StatusCode::OK, brotli.unwrap_or(asset.plain)).into_response()
    };
    let keep = if asset.immutable() { "public, max-age=31536000, immutable" } else { "no-cache" };
    set(&mut response, [(header::CACHE_CONTROL, keep), (header::VARY, "accept-encoding")]);
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    if !fresh {
        set(&mut response, [(header::CONTENT_TYPE, asset.content_type())]);
        if brotli.is_some() {
            set(&mut response, [(header::CONTENT_ENCODING, "br")]);
        }
    }
    response
}

fn set<const N: usize>(response: &mut Response, headers: [(HeaderName, &'static str); N]) {
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
}

fn accepts_brotli(headers: &HeaderMap) -> bool {
    let accepted =
        headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted.split(',').any(|one| {
        let (name, quality) = one.split_once(';').unwrap_or((one, ""));
        name.trim() == "br" && !matches!(quality.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")
    })
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
    use wingbeat_console::Asset;

    use super::{accepts_brotli, answer};

    static SCRIPT: Asset = Asset { name: "assets/a-1.js", tag: "f00", plain: b"plain", brotli: Some(b"br") };
    static PAGE: Asset = Asset { name: "index.html", tag: "ba4", plain: b"page", brotli: None };

    fn with(name: header::HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn brotli_is_given_to_those_who_take_it() {
        let cases =
            [("gzip, deflate, br, zstd", true), ("br;q=1.0", true), ("gzip, br;q=0", false), ("gzip", false)];
        for (accepted, takes) in cases {
            assert_eq!(accepts_brotli(&with(header::ACCEPT_ENCODING, accepted)), takes, "{accepted}");
        }
        let packed = answer(&SCRIPT, &with(header::ACCEPT_ENCODING, "br"));
        assert_eq!(packed.headers()[header::CONTENT_ENCODING], "br");
        assert_ne!(
            packed.headers()[header::ETAG],
            answer(&SCRIPT, &HeaderMap::new()).headers()[header::ETAG]
        );
    }

    #[test]
    fn hashed_files_are_kept_for_ever_and_the_page_is_asked_for_again() {
        let script = answer(&SCRIPT, &HeaderMap::new());
        assert_eq!(script.headers()[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
        let page = answer(&PAGE, &HeaderMap::new());
        assert_eq!(page.headers()[header::CACHE_CONTROL], "no-cache");
        assert_eq!(page.status(), StatusCode::OK);
        let known = answer(&PAGE, &with(header::IF_NONE_MATCH, "\"other\", W/\"ba4\""));
        assert_eq!(known.status(), StatusCode::NOT_MODIFIED);
    }
}
