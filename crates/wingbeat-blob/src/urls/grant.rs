//! What a signed URL permits, and how a request that uses it is held to that. Pure.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::UrlError;
use crate::path::BlobPath;
use crate::percent;
use crate::upload::Expected;

/// What a URL is for. HEAD counts as [`UrlMethod::Get`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UrlMethod {
    /// Download.
    Get,
    /// Upload.
    Put,
}

impl UrlMethod {
    pub(super) fn other(self) -> Self {
        match self {
            Self::Get => Self::Put,
            Self::Put => Self::Get,
        }
    }
}

impl fmt::Display for UrlMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Get => "GET",
            Self::Put => "PUT",
        })
    }
}

/// What a browser does with a download.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// Saves it. For everything that is not a report.
    Attachment,
    /// Shows it, in a sandbox with an origin of its own. For reports.
    Inline,
}

impl fmt::Display for Disposition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Attachment => "attachment",
            Self::Inline => "inline",
        })
    }
}

/// What one signed URL permits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Upload or download.
    pub method: UrlMethod,
    /// The one object.
    pub path: BlobPath,
    /// Unix seconds; at this second the URL is no longer good.
    pub expires_at: i64,
    /// The content that may be uploaded.
    pub content_md5: Option<[u8; 16]>,
    /// How many bytes may be uploaded.
    pub content_length: Option<u64>,
    /// What a browser does with a download.
    pub disposition: Disposition,
    /// Type of a download; without one it is `application/octet-stream`.
    pub content_type: Option<String>,
}

impl Grant {
    /// A download, saved by browsers.
    pub fn get(path: BlobPath, expires_at: i64) -> Self {
        Self {
            method: UrlMethod::Get,
            path,
            expires_at,
            content_md5: None,
            content_length: None,
            disposition: Disposition::Attachment,
            content_type: None,
        }
    }

    /// An upload of any content; set `content_md5` and `content_length` where they are known.
    pub fn put(path: BlobPath, expires_at: i64) -> Self {
        Self { method: UrlMethod::Put, ..Self::get(path, expires_at) }
    }

    /// What the body of an upload must be, from the URL and from the request's headers.
    ///
    /// A header that is missing is no fault: the body itself is checked against the URL.
    pub fn expect_upload(
        &self,
        content_md5: Option<&str>,
        content_length: Option<u64>,
        max_bytes: u64,
    ) -> Result<Expected, UrlError> {
        let sent_md5 = match content_md5 {
            None => None,
            Some(text) => Some(md5_from_base64(text).ok_or(UrlError::Malformed { what: "content-md5" })?),
        };
        if let (Some(signed), Some(sent)) = (self.content_md5, sent_md5)
            && signed != sent
        {
            return Err(UrlError::Md5Mismatch { signed: md5_to_base64(&signed), sent: md5_to_base64(&sent) });
        }
        if let (Some(signed), Some(sent)) = (self.content_length, content_length)
            && signed != sent
        {
            return Err(UrlError::LengthMismatch { signed, sent });
        }
        Ok(Expected {
            md5: self.content_md5.or(sent_md5),
            length: self.content_length.or(content_length),
            max_bytes,
        })
    }

    /// Headers of a download that keep a blob from acting as a page of ours, whatever is in it.
    pub fn response_headers(&self) -> Vec<(&'static str, String)> {
        let policy = match self.disposition {
            Disposition::Attachment => "sandbox; default-src 'none'",
            // Scripts run, since plots are made of them, but in an origin of their own.
            Disposition::Inline => "sandbox allow-scripts allow-popups allow-downloads",
        };
        let content_type = self.content_type.as_deref().unwrap_or("application/octet-stream");
        vec![
            ("content-type", content_type.to_owned()),
            ("content-disposition", self.content_disposition()),
            ("content-security-policy", policy.to_owned()),
            ("x-content-type-options", "nosniff".to_owned()),
            // The URL is a capability: a report's links must not carry it to other sites.
            ("referrer-policy", "no-referrer".to_owned()),
            ("cache-control", "private, no-cache".to_owned()),
        ]
    }

    /// Source: RFC 6266; the plain name is for clients that do not read the encoded one.
    fn content_disposition(&self) -> String {
        let name = self.path.file_name();
        let plain: String = name
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ') { c } else { '_' })
            .collect();
        format!("{}; filename=\"{plain}\"; filename*=UTF-8''{}", self.disposition, percent::encode(name))
    }
}

/// An MD5 as `Content-MD5` carries it: standard base64 of 16 bytes.
pub fn md5_from_base64(text: &str) -> Option<[u8; 16]> {
    STANDARD.decode(text.trim()).ok()?.try_into().ok()
}

/// The form of an MD5 in `Content-MD5`.
pub fn md5_to_base64(md5: &[u8; 16]) -> String {
    STANDARD.encode(md5)
}
