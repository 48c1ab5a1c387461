//! Keeps other people's web pages and other people of this machine away: a page of another origin, or of a DNS
//! name that was rebound to us, may not start code on a laptop.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Names under which a server on this machine is reached.
const LOCAL_NAMES: [&str; 4] = ["localhost", "127.0.0.1", "[::1]", "host.docker.internal"];

/// Whom to let in.
#[derive(Debug, Clone, Default)]
pub struct Guard {
    /// Further names that the server is reached by.
    pub allowed_hosts: Vec<String>,
    /// Let every peer in, whatever user it belongs to.
    pub any_user: bool,
}

impl Guard {
    fn knows(&self, host: &str) -> bool {
        LOCAL_NAMES.contains(&host) || self.allowed_hosts.iter().any(|name| name.eq_ignore_ascii_case(host))
    }

    /// May a connection from `peer` be served? On loopback the peer's user is looked up; root always may.
    pub fn admits(&self, peer: SocketAddr, local: SocketAddr) -> bool {
        self.any_user || !wingbeat_peer::is_foreign(peer, local)
    }
}

/// Refuses requests whose Host or Origin is not ours.
pub(super) async fn check(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    match refusal(&guard, request.uri(), request.headers()) {
        None => next.run(request).await,
        Some(text) => (StatusCode::FORBIDDEN, text).into_response(),
    }
}

fn refusal(guard: &Guard, uri: &Uri, headers: &HeaderMap) -> Option<String> {
    let header = headers.get("host").and_then(|value| value.to_str().ok());
    let authority =
        header.or_else(|| uri.authority().map(axum::http::uri::Authority::as_str)).unwrap_or_default();
    let (host, port) = split(authority);
    if !guard.knows(host) {
        return Some(format!(
            "host `{host}` is not served here; start the server with --allowed-host {host} if it should be\n"
        ));
    }
    let origin = headers.get("origin")?;
    let origin = origin.to_str().unwrap_or_default();
    let place =
        origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")).unwrap_or_default();
    let (origin_host, origin_port) = split(place);
    if guard.knows(origin_host) && origin_port == port {
        return None;
    }
    Some(format!("pages of `{origin}` may not call this server\n"))
}

/// Host and port of an authority; `[::1]` keeps its brackets.
fn split(authority: &str) -> (&str, &str) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => {
            (host, port)
        }
        _ => (authority, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::{Guard, refusal};
    use axum::http::{HeaderMap, Uri};

    fn check(host: &str, origin: Option<&str>) -> bool {
        let guard = Guard { allowed_hosts: vec!["flyte.example.org".to_owned()], any_user: false };
        let mut headers = HeaderMap::new();
        headers.insert("host", host.parse().expect("a header"));
        if let Some(origin) = origin {
            headers.insert("origin", origin.parse().expect("a header"));
        }
        refusal(&guard, &Uri::from_static("/x"), &headers).is_none()
    }

    #[test]
    fn only_our_names_and_our_pages_are_let_in() {
        let cases = [
            ("localhost:8080", None, true),
            ("127.0.0.1:8080", Some("http://127.0.0.1:8080"), true),
            ("[::1]:8080", Some("http://localhost:8080"), true),
            ("flyte.example.org", Some("https://flyte.example.org"), true),
            ("rebound.example.com:8080", None, false),
            ("localhost:8080", Some("http://evil.example.com"), false),
            ("localhost:8080", Some("http://localhost:3000"), false),
            ("localhost:8080", Some("null"), false),
            ("", None, false),
        ];
        for (host, origin, allowed) in cases {
            assert_eq!(check(host, origin), allowed, "{host} {origin:?}");
        }
    }
}
