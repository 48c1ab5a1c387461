//! Inputs of a run: checked against the task's interface, stored by their hash before the run is.

use buffa::Message as _;
use bytes::Bytes;
use connectrpc::ConnectError;
use wingbeat_blob::{BlobError, BlobPath, BlobStore, ConfineError, Durability, ScopeKey, offloaded_inputs};
use wingbeat_model::{ProjectKey, Run};
use wingbeat_proto::flyteidl2::task::{Inputs, TaskSpec};

use crate::platform::Platform;

/// The largest inputs that a run may start with; the task's own runtime refuses more.
pub const MAX_INPUTS: u64 = 10 * 1024 * 1024;

/// Inputs that lie in the object store.
pub struct StoredInputs {
    /// The folder that `inputs.pb` lies in.
    pub folder: String,
    /// The SDK's own inputs hash, without ignored inputs.
    pub hash: String,
}

/// Fills defaults in and checks names and types.
///
/// # Errors
/// `invalid_argument` that names the input, what is expected and what was given.
pub fn complete(spec: &TaskSpec, given: Inputs) -> Result<Inputs, ConnectError> {
    let interface = &spec.task_template.interface;
    wingbeat_types::complete_inputs(interface, &spec.default_inputs, given)
        .map_err(|error| ConnectError::invalid_argument(error.to_string()))
}

/// Stores inputs. The same inputs of the same project lie at the same place.
///
/// # Errors
/// `invalid_argument` when they are too large, `resource_exhausted` when the disk is full.
pub async fn store(
    platform: &Platform,
    scope: &ProjectKey,
    spec: &TaskSpec,
    inputs: &Inputs,
) -> Result<StoredInputs, ConnectError> {
    let bytes = inputs.encode_to_vec();
    if bytes.len() as u64 > MAX_INPUTS {
        let text = format!(
            "inputs have {} bytes; at most {MAX_INPUTS} are allowed: pass large data as flyte.io.File or DataFrame",
            bytes.len()
        );
        return Err(ConnectError::invalid_argument(text));
    }
    let ignored = &spec.task_template.metadata.cache_ignore_input_vars;
    let hash = wingbeat_types::inputs_hash(inputs, ignored);
    // Two inputs that differ only in what the cache ignores have one hash, and must not share a file.
    let place = wingbeat_types::content_hash(&bytes);
    let key = ScopeKey { org: &scope.org, project: &scope.project, domain: &scope.domain };
    let path =
        offloaded_inputs(key, &place).map_err(|error| ConnectError::invalid_argument(error.to_string()))?;
    platform
        .blob
        .put_new(&path, Bytes::from(bytes), Durability::Synced)
        .await
        .map_err(|error| blob_error(&error))?;
    let uri = platform.blob.uri(&path);
    let folder = uri.strip_suffix("/inputs.pb").unwrap_or(&uri).to_owned();
    Ok(StoredInputs { folder, hash })
}

/// The file of inputs; clients name it or the folder it lies in.
pub fn file_of(uri: &str) -> String {
    let uri = uri.trim_end_matches('/');
    if uri.ends_with(".pb") { uri.to_owned() } else { format!("{uri}/inputs.pb") }
}

/// Reads inputs that a client says it has stored.
///
/// # Errors
/// `invalid_argument` when the URI points elsewhere, `not_found` when nothing is there.
pub async fn read(platform: &Platform, run: Option<&Run>, uri: &str) -> Result<Inputs, ConnectError> {
    let file = file_of(uri);
    let path = confine(&platform.blob, run, &file).await?;
    let bytes = match platform.blob.get_at_most(&path, MAX_INPUTS).await {
        Ok(bytes) => bytes,
        Err(BlobError::NotFound { .. }) => {
            return Err(ConnectError::not_found(format!("inputs `{file}` are not there (any more)")));
        }
        Err(error) => return Err(blob_error(&error)),
    };
    Inputs::decode_from_slice(&bytes)
        .map_err(|_| ConnectError::invalid_argument(format!("`{file}` does not hold serialized inputs")))
}

/// A URI of a client, if it points to what clients may point to: uploads, stored inputs, the run's own folder.
///
/// # Errors
/// `invalid_argument` that names the URI and where it may point to.
pub async fn confine(blob: &BlobStore, run: Option<&Run>, uri: &str) -> Result<BlobPath, ConnectError> {
    let named = |prefix: &str| BlobPath::parse(prefix).expect("a constant path of one plain segment");
    let mut allowed = vec![named("offloaded-inputs"), named("uploads")];
    if let Some(run) = run {
        let base = blob.check_within(&run.base, &[named("runs"), named("uploads")]).await;
        allowed.extend(base.ok());
    }
    blob.check_within(uri, &allowed).await.map_err(|error| ConnectError::invalid_argument(error.to_string()))
}

/// Where a result lies that an action of this server has stored. A cached or recovered one lies below another run,
/// and a run's base may be below the uploads.
///
/// # Errors
/// The URI points to where no result can be.
pub async fn result_path(blob: &BlobStore, uri: &str) -> Result<BlobPath, ConfineError> {
    let named = |prefix: &str| BlobPath::parse(prefix).expect("a constant path of one plain segment");
    blob.check_within(uri, &[named("runs"), named("uploads")]).await
}

/// What a failed blob operation is on the wire.
pub fn blob_error(error: &BlobError) -> ConnectError {
    match error {
        BlobError::NotFound { .. } => ConnectError::not_found(error.to_string()),
        BlobError::AlreadyExists { .. } => ConnectError::already_exists(error.to_string()),
        BlobError::TooLarge { .. } | BlobError::OutsideRoot { .. } => {
            ConnectError::invalid_argument(error.to_string())
        }
        BlobError::DiskFull { .. } => {
            ConnectError::resource_exhausted("the object store's disk is full; nothing was written")
        }
        BlobError::Io { .. } => {
            tracing::error!(%error, "object store failed");
            ConnectError::unavailable("the object store is not available")
        }
    }
}
