//! The grant of client credentials (RFC 6749, section 4.4): one POST, whose answer is a token.
//!
//! A secret goes over TLS or stays on this machine. What the provider answers is told by its status and its error's
//! code only: the rest could be anything.

use std::fmt::Write as _;
use std::time::Duration;

use connectrpc::ConnectError;
use http::HeaderName;
use reqwest::Url;

use crate::access::{ClientSecret, Secret};
use crate::address::is_this_machine;
use crate::retry::final_failure;
use crate::web::{Web, may_pass, why};

/// For one request.
const PATIENCE: Duration = Duration::from_secs(30);
/// Largest answer: a token is some kilobytes.
const MAX_ANSWER: usize = 1 << 20;
/// Longest error code that is repeated.
const MAX_CODE: usize = 64;

/// Who gives tokens, and how they are sent to the server.
#[derive(Debug)]
pub(crate) struct Provider {
    endpoint: Url,
    pub(crate) header: HeaderName,
    scopes: Vec<String>,
    audience: String,
}

/// A token that was just given.
pub(crate) struct Fresh {
    pub(crate) token: Secret,
    /// Not known for every token.
    pub(crate) lasts: Option<Duration>,
}

impl Fresh {
    pub(crate) fn new(token: &str, lasts: Option<Duration>) -> Self {
        Self { token: Secret::new(token), lasts }
    }
}

impl Provider {
    /// # Errors
    /// What the server names cannot be used.
    pub(crate) fn new(
        endpoint: &str,
        header: &str,
        scopes: Vec<String>,
        audience: String,
    ) -> Result<Self, ConnectError> {
        let wrong = |what: &str| {
            final_failure(format!("the server's authentication metadata cannot be used: {what}"))
        };
        let header = if header.is_empty() { "authorization" } else { header };
        let header = HeaderName::try_from(header).map_err(|_| wrong("its header for tokens is none"))?;
        let endpoint: Url = endpoint.parse().map_err(|_| wrong("its token endpoint is no URL"))?;
        let is_near = endpoint.host_str().is_some_and(is_this_machine);
        match endpoint.scheme() {
            "https" => {}
            "http" if is_near => {}
            _ => return Err(wrong("its token endpoint is not https, and a secret is not sent in the clear")),
        }
        Ok(Self { endpoint, header, scopes, audience })
    }

    /// The endpoint without what may be secret in a URL.
    fn shown(&self) -> String {
        let mut shown = self.endpoint.clone();
        shown.set_query(None);
        shown.set_fragment(None);
        // It fails for URLs without a host only, which have nothing to hide here.
        let _ = shown.set_username("");
        let _ = shown.set_password(None);
        shown.to_string()
    }
}

/// Asks for a token.
///
/// # Errors
/// `unauthenticated`: the provider does not know the client, or its secret is wrong. `unavailable`: it is away.
pub(crate) async fn client_credentials(
    web: &Web,
    provider: &Provider,
    client: &ClientSecret,
) -> Result<Fresh, ConnectError> {
    let scope = provider.scopes.join(" ");
    let mut form = vec![("grant_type", "client_credentials"), ("scope", scope.as_str())];
    if !provider.audience.is_empty() {
        form.push(("audience", &provider.audience));
    }
    let away = |reason: String| {
        ConnectError::unavailable(format!("no token could be got from {}: {reason}", provider.shown()))
    };
    // The id as it is, and the secret encoded, as the stock client does.
    let request = web
        .client(&provider.endpoint)
        .map_err(away)?
        .post(provider.endpoint.clone())
        .timeout(PATIENCE)
        .basic_auth(&client.id, Some(quoted(client.secret.expose())))
        .header("accept", "application/json")
        .header("cache-control", "no-cache")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(encoded(&form));
    let mut answer = request.send().await.map_err(|error| away(why(error)))?;
    let status = answer.status();
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| away(why(error)))? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_ANSWER {
            return Err(refused(provider, "its answer is too long"));
        }
    }
    let json: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    if !status.is_success() {
        let reason = format!("it answered with HTTP status {status}{}", error_code(&json));
        return Err(if may_pass(status) { away(reason) } else { refused(provider, &reason) });
    }
    match json["access_token"].as_str().filter(|token| !token.is_empty()) {
        Some(token) => Ok(Fresh::new(token, lifetime(&json["expires_in"]))),
        None => Err(refused(provider, "its answer has no access_token")),
    }
}

