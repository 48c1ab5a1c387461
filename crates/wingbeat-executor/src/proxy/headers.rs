//! Which headers cross the listener: everything of the task's, except what belongs to one hop and
//! except the attempt's identity, which only the listener may say.

use http::header::{
    self, CONNECTION, HOST, HeaderMap, HeaderName, HeaderValue, InvalidHeaderValue, TE, TRANSFER_ENCODING,
    UPGRADE,
};

use super::AttemptIdentity;

const OUR_PREFIX: &str = "x-wingbeat-";

const HOP_BY_HOP: [HeaderName; 6] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHORIZATION,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// The headers that say whose request it is.
#[derive(Debug)]
pub(super) struct Stamp {
    headers: [(HeaderName, HeaderValue); 5],
}

impl Stamp {
    pub(super) fn new(identity: &AttemptIdentity) -> Result<Self, InvalidHeaderValue> {
        let headers = [
            (HeaderName::from_static("x-wingbeat-session"), HeaderValue::from_str(&identity.session_id)?),
            (HeaderName::from_static("x-wingbeat-run-id"), HeaderValue::from(identity.run_id)),
            (HeaderName::from_static("x-wingbeat-action"), HeaderValue::from_str(&identity.action)?),
            (HeaderName::from_static("x-wingbeat-attempt"), HeaderValue::from(identity.attempt)),
            (HeaderName::from_static("x-wingbeat-fence"), HeaderValue::from(identity.fence)),
        ];
        Ok(Self { headers })
    }

    /// The request headers as they go to the server.
    pub(super) fn apply(&self, from_task: &HeaderMap) -> HeaderMap {
        let mut headers = end_to_end(from_task);
        headers.remove(HOST);
        let forged: Vec<HeaderName> =
            headers.keys().filter(|name| name.as_str().starts_with(OUR_PREFIX)).cloned().collect();
        for name in forged {
            headers.remove(name);
        }
        for (name, value) in &self.headers {
            headers.insert(name.clone(), value.clone());
        }
        headers
    }
}

/// The headers without those that are between two neighbours only.
pub(super) fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    let mut kept = headers.clone();
    for value in headers.get_all(CONNECTION) {
        for name in value.to_str().unwrap_or_default().split(',') {
            kept.remove(name.trim());
        }
    }
    for name in HOP_BY_HOP {
        kept.remove(name);
    }
    // HTTP/2 allows exactly this one, and gRPC asks for it.
    if kept.get(TE).is_some_and(|te| te != "trailers") {
        kept.remove(TE);
    }
    kept
}
