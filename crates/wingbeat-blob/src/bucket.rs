//! Opens an S3 bucket, and finds out at the start whether it can be used.
//!
//! Settings come as variables in AWS's own names (`AWS_ACCESS_KEY_ID`, `AWS_REGION`, `AWS_ENDPOINT_URL`, …), given by
//! whoever read the environment. Their values never appear in an error: of what S3 answers, only the code is told.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt as _;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::prefix::PrefixStore;
use object_store::{BackoffConfig, ClientOptions, ObjectStore, RetryConfig};

use crate::address::S3Address;
use crate::path::RESERVED_SEGMENT;
use crate::store::{BlobStore, Durability, Place};

/// Longest time that a start waits for the bucket.
const CHECK_PATIENCE: Duration = Duration::from_secs(20);
/// No byte for so long: the connection is dead.
const SILENCE: Duration = Duration::from_secs(30);
/// Time for one request with everything that is sent in it.
const REQUEST_PATIENCE: Duration = Duration::from_mins(5);
/// What is retried, is retried this often; then the caller decides.
const MOST_RETRIES: usize = 4;

/// Why a bucket cannot be used. The texts name no credential.
#[derive(Debug, thiserror::Error)]
pub enum BucketError {
    /// The settings contradict each other, or one cannot be read.
    #[error("the settings for {store} cannot be used: {reason}")]
    Settings {
        /// The bucket.
        store: String,
        /// What is wrong.
        reason: String,
    },
    /// The endpoint answers, and has no such bucket.
    #[error("the bucket of {store} does not exist at {endpoint}")]
    Missing {
        /// The bucket.
        store: String,
        /// Who was asked.
        endpoint: String,
    },
    /// It is there, and these credentials may not use it.
    #[error("{endpoint} denies the right to {what} {store} ({code})")]
    Denied {
        /// The bucket.
        store: String,
        /// Who was asked.
        endpoint: String,
        /// What was tried.
        what: &'static str,
        /// S3's word for it.
        code: String,
    },
    /// Nobody answers, or not in time.
    #[error("{endpoint} did not answer when it was asked to {what} {store}: {reason}")]
    Unreachable {
        /// The bucket.
        store: String,
        /// Who was asked.
        endpoint: String,
        /// What was tried.
        what: &'static str,
        /// What the connection said.
        reason: String,
    },
    /// Any other answer.
    #[error("{endpoint} could not {what} {store} ({code})")]
    Failed {
        /// The bucket.
        store: String,
        /// Who was asked.
        endpoint: String,
        /// What was tried.
        what: &'static str,
        /// S3's word for it.
        code: String,
    },
}

/// What is looked up among the variables: the first that is set.
pub(crate) fn endpoint(variables: &[(String, String)]) -> Option<&str> {
    ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"].iter().find_map(|wanted| {
        variables.iter().find(|(name, value)| name == wanted && !value.is_empty()).map(|(_, value)| &**value)
    })
}

impl BlobStore {
    /// Prepares a store in a bucket; nothing is asked yet. `variables` are the process's environment, of which
    /// those that begin with `AWS_` count.
    ///
    /// # Errors
    /// [`BucketError::Settings`].
    pub fn open_s3(address: &S3Address, variables: &[(String, String)]) -> Result<Self, BucketError> {
        // Both parts of the program that speak TLS use the same provider; whoever comes first sets it.
        let _known = rustls::crypto::ring::default_provider().install_default();
        let settings = |reason: String| BucketError::Settings { store: address.to_string(), reason };
        let endpoint = endpoint(variables);
        let is_set = |name: &str| variables.iter().any(|(known, value)| known == name && value == "true");
        if endpoint.is_some_and(|url| url.starts_with("http://")) && !is_set("AWS_ALLOW_HTTP") {
            let reason = "the endpoint is http://, where everybody on the way can read along; \
                          set AWS_ALLOW_HTTP=true if that is wanted";
            return Err(settings(reason.to_owned()));
        }
        let mut builder = AmazonS3Builder::new();
        for (name, value) in variables.iter().filter(|(name, _)| name.starts_with("AWS_")) {
            if let Ok(key) = name.to_ascii_lowercase().parse::<AmazonS3ConfigKey>() {
                builder = builder.with_config(key, value);
            }
        }
        if let Some(url) = endpoint {
            builder = builder.with_endpoint(url);
        }
        let plain = endpoint.is_some_and(|url| url.starts_with("http://"));
        let options = ClientOptions::new()
            .with_allow_http(plain)
            .with_timeout(REQUEST_PATIENCE)
            .with_read_timeout(SILENCE);
        let retry = RetryConfig {
            max_retries: MOST_RETRIES,
            retry_timeout: CHECK_PATIENCE,
            backoff: BackoffConfig::default(),
        };
        let bucket = builder
            .with_bucket_name(&address.bucket)
            .with_client_options(options)
            .with_retry(retry)
            .build()
            .map_err(|error| settings(error.to_string()))?;
        let storage: Arc<dyn ObjectStore> = match &address.prefix {
            Some(prefix) => Arc::new(PrefixStore::new(bucket, prefix.to_object())),
            None => Arc::new(bucket),
        };
        let endpoint = endpoint.map_or_else(|| "Amazon S3".to_owned(), without_user);
        Ok(Self::in_place(storage.clone(), storage, Place::Bucket { address: address.clone(), endpoint }))
    }

