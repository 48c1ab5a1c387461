//! AuthMetadataService and IdentityService in open mode: nobody has to log in, and everybody is the same user.

use connectrpc::{ConnectError, RequestContext, Response, ServiceRequest, ServiceResult};
use wingbeat_proto::flyteidl2::auth::{
    AuthMetadataService, GetOAuth2MetadataRequest, GetOAuth2MetadataResponse, GetPublicClientConfigRequest,
    GetPublicClientConfigResponse, IdentityService, UserInfoRequest, UserInfoResponse,
};

use super::caller::principal;

/// How to log in: not at all.
pub(crate) struct OpenMetadata;

/// Who calls: always the same.
pub(crate) struct OpenIdentity;

impl AuthMetadataService for OpenMetadata {
    async fn get_o_auth2_metadata(
        &self,
        _ctx: RequestContext,
        _request: ServiceRequest<'_, GetOAuth2MetadataRequest>,
    ) -> ServiceResult<GetOAuth2MetadataResponse> {
        let text =
            "this server lets everybody in and has no identity provider; set `insecure: true` in the client";
        Err(ConnectError::failed_precondition(text))
    }

    async fn get_public_client_config(
        &self,
        _ctx: RequestContext,
        _request: ServiceRequest<'_, GetPublicClientConfigRequest>,
    ) -> ServiceResult<GetPublicClientConfigResponse> {
        let key = "authorization".to_owned();
        Response::ok(GetPublicClientConfigResponse { authorization_metadata_key: key, ..Default::default() })
    }
}

impl IdentityService for OpenIdentity {
    async fn user_info(
        &self,
        ctx: RequestContext,
        _request: ServiceRequest<'_, UserInfoRequest>,
    ) -> ServiceResult<UserInfoResponse> {
        let subject = principal(&ctx).subject();
        Response::ok(UserInfoResponse { name: subject.clone(), subject, ..Default::default() })
    }
}
