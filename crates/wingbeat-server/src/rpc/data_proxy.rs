//! DataProxyService: signed URLs, inputs, outputs and logs.

use std::sync::Arc;

use connectrpc::{ConnectError, RequestContext, Response, ServiceRequest, ServiceResult, ServiceStream};
use wingbeat_blob::{BlobPath, Disposition, Grant, ScopeKey, UploadFolder, upload_path};
use wingbeat_idl::{ids, time};
use wingbeat_model::{Principal, ProjectKey, Span, Timestamp, Verb};
use wingbeat_proto::flyteidl2::common::OffloadedInputData;
use wingbeat_proto::flyteidl2::dataproxy::{
    ArtifactType, CreateDownloadLinkRequest, CreateDownloadLinkResponse, CreateUploadLocationRequest,
    CreateUploadLocationResponse, DataProxyService, GetActionDataRequest, GetActionDataResponse,
    PreSignedURLs, TailLogsRequest, TailLogsResponse, UploadInputsRequest, UploadInputsResponse,
    create_download_link_request, tail_logs_response, upload_inputs_request,
};
use wingbeat_proto::flyteidl2::task::TaskSpec;

use super::caller::{bad_id, principal};
use super::log_stream::Tail;
use super::{deployed_spec, find, read_failed, stream};
use crate::http::BaseUrl;
use crate::platform::Platform;
use crate::use_cases::inputs::{blob_error, confine, result_path};
use crate::use_cases::{action_data, create_run, inputs};

/// Longest life of a signed URL.
const MAX_LIFE: Span = Span::from_secs(3_600);
/// Life of a signed URL for which the client asks nothing.
const USUAL_LIFE: Span = Span::from_secs(900);
/// Largest upload that a client may announce.
const MAX_UPLOAD: i64 = 5 * 1024 * 1024 * 1024;

/// See the module's text.
pub(crate) struct DataProxy {
    pub(crate) platform: Arc<Platform>,
}

impl DataProxyService for DataProxy {
    async fn create_upload_location(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, CreateUploadLocationRequest>,
    ) -> ServiceResult<CreateUploadLocationResponse> {
        let request = request.to_owned_message();
        let scope = ids::scope("request", &request.project, &request.domain).map_err(bad_id)?;
        self.platform.authorize(&principal(&ctx), Verb::Upload, Some(&scope))?;
        create_run::check_project(&self.platform, &scope).await?;
        let path = upload_target(&scope, &request)?;
        self.refuse_other_content(&path, &request).await?;
        let expires_at = self.expiry(request.expires_in.as_option());
        let md5 = md5_of(&request.content_md5)?;
        let mut grant = Grant::put(path.clone(), expires_at.to_parts().0);
        grant.content_md5 = md5;
        grant.content_length = u64::try_from(request.content_length).ok().filter(|length| *length > 0);
        let signed_url = sign(&self.platform, &ctx, &grant)?;
        let header = md5.map(|md5| ("Content-MD5".to_owned(), wingbeat_blob::urls::md5_to_base64(&md5)));
        Response::ok(CreateUploadLocationResponse {
            signed_url,
            native_url: self.platform.blob.uri(&path),
            expires_at: time::timestamp(expires_at).into(),
            headers: header.into_iter().collect(),
            ..Default::default()
        })
    }

    async fn upload_inputs(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, UploadInputsRequest>,
    ) -> ServiceResult<UploadInputsResponse> {
        let request = request.to_owned_message();
        let scope = match &request.id {
            Some(upload_inputs_request::Id::RunId(id)) => ids::run("run_id", id).map_err(bad_id)?.scope,
            Some(upload_inputs_request::Id::ProjectId(id)) => {
                ids::project("project_id", id).map_err(bad_id)?
            }
            None => return Err(ConnectError::invalid_argument("id: run_id or project_id must be set")),
        };
        self.platform.authorize(&principal(&ctx), Verb::Upload, Some(&scope))?;
        create_run::check_project(&self.platform, &scope).await?;
        if !request.base_dir.is_empty() {
            confine(&self.platform.blob, None, &request.base_dir).await?;
        }
        let spec = self.spec_of(&principal(&ctx), &request).await?;
        let stored = inputs::store(&self.platform, &scope, &spec, &request.inputs).await?;
        // The client insists on a hash, and has none of its own for no inputs.
        let hash = if stored.hash.is_empty() { wingbeat_types::content_hash(&[]) } else { stored.hash };
        let data = OffloadedInputData { uri: stored.folder, inputs_hash: hash, ..Default::default() };
        Response::ok(UploadInputsResponse { offloaded_input_data: data.into(), ..Default::default() })
    }

