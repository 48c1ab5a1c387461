//! Uploads to signed URLs, as the platform gives them out. A URL is a key: it never appears in an error or a log.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use md5::{Digest as _, Md5};
use reqwest::{Method, StatusCode, Url};
use tokio::time::sleep;
use wingbeat_proto::flyteidl2::dataproxy::{CreateUploadLocationRequest, CreateUploadLocationResponse};

use super::{Remote, RemoteError, TRIES, wire_duration, write};
use crate::bundle::Bundle;

/// How long a signed URL has to last: an upload of a large bundle over a slow line, and some more.
const URL_LASTS: Duration = Duration::from_mins(15);
const UPLOAD_PATIENCE: Duration = Duration::from_mins(10);
const FIRST_WAIT: Duration = Duration::from_millis(500);

/// The HTTP clients for signed URLs, made when they are first needed. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Uploads {
    clients: Arc<Clients>,
}

#[derive(Debug, Default)]
struct Clients {
    /// For this machine, which no proxy could reach.
    direct: OnceLock<reqwest::Client>,
    /// By the proxy that the environment names, if it does.
    ordinary: OnceLock<reqwest::Client>,
}

/// Why one PUT did not work.
enum PutError {
    /// Another try may.
    Passing(String),
    Final(String),
}

impl Remote {
    /// Uploads a code bundle and gives its URI, which goes into the task's command line. Blocks nothing.
    ///
    /// # Errors
    /// The platform gave no place for it, or the object store did not take it.
    pub async fn upload_bundle(&self, bundle: &Bundle) -> Result<String, RemoteError> {
        self.upload(&bundle.file_name, bundle.archive.clone()).await
    }

    /// Uploads a file and gives its URI.
    ///
    /// # Errors
    /// The platform gave no place for it, or the object store did not take it.
    pub async fn upload(&self, file_name: &str, content: Bytes) -> Result<String, RemoteError> {
        let md5: [u8; 16] = Md5::digest(&content).into();
        let request = CreateUploadLocationRequest {
            project: self.project.clone(),
            domain: self.domain.clone(),
            org: self.org.clone(),
            filename: file_name.to_owned(),
            expires_in: wire_duration(URL_LASTS).into(),
            content_md5: md5.to_vec(),
            add_content_md5_metadata: true,
            ..Default::default()
        };
        let client = self.client.data_proxy();
        let call = |options| client.create_upload_location_with_options(request.clone(), options);
        let place = write("get a place for the upload", call).await?.into_owned();
        let failed = |reason| RemoteError::Upload { file: file_name.to_owned(), reason };
        let mut wait = FIRST_WAIT;
        for tries in 1.. {
            match self.uploads.put(&place, &content, md5).await {
                Ok(()) => return Ok(place.native_url),
                Err(PutError::Passing(_)) if tries < TRIES => {
                    sleep(wait).await;
                    wait *= 2;
                }
                Err(PutError::Passing(reason) | PutError::Final(reason)) => return Err(failed(reason)),
            }
        }
        unreachable!("the last try returns")
    }
}

impl Uploads {
    async fn put(
        &self,
        place: &CreateUploadLocationResponse,
        content: &Bytes,
        md5: [u8; 16],
    ) -> Result<(), PutError> {
        let url: Url = place
            .signed_url
            .parse()
            .map_err(|_| PutError::Final("the platform gave a URL that is none".to_owned()))?;
        let client = self.client(&url).map_err(PutError::Final)?;
        let mut request = client
            .request(Method::PUT, url)
            .timeout(UPLOAD_PATIENCE)
            .header("content-md5", STANDARD.encode(md5))
            .body(content.clone());
        for (name, value) in &place.headers {
            if !name.eq_ignore_ascii_case("content-md5") {
                request = request.header(name, value);
            }
        }
        if place.native_url.starts_with("abfs://") {
            request = request.header("x-ms-blob-type", "BlockBlob");
        }
        match request.send().await {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(refused(answer.status())),
            Err(error) => Err(PutError::Passing(innermost(&error.without_url()))),
        }
    }

    fn client(&self, url: &Url) -> Result<reqwest::Client, String> {
        let is_near = url.host_str().is_some_and(is_this_machine);
        let known = if is_near { &self.clients.direct } else { &self.clients.ordinary };
        if let Some(client) = known.get() {
            return Ok(client.clone());
        }
        // Everything of the program that speaks TLS uses the same provider; whoever comes first sets it.
        let _known = rustls::crypto::ring::default_provider().install_default();
        // A signed URL that leads elsewhere is no business of ours.
        let mut builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        if is_near {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|error| innermost(&error))?;
        Ok(known.get_or_init(|| client).clone())
    }
}

fn is_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn refused(status: StatusCode) -> PutError {
    let reason = format!("it answered with HTTP status {status}");
    if status.is_server_error() || matches!(status.as_u16(), 408 | 429) {
        PutError::Passing(reason)
    } else {
        PutError::Final(reason)
    }
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use reqwest::StatusCode;
    use wingbeat_proto::flyteidl2::dataproxy::CreateUploadLocationResponse;

    use super::{PutError, Uploads, is_this_machine, refused};

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
    fn what_may_pass_is_tried_again() {
        for status in [408, 429, 500, 503] {
            let status = StatusCode::from_u16(status).unwrap();
            assert!(matches!(refused(status), PutError::Passing(_)), "{status}");
        }
        for status in [301, 400, 403, 507].map(|status| StatusCode::from_u16(status).unwrap()) {
            assert_eq!(matches!(refused(status), PutError::Passing(_)), status == 507, "{status}");
        }
    }

    #[tokio::test]
    async fn a_signed_url_is_told_to_nobody() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        for url in [format!("http://127.0.0.1:{port}/x?signature=sesame"), "no url, sesame".to_owned()] {
            let place = CreateUploadLocationResponse { signed_url: url, ..Default::default() };
            let put = Uploads::default().put(&place, &Bytes::from_static(b"x"), [0; 16]).await;
            let Err(PutError::Passing(reason) | PutError::Final(reason)) = put else {
                panic!("nobody listens there");
            };
            assert!(!reason.contains("sesame"), "{reason}");
        }
    }
}
