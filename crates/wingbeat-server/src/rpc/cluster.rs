//! ClusterService: data lies where the run does, so the answer is always the server that was asked.

use connectrpc::{RequestContext, Response, ServiceRequest, ServiceResult};
use wingbeat_proto::flyteidl2::cluster::{ClusterService, SelectClusterRequest, SelectClusterResponse};

/// See the module's text.
pub(crate) struct OneCluster;

impl ClusterService for OneCluster {
    async fn select_cluster(
        &self,
        _ctx: RequestContext,
        _request: ServiceRequest<'_, SelectClusterRequest>,
    ) -> ServiceResult<SelectClusterResponse> {
        Response::ok(SelectClusterResponse::default())
    }
}