    /// Writes, reads and lists a small object, so that what is in the way is known at the start. A store on the
    /// local disk was checked when it was opened.
    ///
    /// # Errors
    /// [`BucketError`] says what to change.
    pub async fn check(&self) -> Result<(), BucketError> {
        let Place::Bucket { address, endpoint } = self.place() else { return Ok(()) };
        let storage = self.storage(Durability::Synced);
        let mark = object_store::path::Path::parse(format!("{RESERVED_SEGMENT}/store"))
            .expect("two plain segments are a path");
        let tries = async {
            let content = Bytes::from_static(b"This bucket holds the objects of a Wingbeat platform.\n");
            storage
                .put_opts(&mark, content.into(), object_store::PutOptions::default())
                .await
                .map_err(|error| ("write to", error))?;
            let read = storage.get_opts(&mark, object_store::GetOptions::default()).await;
            read.map_err(|error| ("read from", error))?;
            let folder = object_store::path::Path::from(RESERVED_SEGMENT);
            storage.list(Some(&folder)).try_next().await.map_err(|error| ("list", error))?;
            Ok(())
        };
        match tokio::time::timeout(CHECK_PATIENCE, tries).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err((what, error))) => Err(judge(address, endpoint, what, &error)),
            Err(_) => Err(BucketError::Unreachable {
                store: address.to_string(),
                endpoint: endpoint.clone(),
                what: "use",
                reason: format!("nothing came within {} s", CHECK_PATIENCE.as_secs()),
            }),
        }
    }
}

fn judge(
    address: &S3Address,
    endpoint: &str,
    what: &'static str,
    error: &object_store::Error,
) -> BucketError {
    let (store, endpoint, text) = (address.to_string(), endpoint.to_owned(), error.to_string());
    let code = code_in(&text);
    let denied = matches!(
        error,
        object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. }
    );
    match code {
        Some("NoSuchBucket") => BucketError::Missing { store, endpoint },
        code if denied => {
            let code = code.unwrap_or("no reason given").to_owned();
            BucketError::Denied { store, endpoint, what, code }
        }
        Some(code) => BucketError::Failed { store, endpoint, what, code: code.to_owned() },
        None if matches!(error, object_store::Error::NotFound { .. }) => {
            BucketError::Missing { store, endpoint }
        }
        None => BucketError::Unreachable { store, endpoint, what, reason: root_cause(error) },
    }
}

/// `<Code>NoSuchBucket</Code>` of an answer. The rest of it may repeat parts of the request.
fn code_in(answer: &str) -> Option<&str> {
    let code = answer.split_once("<Code>")?.1.split_once("</Code>")?.0;
    code.bytes().all(|byte| byte.is_ascii_alphanumeric()).then_some(code)
}

/// The innermost cause: `Connection refused (os error 111)`.
fn root_cause(error: &object_store::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

/// An endpoint as it may be shown: somebody may have written a password into it.
fn without_user(url: &str) -> String {
    match url.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.rsplit_once('@')?.1))) {
        Some((scheme, host)) => format!("{scheme}://{host}"),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{BucketError, code_in, without_user};
    use crate::address::S3Address;
    use crate::store::BlobStore;

    fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn only_the_code_of_an_answer_is_told() {
        let answer = "status 403: <Error><Code>SignatureDoesNotMatch</Code><Key>secret</Key></Error>";
        assert_eq!(code_in(answer), Some("SignatureDoesNotMatch"));
        assert_eq!(code_in("<Code>a secret</Code>"), None);
        assert_eq!(code_in("connection refused"), None);
    }

    #[test]
    fn an_endpoint_is_shown_without_a_password() {
        assert_eq!(without_user("https://user:secret@host:9000"), "https://host:9000");
        assert_eq!(without_user("https://host:9000"), "https://host:9000");
    }

    #[test]
    fn plain_http_has_to_be_asked_for() {
        let address = S3Address::parse("s3://data").unwrap();
        let plain = [("AWS_ENDPOINT_URL", "http://localhost:1"), ("AWS_REGION", "us-east-1")];
        let refused = BlobStore::open_s3(&address, &variables(&plain)).unwrap_err();
        assert!(matches!(refused, BucketError::Settings { .. }), "{refused}");
        let allowed = [&plain[..], &[("AWS_ALLOW_HTTP", "true")]].concat();
        BlobStore::open_s3(&address, &variables(&allowed)).unwrap();
    }

    #[tokio::test]
    async fn an_endpoint_where_nobody_listens_is_said_to_be_unreachable() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let endpoint = format!("http://127.0.0.1:{port}");
        let given = variables(&[
            ("AWS_ENDPOINT_URL", endpoint.as_str()),
            ("AWS_ALLOW_HTTP", "true"),
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "sesame-open"),
        ]);
        let store = BlobStore::open_s3(&S3Address::parse("s3://data/x").unwrap(), &given).unwrap();
        let error = store.check().await.unwrap_err();
        assert!(matches!(error, BucketError::Unreachable { .. }), "{error:?}");
        let told = error.to_string();
        assert!(told.contains(&endpoint) && told.contains("s3://data/x"), "{told}");
        assert!(!told.contains("sesame") && !told.contains("AKID"), "{told}");
    }
}
