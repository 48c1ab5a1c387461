//! Uploads to signed URLs, as the platform gives them out. A URL is a key: it never appears in an error or a log.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use md5::{Digest as _, Md5};
use reqwest::{Method, StatusCode, Url};
use tokio::time::sleep;
use wingbeat_client::{Web, may_pass, why};
use wingbeat_proto::flyteidl2::dataproxy::{CreateUploadLocationRequest, CreateUploadLocationResponse};

use super::{Remote, RemoteError, TRIES, wire_duration, write};
use crate::bundle::Bundle;

/// How long a signed URL has to last: an upload of a large bundle over a slow line, and some more.
const URL_LASTS: Duration = Duration::from_mins(15);
const UPLOAD_PATIENCE: Duration = Duration::from_mins(10);
const FIRST_WAIT: Duration = Duration::from_millis(500);

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
            match put(&self.web, &place, &content, md5).await {
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

async fn put(
    web: &Web,
    place: &CreateUploadLocationResponse,
    content: &Bytes,
    md5: [u8; 16],
) -> Result<(), PutError> {
    let url: Url = place
        .signed_url
        .parse()
        .map_err(|_| PutError::Final("the platform gave a URL that is none".to_owned()))?;
    let client = web.client(&url).map_err(PutError::Final)?;
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
        Err(error) => Err(PutError::Passing(why(error))),
    }
}

fn refused(status: StatusCode) -> PutError {
    let reason = format!("it answered with HTTP status {status}");
    if may_pass(status) { PutError::Passing(reason) } else { PutError::Final(reason) }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use wingbeat_proto::flyteidl2::dataproxy::CreateUploadLocationResponse;

    use super::{PutError, Web, put};

    #[tokio::test]
    async fn a_signed_url_is_told_to_nobody() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        for url in [format!("http://127.0.0.1:{port}/x?signature=sesame"), "no url, sesame".to_owned()] {
            let place = CreateUploadLocationResponse { signed_url: url, ..Default::default() };
            let answer = put(&Web::default(), &place, &Bytes::from_static(b"x"), [0; 16]).await;
            let Err(PutError::Passing(reason) | PutError::Final(reason)) = answer else {
                panic!("nobody listens there");
            };
            assert!(!reason.contains("sesame"), "{reason}");
        }
    }
}
