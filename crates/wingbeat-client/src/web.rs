//! Plain requests beside the API: to those who give tokens, and to signed URLs. A URL may be a key: no error repeats one,
//! and a redirect is not followed, as it would carry the secret to somebody else.

use std::error::Error;
use std::sync::{Arc, OnceLock};

use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode, Url};

use crate::address::is_this_machine;

/// HTTP clients, made when they are first needed. Cheap to clone; all clones share their connections.
#[derive(Debug, Clone, Default)]
pub struct Web {
    clients: Arc<Clients>,
}

#[derive(Debug, Default)]
struct Clients {
    /// For this machine, which no proxy could reach.
    direct: OnceLock<Client>,
    /// By the proxy that the environment names, if it does.
    ordinary: OnceLock<Client>,
}

impl Web {
    /// The client for a URL. It has no deadline of its own.
    ///
    /// # Errors
    /// What keeps it from being made, in words.
    pub fn client(&self, url: &Url) -> Result<Client, String> {
        let is_near = url.host_str().is_some_and(is_this_machine);
        let known = if is_near { &self.clients.direct } else { &self.clients.ordinary };
        if let Some(client) = known.get() {
            return Ok(client.clone());
        }
        // Everything of the program that speaks TLS uses the same provider; whoever comes first sets it.
        let _known = rustls::crypto::ring::default_provider().install_default();
        let builder = Client::builder().redirect(Policy::none());
        let builder = if is_near { builder.no_proxy() } else { builder };
        let client = builder.build().map_err(why)?;
        Ok(known.get_or_init(|| client).clone())
    }
}

/// Whether another try may be answered otherwise.
pub fn may_pass(status: StatusCode) -> bool {
    status.is_server_error() || matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS)
}

/// Why there was no answer, without the URL: the innermost cause says most.
pub fn why(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut cause: &dyn Error = &error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;

    use super::may_pass;

    #[test]
    fn what_may_pass_is_tried_again() {
        for (status, passes) in [
            (408, true),
            (429, true),
            (500, true),
            (503, true),
            (507, true),
            (301, false),
            (400, false),
            (403, false),
        ] {
            assert_eq!(may_pass(StatusCode::from_u16(status).unwrap()), passes, "{status}");
        }
    }
}
