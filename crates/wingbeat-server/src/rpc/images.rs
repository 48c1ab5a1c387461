//! ImageService for the process executor: tasks run in the Python environment of the machine, so every image
//! is there and nothing has to be built.

use connectrpc::{RequestContext, Response, ServiceRequest, ServiceResult};
use wingbeat_proto::flyteidl2::imagebuilder::{GetImageRequest, GetImageResponse, Image, ImageService};

/// See the module's text.
pub(crate) struct LocalImages;

impl ImageService for LocalImages {
    async fn get_image(
        &self,
        _ctx: RequestContext,
        request: ServiceRequest<'_, GetImageRequest>,
    ) -> ServiceResult<GetImageResponse> {
        let id = request.to_owned_message().id;
        let image = Image { fqin: format!("local/{}", id.name), id, ..Default::default() };
        Response::ok(GetImageResponse { image: image.into(), ..Default::default() })
    }
}