fn refused(provider: &Provider, reason: &str) -> ConnectError {
    let text = format!(
        "no token could be got from {}: {reason}; check the API key, or the client's id and secret",
        provider.shown()
    );
    ConnectError::unauthenticated(text)
}

/// The code of an OAuth error, if it looks like one.
fn error_code(json: &serde_json::Value) -> String {
    let is_plain = |code: &&str| {
        code.len() <= MAX_CODE && code.chars().all(|char| char.is_ascii_alphanumeric() || char == '_')
    };
    json["error"].as_str().filter(is_plain).map_or_else(String::new, |code| format!(" ({code})"))
}

/// Seconds, as a number or, as some providers have it, as text.
fn lifetime(json: &serde_json::Value) -> Option<Duration> {
    let seconds = json.as_f64().or_else(|| json.as_str()?.parse().ok())?;
    // More than a century is for ever.
    Duration::try_from_secs_f64(seconds).ok().filter(|lasts| lasts.as_secs() < 100 * 365 * 24 * 3600)
}

fn encoded(pairs: &[(&str, &str)]) -> String {
    let url = Url::parse_with_params("http://localhost", pairs).expect("it is a URL");
    url.query().unwrap_or_default().to_owned()
}

/// As Python's `quote_plus` has it, which forms do not: they encode `~` and leave `*`.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.' | b'-' | b'~' => quoted.push(byte.into()),
            b' ' => quoted.push('+'),
            _ => write!(quoted, "%{byte:02X}").expect("a string takes all text"),
        }
    }
    quoted
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::{Provider, error_code, lifetime, quoted};

    fn provider(endpoint: &str, header: &str) -> Result<Provider, String> {
        Provider::new(endpoint, header, Vec::new(), String::new())
            .map_err(|error| error.message.unwrap_or_default())
    }

    #[test]
    fn a_secret_is_not_sent_in_the_clear() {
        for good in ["https://id.example.org/token", "http://127.0.0.1:9/token", "http://localhost/token"] {
            assert!(provider(good, "").is_ok(), "{good}");
        }
        for bad in ["http://id.example.org/token", "ftp://localhost/", "", "token"] {
            assert!(provider(bad, "").is_err(), "{bad}");
        }
    }

    #[test]
    fn the_header_is_the_one_that_the_server_names() {
        let endpoint = "https://id.example.org/token?key=sesame#x";
        assert_eq!(provider(endpoint, "").unwrap().header, "authorization");
        let named = provider(endpoint, "Flyte-Authorization").unwrap();
        assert_eq!(named.header, "flyte-authorization");
        assert_eq!(named.shown(), "https://id.example.org/token");
        assert!(provider(endpoint, "no header").is_err());
    }

    #[test]
    fn what_a_provider_answers_is_read_with_care() {
        for (json, seconds) in [
            (json!(3600), Some(3600)),
            (json!("60"), Some(60)),
            (json!(null), None),
            (json!(-1), None),
            (json!(1e300), None),
        ] {
            assert_eq!(lifetime(&json), seconds.map(Duration::from_secs), "{json}");
        }
        assert_eq!(error_code(&json!({"error": "invalid_client"})), " (invalid_client)");
        for odd in [json!({"error": "the secret `sesame` is wrong"}), json!({"error": 3}), json!(null)] {
            assert_eq!(error_code(&odd), "", "{odd}");
        }
    }

    #[test]
    fn a_secret_is_encoded_as_the_stock_client_does() {
        assert_eq!(quoted("a b+c/%~*_.-é9Z"), "a+b%2Bc%2F%25~%2A_.-%C3%A99Z");
    }
}
