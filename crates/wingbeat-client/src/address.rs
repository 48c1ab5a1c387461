//! Decides what an endpoint text means: which server, over what. Pure; it never resolves a name.

use std::fmt;
use std::path::PathBuf;

use http::Uri;
use http::uri::{Authority, Scheme};

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerAddr {
    /// Plain HTTP/2 to `http://host:port`.
    Tcp(Uri),
    /// HTTP/2 over TLS to `https://host:port`.
    Tls(Uri),
    /// Plain HTTP/2 over a Unix socket.
    Unix(PathBuf),
}

/// Whether an endpoint without a scheme may be reached without TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Security {
    /// The user asked for plain text (`insecure: true`).
    Insecure,
    /// Nothing was said: TLS, but to this machine, whose own platform speaks plain text.
    Unsaid,
}

/// Why an endpoint text is not an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not `host:port`, `http://host:port`, `https://host:port`, `dns:///host:port` or `unix:///path`.
    #[error(
        "`{text}` is not an endpoint; write host:port, https://host:port, http://host:port, dns:///host:port or unix:///path/to/socket"
    )]
    Malformed {
        /// What was given, without what may be secret in it.
        text: String,
    },
}

impl ServerAddr {
    /// Reads an endpoint in any form that `flyte` accepts, or `unix:///path`.
    ///
    /// Without a scheme, plain text is assumed for this machine only; elsewhere it is TLS, and plain text has to be
    /// asked for with `http://`, so that nobody sends a workflow in the clear by leaving out a word.
    ///
    /// # Errors
    /// [`AddressError`]: the text has to be changed; its message says how.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        Self::parse_with(text, Security::Unsaid)
    }

    pub(crate) fn parse_with(text: &str, security: Security) -> Result<Self, AddressError> {
        let text = text.trim();
        if let Some(path) = text.strip_prefix("unix://") {
            if !path.starts_with('/') {
                return Err(malformed(text));
            }
            return Ok(Self::Unix(PathBuf::from(path)));
        }
        let (scheme, rest) = match text.split_once("://") {
            None => (None, text),
            // `dns:///host` is what `flyte create config` writes; it says nothing about TLS.
            Some(("dns", rest)) => (None, rest.trim_start_matches('/')),
            Some((scheme @ ("http" | "https"), rest)) => (Some(scheme), rest),
            Some(_) => return Err(malformed(text)),
        };
        let authority: Authority = rest.trim_end_matches('/').parse().map_err(|_| malformed(text))?;
        if authority.host().is_empty() || authority.as_str().contains('@') || has_bad_port(&authority) {
            return Err(malformed(text));
        }
        let plain = match scheme {
            Some("http") => true,
            Some(_) => security == Security::Insecure,
            None => security == Security::Insecure || is_this_machine(authority.host()),
        };
        if plain {
            return Ok(Self::Tcp(base_uri(Scheme::HTTP, authority)));
        }
        Ok(Self::Tls(base_uri(Scheme::HTTPS, authority)))
    }

    /// The base of request URIs. A Unix socket is addressed as `http://localhost`.
    pub fn base_uri(&self) -> Uri {
        match self {
            Self::Tcp(uri) | Self::Tls(uri) => uri.clone(),
            Self::Unix(_) => Uri::from_static("http://localhost"),
        }
    }
}

impl fmt::Display for ServerAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // `Uri` prints the root path; people write addresses without it.
            Self::Tcp(uri) | Self::Tls(uri) => f.write_str(uri.to_string().trim_end_matches('/')),
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
        }
    }
}

fn base_uri(scheme: Scheme, authority: Authority) -> Uri {
    let mut parts = http::uri::Parts::default();
    parts.scheme = Some(scheme);
    parts.authority = Some(authority);
    parts.path_and_query = Some(http::uri::PathAndQuery::from_static("/"));
    Uri::from_parts(parts).expect("scheme, authority and path are all present")
}

/// Whether `host` is a name or an address of this machine's own.
pub(crate) fn is_this_machine(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Whether a colon behind the host is followed by something else than a port that can be dialled.
fn has_bad_port(authority: &Authority) -> bool {
    let is_bare = authority.as_str().len() == authority.host().len();
    !is_bare && authority.port_u16().is_none()
}

/// The text is shown without what stands before an `@`, which may be a password.
fn malformed(text: &str) -> AddressError {
    let shown = text.rsplit_once('@').map_or_else(|| text.to_owned(), |(_, host)| format!("…@{host}"));
    AddressError::Malformed { text: shown }
}

#[cfg(test)]
mod tests {
    use super::{AddressError, Security, ServerAddr, is_this_machine};

    fn check(text: &str, expected: &str) {
        assert_eq!(ServerAddr::parse(text).map(|addr| addr.to_string()), Ok(expected.to_owned()), "{text}");
    }

    #[test]
    fn every_form_that_flyte_accepts_is_read() {
        check("localhost:8080", "http://localhost:8080");
        check("127.0.0.1:8080", "http://127.0.0.1:8080");
        check("[::1]:8080", "http://[::1]:8080");
        check("dns:///localhost:8080", "http://localhost:8080");
        check("http://example.org:81/", "http://example.org:81");
        check("unix:///run/wingbeat.sock", "unix:///run/wingbeat.sock");
    }

    #[test]
    fn plain_text_to_another_machine_has_to_be_asked_for() {
        check("example.org:8080", "https://example.org:8080");
        check("dns:///example.org", "https://example.org");
        check("https://localhost:8080", "https://localhost:8080");
        let insecure = ServerAddr::parse_with("dns:///example.org", Security::Insecure);
        assert_eq!(insecure.map(|addr| addr.to_string()), Ok("http://example.org".to_owned()));
    }

    #[test]
    fn only_this_machine_is_near() {
        for near in ["localhost", "127.0.0.1", "[::1]"] {
            assert!(is_this_machine(near), "{near}");
        }
        for far in ["example.org", "localhost.example.org", "10.0.0.1"] {
            assert!(!is_this_machine(far), "{far}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "ftp://h:1", "unix://relative", "http://", "user@host:1", "a b"] {
            assert!(matches!(ServerAddr::parse(text), Err(AddressError::Malformed { .. })), "{text}");
        }
        // The default port would be dialled instead, and shown the token.
        for text in ["example.org:99999", "example.org:http", "example.org:", "[::1]:", "[::1]:x"] {
            assert!(matches!(ServerAddr::parse(text), Err(AddressError::Malformed { .. })), "{text}");
        }
    }

    #[test]
    fn a_password_in_an_endpoint_is_not_repeated() {
        for text in
            ["https://me:sesame@example.org", "me:ses@me@example.org:1", "ftp://me:sesame@example.org"]
        {
            let error = ServerAddr::parse(text).unwrap_err().to_string();
            assert!(!error.contains("ses") && error.contains("`…@example.org"), "{error}");
        }
    }
}
