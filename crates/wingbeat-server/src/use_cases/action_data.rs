//! Inputs and outputs of an action, read from the object store.

use buffa::Message as _;
use connectrpc::ConnectError;
use wingbeat_blob::{BlobError, BlobPath};
use wingbeat_model::{Action, ActionKind, Run};
use wingbeat_proto::flyteidl2::task::{Inputs, Outputs};

use super::inputs::{blob_error, confine, result_path};
use crate::dispatch::input_file;
use crate::platform::Platform;
use crate::rpc::run_service::outputs_uri;

/// The most that is answered inline.
const MAX_DATA: u64 = 32 * 1024 * 1024;

/// What an action got and gave.
pub struct ActionData {
    /// Its inputs.
    pub inputs: Inputs,
    /// Its outputs; empty while there are none, and for failed actions.
    pub outputs: Outputs,
    /// File of the inputs.
    pub inputs_uri: String,
    /// File of the outputs, or empty.
    pub outputs_uri: String,
}

/// Reads both.
///
/// # Errors
/// `not_found` when something that must be there is gone; the text says `inputs` or `outputs`.
pub async fn read(platform: &Platform, run: &Run, action: &Action) -> Result<ActionData, ConnectError> {
    let inputs_uri = input_file(action);
    let outputs_uri = outputs_uri(action);
    let mut data =
        ActionData { inputs: Inputs::default(), outputs: Outputs::default(), inputs_uri, outputs_uri };
    // A condition has no inputs; the client sends a placeholder.
    if action.kind != ActionKind::Condition {
        let bytes = bytes(platform, run, &data.inputs_uri, "inputs").await?;
        data.inputs = Inputs::decode_from_slice(&bytes)
            .map_err(|_| ConnectError::data_loss("the action's inputs cannot be decoded"))?;
    }
    if !data.outputs_uri.is_empty() {
        let bytes = bytes(platform, run, &data.outputs_uri, "outputs").await?;
        data.outputs = Outputs::decode_from_slice(&bytes)
            .map_err(|_| ConnectError::data_loss("the action's outputs cannot be decoded"))?;
    }
    Ok(data)
}

async fn bytes(platform: &Platform, run: &Run, uri: &str, what: &str) -> Result<bytes::Bytes, ConnectError> {
    let path = locate(platform, run, uri).await?;
    match platform.blob.get_at_most(&path, MAX_DATA).await {
        Ok(bytes) => Ok(bytes),
        Err(BlobError::NotFound { .. }) => Err(ConnectError::not_found(format!(
            "the action's {what} are no longer in the object store: `{uri}`"
        ))),
        Err(error) => Err(blob_error(&error)),
    }
}

/// Results that were cached or recovered lie below other runs; both were written by this server.
async fn locate(platform: &Platform, run: &Run, uri: &str) -> Result<BlobPath, ConnectError> {
    if let Ok(path) = confine(&platform.blob, Some(run), uri).await {
        return Ok(path);
    }
    let found = result_path(&platform.blob, uri).await;
    found.map_err(|error| ConnectError::invalid_argument(error.to_string()))
}