    async fn create_download_link(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, CreateDownloadLinkRequest>,
    ) -> ServiceResult<CreateDownloadLinkResponse> {
        let request = request.to_owned_message();
        let kind = request.artifact_type.as_known();
        let path = match kind {
            Some(ArtifactType::ARTIFACT_TYPE_REPORT) => self.report(&principal(&ctx), &request).await?,
            Some(ArtifactType::ARTIFACT_TYPE_CODE_BUNDLE) => {
                self.code_bundle(&principal(&ctx), &request).await?
            }
            _ => return Err(ConnectError::invalid_argument("artifact_type must be REPORT or CODE_BUNDLE")),
        };
        self.platform.blob.head(&path).await.map_err(|error| blob_error(&error))?;
        let expires_at = self.expiry(request.expires_in.as_option());
        let mut grant = Grant::get(path, expires_at.to_parts().0);
        if kind == Some(ArtifactType::ARTIFACT_TYPE_REPORT) {
            grant.disposition = Disposition::Inline;
            grant.content_type = Some("text/html; charset=utf-8".to_owned());
        }
        let urls = PreSignedURLs {
            signed_url: vec![sign(&self.platform, &ctx, &grant)?],
            expires_at: time::timestamp(expires_at).into(),
            ..Default::default()
        };
        Response::ok(CreateDownloadLinkResponse { pre_signed_urls: urls.into(), ..Default::default() })
    }

    async fn get_action_data(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, GetActionDataRequest>,
    ) -> ServiceResult<GetActionDataResponse> {
        let request = request.to_owned_message();
        let (run, action) =
            find::action(&self.platform, &principal(&ctx), "action_id", &request.action_id).await?;
        let data = action_data::read(&self.platform, &run, &action).await?;
        Response::ok(GetActionDataResponse {
            inputs: data.inputs.into(),
            outputs: data.outputs.into(),
            inputs_uri: data.inputs_uri,
            outputs_uri: data.outputs_uri,
            ..Default::default()
        })
    }

    async fn tail_logs(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, TailLogsRequest>,
    ) -> ServiceResult<ServiceStream<TailLogsResponse>> {
        let request = request.to_owned_message();
        let (run, action) =
            find::action(&self.platform, &principal(&ctx), "action_id", &request.action_id).await?;
        let tail = Tail::new(&self.platform, &run, &action, request.attempt)?;
        Ok(Response::stream(tail_stream(&self.platform, tail, |_, lines| lines)))
    }
}

impl DataProxy {
    fn expiry(&self, wanted: Option<&buffa_types::google::protobuf::Duration>) -> Timestamp {
        let life = wanted.map(time::from_duration).filter(|life| !life.is_zero()).unwrap_or(USUAL_LIFE);
        self.platform.clock.now() + life.min(MAX_LIFE)
    }

    /// An object under a name that the client chose may be written again only with the same content.
    async fn refuse_other_content(
        &self,
        path: &BlobPath,
        request: &CreateUploadLocationRequest,
    ) -> Result<(), ConnectError> {
        if request.filename_root.is_empty() || request.content_md5.is_empty() {
            return Ok(());
        }
        match self.platform.blob.md5(path).await {
            Ok(known) if known.as_slice() == request.content_md5 => Ok(()),
            Ok(_) => {
                let text = format!("`{}` is there already, with other content", self.platform.blob.uri(path));
                Err(ConnectError::already_exists(text))
            }
            Err(wingbeat_blob::BlobError::NotFound { .. }) => Ok(()),
            Err(error) => Err(blob_error(&error)),
        }
    }

    async fn spec_of(
        &self,
        caller: &Principal,
        request: &UploadInputsRequest,
    ) -> Result<TaskSpec, ConnectError> {
        match &request.task {
            Some(upload_inputs_request::Task::TaskSpec(spec)) => Ok(spec.as_ref().clone()),
            Some(upload_inputs_request::Task::TaskId(id)) => deployed_spec(&self.platform, caller, id).await,
            Some(upload_inputs_request::Task::TriggerName(name)) => {
                let text = format!("trigger `{}`: this server has no triggers yet", name.name);
                Err(ConnectError::failed_precondition(text))
            }
            None => Err(ConnectError::invalid_argument("task: task_id or task_spec must be set")),
        }
    }

