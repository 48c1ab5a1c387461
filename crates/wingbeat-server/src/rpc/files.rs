//! FilesService: files behind the links in an action's inputs and outputs.

use std::sync::Arc;

use connectrpc::{RequestContext, Response, ServiceRequest, ServiceResult};
use wingbeat_blob::Grant;
use wingbeat_idl::time;
use wingbeat_model::Span;
use wingbeat_proto::wingbeat::platform::v1::{
    CreateFileLinkRequest, CreateFileLinkResponse, File, FilesService, ListFilesRequest, ListFilesResponse,
};

use super::caller::principal;
use super::{data_proxy, find};
use crate::platform::Platform;
use crate::use_cases::files;
use crate::use_cases::inputs::blob_error;

/// Life of a link: somebody clicks, or a page reads a few ranges.
const LIFE: Span = Span::from_secs(900);
/// Files of one answer at most.
const MOST: usize = 1_000;

/// See the module's text.
pub(crate) struct Files {
    pub(crate) platform: Arc<Platform>,
}

impl FilesService for Files {
    async fn list_files(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, ListFilesRequest>,
    ) -> ServiceResult<ListFilesResponse> {
        let request = request.to_owned_message();
        let (run, action) =
            find::action(&self.platform, &principal(&ctx), "action_id", &request.action_id).await?;
        let link = files::locate(&self.platform, &run, &action, &request.uri).await?;
        let limit = usize::try_from(request.limit).ok().filter(|limit| (1..=MOST).contains(limit));
        let (files, next) = files::list(&self.platform, &link, &request.token, limit.unwrap_or(MOST)).await?;
        let files =
            files.into_iter().map(|file| File { path: file.path, size: file.size, ..Default::default() });
        Response::ok(ListFilesResponse {
            files: files.collect(),
            token: next.unwrap_or_default(),
            ..Default::default()
        })
    }

    async fn create_file_link(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, CreateFileLinkRequest>,
    ) -> ServiceResult<CreateFileLinkResponse> {
        let request = request.to_owned_message();
        let (run, action) =
            find::action(&self.platform, &principal(&ctx), "action_id", &request.action_id).await?;
        let link = files::locate(&self.platform, &run, &action, &request.uri).await?;
        let path = files::below(&link, &request.path)?;
        let size = self.platform.blob.head(&path).await.map_err(|error| blob_error(&error))?.size;
        let expires_at = self.platform.clock.now() + LIFE;
        let grant = Grant::get(path, expires_at.to_parts().0);
        Response::ok(CreateFileLinkResponse {
            signed_url: data_proxy::sign(&self.platform, &ctx, &grant)?,
            expires_at: time::timestamp(expires_at).into(),
            size,
            ..Default::default()
        })
    }
}
