//! InternalRunService: what other data planes report. Actions can be recorded; states and events of attempts come
//! from executors, through their own protocol, and are refused here in the answer, as the API wants it.

use std::sync::Arc;

use connectrpc::{
    ConnectError, InboundStream, RequestContext, Response, ServiceRequest, ServiceResult, ServiceStream,
};
use futures::StreamExt as _;
use wingbeat_model::Principal;
use wingbeat_proto::flyteidl2::actions::{Action, EnqueueRequest, action};
use wingbeat_proto::flyteidl2::common::ActionIdentifier;
use wingbeat_proto::flyteidl2::workflow::{
    InternalRunService, RecordActionEventResponse, RecordActionEventStreamRequest,
    RecordActionEventStreamResponse, RecordActionEventsRequest, RecordActionEventsResponse,
    RecordActionRequest, RecordActionResponse, RecordActionStreamRequest, RecordActionStreamResponse,
    UpdateActionStatusRequest, UpdateActionStatusResponse, UpdateActionStatusStreamRequest,
    UpdateActionStatusStreamResponse, record_action_request,
};
use wingbeat_proto::google::rpc::Status;

use super::caller::principal;
use super::find;
use crate::platform::Platform;
use crate::use_cases::enqueue;

/// Number of `FAILED_PRECONDITION` in `google.rpc.Status`.
const FAILED_PRECONDITION: i32 = 9;

/// See the module's text.
pub(crate) struct InternalRuns {
    pub(crate) platform: Arc<Platform>,
}

impl InternalRunService for InternalRuns {
    async fn record_action(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, RecordActionRequest>,
    ) -> ServiceResult<RecordActionResponse> {
        Response::ok(record(&self.platform, &principal(&ctx), request.to_owned_message()).await)
    }

    async fn record_action_stream(
        &self,
        ctx: RequestContext,
        requests: InboundStream<RecordActionStreamRequest>,
    ) -> ServiceResult<ServiceStream<RecordActionStreamResponse>> {
        let (platform, principal) = (self.platform.clone(), principal(&ctx));
        let answers = requests.then(move |request| {
            let (platform, principal) = (platform.clone(), principal.clone());
            async move {
                let request = request?.to_owned_message().request.into_option().unwrap_or_default();
                let response = record(&platform, &principal, request).await;
                Ok(RecordActionStreamResponse { response: response.into(), ..Default::default() })
            }
        });
        Ok(Response::stream(Box::pin(answers)))
    }

    async fn update_action_status(
        &self,
        _ctx: RequestContext,
        request: ServiceRequest<'_, UpdateActionStatusRequest>,
    ) -> ServiceResult<UpdateActionStatusResponse> {
        Response::ok(refuse_status(request.to_owned_message()))
    }

    async fn update_action_status_stream(
        &self,
        _ctx: RequestContext,
        requests: InboundStream<UpdateActionStatusStreamRequest>,
    ) -> ServiceResult<ServiceStream<UpdateActionStatusStreamResponse>> {
        let answers = requests.map(|request| {
            let request = request?.to_owned_message();
            let response = refuse_status(request.request.into_option().unwrap_or_default()).into();
            Ok(UpdateActionStatusStreamResponse { response, nonce: request.nonce, ..Default::default() })
        });
        Ok(Response::stream(Box::pin(answers)))
    }

    async fn record_action_events(
        &self,
        _ctx: RequestContext,
        _request: ServiceRequest<'_, RecordActionEventsRequest>,
    ) -> ServiceResult<RecordActionEventsResponse> {
        Response::ok(RecordActionEventsResponse { status: refusal().into(), ..Default::default() })
    }

    async fn record_action_event_stream(
        &self,
        _ctx: RequestContext,
        requests: InboundStream<RecordActionEventStreamRequest>,
    ) -> ServiceResult<ServiceStream<RecordActionEventStreamResponse>> {
        let answers = requests.map(|request| {
            let request = request?.to_owned_message();
            let action_id = request.request.event.id.clone();
            let response =
                RecordActionEventResponse { action_id, status: refusal().into(), ..Default::default() };
            let nonce = request.nonce;
            Ok(RecordActionEventStreamResponse { response: response.into(), nonce, ..Default::default() })
        });
        Ok(Response::stream(Box::pin(answers)))
    }
}

fn refuse_status(request: UpdateActionStatusRequest) -> UpdateActionStatusResponse {
    UpdateActionStatusResponse {
        action_id: request.action_id,
        status: refusal().into(),
        ..Default::default()
    }
}

fn refusal() -> Status {
    Status {
        code: FAILED_PRECONDITION,
        message: "executors report through wingbeat.executor.v1.ExecutorService; nothing was changed"
            .to_owned(),
        ..Default::default()
    }
}

/// Adds an action; a repetition changes nothing.
async fn record(
    platform: &Arc<Platform>,
    principal: &Principal,
    request: RecordActionRequest,
) -> RecordActionResponse {
    let id = request.action_id.clone();
    let status = match enqueue_of(platform, principal, &id, request).await {
        Ok(enqueue) => enqueue::enqueue(platform, principal, enqueue).await,
        Err(error) => Err(error),
    };
    let status = match status {
        Ok(()) => Status::default(),
        Err(error) => Status {
            code: error.code.grpc_code().try_into().unwrap_or(FAILED_PRECONDITION),
            message: error.message.unwrap_or_default(),
            ..Default::default()
        },
    };
    RecordActionResponse { action_id: id, status: status.into(), ..Default::default() }
}

async fn enqueue_of(
    platform: &Platform,
    caller: &Principal,
    id: &ActionIdentifier,
    request: RecordActionRequest,
) -> Result<EnqueueRequest, ConnectError> {
    let run = find::run(platform, caller, "action_id.run", &id.run).await?;
    let spec = request.spec.map(|spec| match spec {
        record_action_request::Spec::Task(task) => action::Spec::Task(task),
        record_action_request::Spec::Trace(trace) => action::Spec::Trace(trace),
        record_action_request::Spec::Condition(condition) => action::Spec::Condition(condition),
    });
    let action = Action {
        action_id: request.action_id,
        parent_action_name: Some(request.parent),
        input_uri: request.input_uri,
        run_output_base: run.base,
        group: request.group,
        subject: request.subject,
        spec,
        recovered_from: request.recovered_from,
        ..Default::default()
    };
    Ok(EnqueueRequest { action: action.into(), ..Default::default() })
}
