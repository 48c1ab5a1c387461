//! Signed URLs of our own. Pure: `now` is an argument.
//!
//! For the local disk, which has no signer, and for buckets: S3's own URLs cannot be bound to an MD5 and a length
//! in a way that the stock client's headers satisfy, and clients would have to reach the bucket.
//!
//! ```text
//! /blob/v1/<path>?exp=<unix seconds>&md5=<base64url>&len=<bytes>&disp=inline&ct=<type>&sig=<base64url>
//! ```
//!
//! The signature is an HMAC-SHA256 over everything that the URL permits, the method included, so
//! that no part can be altered or moved to another URL. A URL is a capability: whoever checks it
//! asks nothing else of the caller. What a URL permits is decided before it is signed, not here.

mod grant;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

pub use self::grant::{Disposition, Grant, UrlMethod, md5_from_base64, md5_to_base64};
use crate::path::{BlobPath, PathError};
use crate::percent;

/// Path prefix of every signed URL.
pub const ROUTE_PREFIX: &str = "/blob/v1/";

/// Separates these signatures from any other use of the same key; changes with the format.
const DOMAIN: &str = "wingbeat-blob-url-1";

/// Why a URL is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Ask for a new one.
    #[error("the signed URL expired at {at} (unix seconds); it is {now}")]
    Expired {
        /// First second at which it is no longer good.
        at: i64,
        /// The caller's clock.
        now: i64,
    },
    /// The URL was altered, or signed by another server.
    #[error("the signature does not match the URL")]
    BadSignature,
    /// A good URL, used for the other thing.
    #[error("the URL is signed for {signed_for}, not for {used}")]
    WrongMethod {
        /// What it permits.
        signed_for: UrlMethod,
        /// What was tried.
        used: UrlMethod,
    },
    /// The request announces another content than the URL permits.
    #[error("the URL permits content with MD5 {signed}, the request announces {sent}")]
    Md5Mismatch {
        /// Base64, as signed.
        signed: String,
        /// Base64, as sent.
        sent: String,
    },
    /// The request announces another length than the URL permits.
    #[error("the URL permits {signed} bytes, the request announces {sent}")]
    LengthMismatch {
        /// As signed.
        signed: u64,
        /// As sent.
        sent: u64,
    },
    /// The path names no object.
    #[error("the URL's path names no object")]
    BadPath(#[source] PathError),
    /// A part of the URL or of a header cannot be read.
    #[error("`{what}` is missing, doubled or malformed")]
    Malformed {
        /// The query parameter or header.
        what: &'static str,
    },
}

/// Signs and checks URLs. The key is shared by all replicas of a server.
#[derive(Clone)]
pub struct UrlSigner {
    key: [u8; 32],
}

impl fmt::Debug for UrlSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UrlSigner { .. }")
    }
}

impl UrlSigner {
    /// A signer with 32 random bytes that the caller keeps.
    pub fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    /// The URL that permits what `grant` says, from its path on; put scheme and host before it.
    ///
    /// # Errors
    /// [`UrlError::Malformed`]: the content type is not printable ASCII.
    pub fn sign(&self, grant: &Grant) -> Result<String, UrlError> {
        let content_type = grant.content_type.as_deref();
        if content_type.is_some_and(|value| !is_header_value(value)) {
            return Err(UrlError::Malformed { what: "ct" });
        }
        let mut url =
            format!("{ROUTE_PREFIX}{}?exp={}", percent::encode_path(grant.path.as_str()), grant.expires_at);
        if let Some(md5) = &grant.content_md5 {
            url.push_str("&md5=");
            url.push_str(&URL_SAFE_NO_PAD.encode(md5));
        }
        if let Some(length) = grant.content_length {
            url.push_str("&len=");
            url.push_str(&length.to_string());
        }
        if grant.disposition == Disposition::Inline {
            url.push_str("&disp=inline");
        }
        if let Some(content_type) = content_type {
            url.push_str("&ct=");
            url.push_str(&percent::encode(content_type));
        }
        url.push_str("&sig=");
        url.push_str(&URL_SAFE_NO_PAD.encode(self.mac(grant).finalize().into_bytes()));
        Ok(url)
    }

    /// What a request's URL permits, if it permits `method` at `now` (unix seconds).
    ///
    /// `path` and `query` are as they came over the wire, still percent-encoded. A URL is good
    /// before its second of expiry, not in it.
    pub fn verify(
        &self,
        method: UrlMethod,
        path: &str,
        query: Option<&str>,
        now: i64,
    ) -> Result<Grant, UrlError> {
        let query = Query::parse(query.unwrap_or_default())?;
        let grant = query.grant(method, parse_path(path)?);
        if !self.is_signed(&grant, &query.signature) {
            let other = Grant { method: method.other(), ..grant };
            return Err(if self.is_signed(&other, &query.signature) {
                UrlError::WrongMethod { signed_for: other.method, used: method }
            } else {
                UrlError::BadSignature
            });
        }
        // After the signature: the time of expiry is nobody's business who could not sign it.
        if now >= grant.expires_at {
            return Err(UrlError::Expired { at: grant.expires_at, now });
        }
        Ok(grant)
    }