    async fn report(
        &self,
        caller: &Principal,
        request: &CreateDownloadLinkRequest,
    ) -> Result<BlobPath, ConnectError> {
        let Some(create_download_link_request::Source::ActionAttemptId(id)) = &request.source else {
            return Err(ConnectError::invalid_argument("source: a report belongs to an action_attempt_id"));
        };
        let (run, action) =
            find::action(&self.platform, caller, "action_attempt_id.action_id", &id.action_id).await?;
        let attempts = self.platform.store.list_attempts(&action.key).await.map_err(read_failed)?;
        let given = attempts.into_iter().find(|attempt| attempt.key.attempt == id.attempt);
        let uri = if let Some(attempt) = given {
            // While it runs, the task may flush its report at any time.
            let usual = || format!("{}{}/{}/report.html", run.base, action.key.name, id.attempt);
            attempt.report_uri.unwrap_or_else(usual)
        } else {
            // A cached or recovered result has the report of the attempt that computed it.
            let folder = action.outcome().map(wingbeat_model::ActionOutcome::output_uri).unwrap_or_default();
            format!("{}/report.html", folder.trim_end_matches('/'))
        };
        let found = result_path(&self.platform.blob, &uri).await;
        found.map_err(|_| ConnectError::not_found(format!("action `{}` has no report", action.key.name)))
    }

    async fn code_bundle(
        &self,
        caller: &Principal,
        request: &CreateDownloadLinkRequest,
    ) -> Result<BlobPath, ConnectError> {
        let spec = match &request.source {
            Some(create_download_link_request::Source::TaskId(id)) => {
                deployed_spec(&self.platform, caller, id).await?
            }
            Some(create_download_link_request::Source::ActionAttemptId(id)) => {
                let (_, action) =
                    find::action(&self.platform, caller, "action_attempt_id.action_id", &id.action_id)
                        .await?;
                let bytes = self.platform.spec(&action.spec).await?;
                let spec =
                    bytes.and_then(|bytes| <TaskSpec as buffa::Message>::decode_from_slice(&bytes).ok());
                spec.ok_or_else(|| ConnectError::data_loss("the action's spec is not in the store"))?
            }
            _ => {
                return Err(ConnectError::invalid_argument(
                    "source: task_id or action_attempt_id must be set",
                ));
            }
        };
        let uri = &spec.task_template.metadata.code_bundle_uri;
        if uri.is_empty() {
            return Err(ConnectError::not_found("the task was sent without a code bundle"));
        }
        confine(&self.platform.blob, None, uri).await
    }
}

/// The URL that permits what `grant` says, at the address that the caller uses.
pub(super) fn sign(platform: &Platform, ctx: &RequestContext, grant: &Grant) -> Result<String, ConnectError> {
    let path =
        platform.signer.sign(grant).map_err(|error| ConnectError::invalid_argument(error.to_string()))?;
    let base = ctx.extensions().get::<BaseUrl>().map(|base| base.0.clone()).unwrap_or_default();
    Ok(format!("{base}{path}"))
}

/// Lines of an attempt, each batch with the number of the line after it.
pub(super) fn tail_stream<T: Send + 'static>(
    platform: &Platform,
    tail: Tail,
    wrap: impl Fn(u64, TailLogsResponse) -> T + Send + Sync + 'static,
) -> ServiceStream<T> {
    stream::produce_until(platform, "tail-logs", stream::AtDrain::SayUnavailable, move |sink| {
        tail.run(sink, move |next, lines| {
            let logs = tail_logs_response::Logs { lines, ..Default::default() };
            let logs = if logs.lines.is_empty() { Vec::new() } else { vec![logs] };
            wrap(next, TailLogsResponse { logs, ..Default::default() })
        })
    })
}

fn upload_target(
    scope: &ProjectKey,
    request: &CreateUploadLocationRequest,
) -> Result<BlobPath, ConnectError> {
    let md5 = md5_of(&request.content_md5)?;
    if request.content_length > MAX_UPLOAD {
        let text =
            format!("content_length {} is over the limit of {MAX_UPLOAD} bytes", request.content_length);
        return Err(ConnectError::invalid_argument(text));
    }
    let folder = match (request.filename_root.as_str(), md5) {
        ("", None) => {
            return Err(ConnectError::invalid_argument("content_md5 or filename_root must be set"));
        }
        ("", Some(md5)) => UploadFolder::Md5(md5),
        (root, _) => UploadFolder::Named(root),
    };
    if request.filename.is_empty() {
        return Err(ConnectError::invalid_argument("filename must be set"));
    }
    let key = ScopeKey { org: &scope.org, project: &scope.project, domain: &scope.domain };
    upload_path(key, folder, &request.filename)
        .map_err(|error| ConnectError::invalid_argument(error.to_string()))
}

fn md5_of(bytes: &[u8]) -> Result<Option<[u8; 16]>, ConnectError> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let text = format!("content_md5 must have 16 bytes, got {}", bytes.len());
    bytes.try_into().map(Some).map_err(|_| ConnectError::invalid_argument(text))
}