    fn is_signed(&self, grant: &Grant, signature: &[u8]) -> bool {
        // `verify_slice` takes the same time wherever the first difference is.
        self.mac(grant).verify_slice(signature).is_ok()
    }

    fn mac(&self, grant: &Grant) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes keys of any length");
        // One field per line; no field can hold a newline, so no two grants give the same text.
        let lines = [
            DOMAIN.to_owned(),
            grant.method.to_string(),
            grant.path.to_string(),
            grant.expires_at.to_string(),
            grant.content_md5.map(|md5| URL_SAFE_NO_PAD.encode(md5)).unwrap_or_default(),
            grant.content_length.map(|length| length.to_string()).unwrap_or_default(),
            grant.disposition.to_string(),
            grant.content_type.clone().unwrap_or_default(),
        ];
        mac.update(lines.join("\n").as_bytes());
        mac
    }
}

/// The query of a signed URL. Parameters that we did not write are ignored: they permit nothing.
struct Query {
    expires_at: i64,
    content_md5: Option<[u8; 16]>,
    content_length: Option<u64>,
    disposition: Disposition,
    content_type: Option<String>,
    signature: Vec<u8>,
}

impl Query {
    fn parse(query: &str) -> Result<Self, UrlError> {
        let malformed = |what| UrlError::Malformed { what };
        let content_md5 = match parameter(query, "md5")? {
            None => None,
            Some(text) => {
                let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| malformed("md5"))?;
                Some(bytes.try_into().map_err(|_| malformed("md5"))?)
            }
        };
        let content_length = match parameter(query, "len")? {
            None => None,
            Some(text) => Some(canonical_number(&text).ok_or_else(|| malformed("len"))?),
        };
        let disposition = match parameter(query, "disp")?.as_deref() {
            None => Disposition::Attachment,
            Some("inline") => Disposition::Inline,
            Some(_) => return Err(malformed("disp")),
        };
        let content_type = parameter(query, "ct")?;
        if content_type.as_deref().is_some_and(|value| !is_header_value(value)) {
            return Err(malformed("ct"));
        }
        let expires_at = parameter(query, "exp")?.ok_or_else(|| malformed("exp"))?;
        let signature = parameter(query, "sig")?.ok_or_else(|| malformed("sig"))?;
        Ok(Self {
            expires_at: canonical_number(&expires_at).ok_or_else(|| malformed("exp"))?,
            content_md5,
            content_length,
            disposition,
            content_type,
            signature: URL_SAFE_NO_PAD.decode(signature).map_err(|_| malformed("sig"))?,
        })
    }

    fn grant(&self, method: UrlMethod, path: BlobPath) -> Grant {
        Grant {
            method,
            path,
            expires_at: self.expires_at,
            content_md5: self.content_md5,
            content_length: self.content_length,
            disposition: self.disposition,
            content_type: self.content_type.clone(),
        }
    }
}

/// The one value of `name`. Two are refused: readers disagree about which of them counts.
fn parameter(query: &str, name: &'static str) -> Result<Option<String>, UrlError> {
    let mut values = query.split('&').filter_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (key == name).then_some(value)
    });
    let first = values.next();
    if values.next().is_some() {
        return Err(UrlError::Malformed { what: name });
    }
    match first {
        None => Ok(None),
        Some(value) => percent::decode(value).map(Some).ok_or(UrlError::Malformed { what: name }),
    }
}

/// A number in the form in which we write it: no sign but a minus, no leading zero.
fn canonical_number<N: std::str::FromStr + ToString>(text: &str) -> Option<N> {
    text.parse::<N>().ok().filter(|number| number.to_string() == text)
}

/// The object behind a request's path. Segments are decoded one by one, so that `%2F` cannot add one.
fn parse_path(path: &str) -> Result<BlobPath, UrlError> {
    let relative = path.strip_prefix(ROUTE_PREFIX).ok_or(UrlError::Malformed { what: "path" })?;
    let mut decoded = String::with_capacity(relative.len());
    for (ix, segment) in relative.split('/').enumerate() {
        if ix > 0 {
            decoded.push('/');
        }
        let segment = percent::decode(segment).ok_or(UrlError::BadPath(PathError::Encoding))?;
        if segment.contains('/') {
            return Err(UrlError::BadPath(PathError::Character { segment, character: '/' }));
        }
        decoded.push_str(&segment);
    }
    BlobPath::parse(&decoded).map_err(UrlError::BadPath)
}

fn is_header_value(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
}

#[cfg(test)]
mod tests;
