//! RunService: runs and their actions, for clients. Reading and watching are in `lists` and `watches`.

mod lists;
pub(super) mod watches;

#[cfg(feature = "simulation")]
pub(crate) use watches::actions as watch_actions;

use std::sync::Arc;

use connectrpc::{ConnectError, RequestContext, Response, ServiceRequest, ServiceResult, ServiceStream};
use wingbeat_engine::Command;
use wingbeat_model::{Action, ActionKey, ActionKind, Run, Verb};
use wingbeat_proto::flyteidl2::core::{Literal, Primitive, Scalar, literal, primitive, scalar};
use wingbeat_proto::flyteidl2::workflow::{
    AbortActionRequest, AbortActionResponse, AbortRunRequest, AbortRunResponse, CreateRunRequest,
    CreateRunResponse, EventPayload, GetActionDataRequest, GetActionDataResponse, GetActionDataURIsRequest,
    GetActionDataURIsResponse, GetActionDetailsRequest, GetActionDetailsResponse, GetActionLogContextRequest,
    GetActionLogContextResponse, GetRunDetailsRequest, GetRunDetailsResponse, ListActionsRequest,
    ListActionsResponse, ListRunsRequest, ListRunsResponse, RunDetails, RunService, SignalEventRequest,
    SignalEventResponse, WatchActionDetailsRequest, WatchActionDetailsResponse, WatchActionsRequest,
    WatchActionsResponse, WatchClusterEventsRequest, WatchClusterEventsResponse, WatchGroupsRequest,
    WatchGroupsResponse, WatchRunDetailsRequest, WatchRunDetailsResponse, WatchRunsRequest,
    WatchRunsResponse, event_payload,
};

use super::caller::{attempt, principal};
use super::{find, signal, view};
use crate::dispatch::input_file;
use crate::platform::{Platform, read_error, submit_error};
use crate::use_cases::create_run;

/// See the module's text.
pub struct Runs {
    pub(crate) platform: Arc<Platform>,
}

impl RunService for Runs {
    async fn create_run(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, CreateRunRequest>,
    ) -> ServiceResult<CreateRunResponse> {
        let principal = principal(&ctx);
        let request_id = ctx.header("x-request-id").and_then(|value| value.to_str().ok()).map(str::to_owned);
        let request = request.to_owned_message();
        let org = lists::org_of(&request);
        let created =
            create_run::create_run(&self.platform, &principal, request_id.as_deref(), request).await?;
        let run = view::run(&org, &created.run, &created.root);
        Response::ok(CreateRunResponse { run: run.into(), ..Default::default() })
    }

    async fn abort_run(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, AbortRunRequest>,
    ) -> ServiceResult<AbortRunResponse> {
        let request = request.to_owned_message();
        let run = find::run(&self.platform, &principal(&ctx), "run_id", &request.run_id).await?;
        let reason = request.reason.unwrap_or_default();
        self.abort(&ctx, &run, ActionKey::root(run.id), reason).await?;
        Response::ok(AbortRunResponse::default())
    }

    async fn abort_action(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, AbortActionRequest>,
    ) -> ServiceResult<AbortActionResponse> {
        let request = request.to_owned_message();
        let (run, action) =
            find::action(&self.platform, &principal(&ctx), "action_id", &request.action_id).await?;
        self.abort(&ctx, &run, action.key, request.reason).await?;
        Response::ok(AbortActionResponse::default())
    }

    async fn get_run_details(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, GetRunDetailsRequest>,
    ) -> ServiceResult<GetRunDetailsResponse> {
        let request = request.to_owned_message();
        let run = find::run(&self.platform, &principal(&ctx), "run_id", &request.run_id).await?;
        let details = self.run_details(&request.run_id.org, &run).await?;
        Response::ok(GetRunDetailsResponse { details: details.into(), ..Default::default() })
    }

    async fn get_action_details(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, GetActionDetailsRequest>,
    ) -> ServiceResult<GetActionDetailsResponse> {
        let request = request.to_owned_message();
        let (run, action) =
            find::action(&self.platform, &principal(&ctx), "action_id", &request.action_id).await?;
        let details = view::details(&self.platform, &request.action_id.run.org, &run, &action).await?;
        Response::ok(GetActionDetailsResponse { details: details.into(), ..Default::default() })
    }

    async fn get_action_data(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, GetActionDataRequest>,
    ) -> ServiceResult<GetActionDataResponse> {
        let request = request.to_owned_message();
        let (run, action) =
            find::action(&self.platform, &principal(&ctx), "action_id", &request.action_id).await?;
        let data = crate::use_cases::action_data::read(&self.platform, &run, &action).await?;
        let (inputs, outputs) = (data.inputs.into(), data.outputs.into());
        Response::ok(GetActionDataResponse { inputs, outputs, ..Default::default() })
    }

    async fn get_action_data_ur_is(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, GetActionDataURIsRequest>,
    ) -> ServiceResult<GetActionDataURIsResponse> {
        let request = request.to_owned_message();
        let (_, action) =
            find::action(&self.platform, &principal(&ctx), "action_id", &request.action_id).await?;
        let outputs_uri = outputs_uri(&action);
        if action.phase().is_terminal() && outputs_uri.is_empty() && action.kind == ActionKind::Task {
            let text = format!("action `{}` has no outputs: it is {:?}", action.key.name, action.phase());
            return Err(ConnectError::not_found(text));
        }
        let answer =
            GetActionDataURIsResponse { inputs_uri: input_file(&action), outputs_uri, ..Default::default() };
        Response::ok(answer)
    }

    async fn get_action_log_context(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, GetActionLogContextRequest>,
    ) -> ServiceResult<GetActionLogContextResponse> {
        let request = request.to_owned_message();
        let (_, action) =
            find::action(&self.platform, &principal(&ctx), "action_id", &request.action_id).await?;
        let attempts =
            self.platform.store.list_attempts(&action.key).await.map_err(|error| read_error(&error))?;
        let found = attempts.iter().find(|attempt| attempt.key.attempt == request.attempt);
        let attempt = found.ok_or_else(|| {
            ConnectError::not_found(format!(
                "action `{}` has no attempt {}",
                action.key.name, request.attempt
            ))
        })?;
        let start = attempt.phases.first().map(|seen| wingbeat_idl::time::timestamp(seen.at));
        let end = attempt.phases.last().filter(|_| attempt.end.is_some());
        Response::ok(GetActionLogContextResponse {
            log_context: view::log_context(attempt).into(),
            cluster: "local".to_owned(),
            start_time: start.into(),
            end_time: end.map(|seen| wingbeat_idl::time::timestamp(seen.at)).into(),
            ..Default::default()
        })
    }

    async fn signal_event(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, SignalEventRequest>,
    ) -> ServiceResult<SignalEventResponse> {
        let principal = principal(&ctx);
        let request = request.to_owned_message();
        let value = payload_literal(&request.payload)?;
        signal::signal(&self.platform, &principal, &request.action_id, value).await?;
        Response::ok(SignalEventResponse::default())
    }

    async fn list_runs(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, ListRunsRequest>,
    ) -> ServiceResult<ListRunsResponse> {
        Response::ok(lists::list_runs(&self.platform, &principal(&ctx), request.to_owned_message()).await?)
    }

    async fn list_actions(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, ListActionsRequest>,
    ) -> ServiceResult<ListActionsResponse> {
        Response::ok(lists::list_actions(&self.platform, &principal(&ctx), request.to_owned_message()).await?)
    }

    async fn watch_run_details(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, WatchRunDetailsRequest>,
    ) -> ServiceResult<ServiceStream<WatchRunDetailsResponse>> {
        let request = request.to_owned_message();
        let run = find::run(&self.platform, &principal(&ctx), "run_id", &request.run_id).await?;
        Ok(Response::stream(watches::run_details(&self.platform, request.run_id.org.clone(), run)))
    }

    async fn watch_action_details(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, WatchActionDetailsRequest>,
    ) -> ServiceResult<ServiceStream<WatchActionDetailsResponse>> {
        let request = request.to_owned_message();
        let position = self.platform.feed.position();
        let (run, action) =
            find::action(&self.platform, &principal(&ctx), "action_id", &request.action_id).await?;
        Ok(Response::stream(watches::action_details(
            &self.platform,
            request.action_id.run.org.clone(),
            run,
            (action, position),
        )))
    }

    async fn watch_runs(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, WatchRunsRequest>,
    ) -> ServiceResult<ServiceStream<WatchRunsResponse>> {
        self.platform.authorize(&principal(&ctx), Verb::Read, None)?;
        Ok(Response::stream(watches::runs(&self.platform, request.to_owned_message())?))
    }

    async fn watch_actions(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, WatchActionsRequest>,
    ) -> ServiceResult<ServiceStream<WatchActionsResponse>> {
        let request = request.to_owned_message();
        let run = find::run(&self.platform, &principal(&ctx), "run_id", &request.run_id).await?;
        Ok(Response::stream(watches::actions(&self.platform, run, &request)?))
    }

    async fn watch_cluster_events(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, WatchClusterEventsRequest>,
    ) -> ServiceResult<ServiceStream<WatchClusterEventsResponse>> {
        let request = request.to_owned_message();
        let (_, action) = find::action(&self.platform, &principal(&ctx), "id", &request.id).await?;
        Ok(Response::stream(watches::cluster_events(&self.platform, action.key, request.attempt)))
    }

    async fn watch_groups(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, WatchGroupsRequest>,
    ) -> ServiceResult<ServiceStream<WatchGroupsResponse>> {
        self.platform.authorize(&principal(&ctx), Verb::Read, None)?;
        Ok(Response::stream(watches::groups(&self.platform, request.to_owned_message())?))
    }
}

impl Runs {
    async fn abort(
        &self,
        ctx: &RequestContext,
        run: &Run,
        action: ActionKey,
        reason: String,
    ) -> Result<(), ConnectError> {
        let principal = principal(ctx);
        self.platform.authorize(&principal, Verb::Abort, Some(&run.key.scope))?;
        let reason = if reason.is_empty() { "aborted by user".to_owned() } else { reason };
        let command = Command::Abort { action, reason, by: principal.subject(), caller: attempt(&principal) };
        self.platform.driver.submit(command).await.map(|_| ()).map_err(submit_error)
    }

    async fn run_details(&self, org: &str, run: &Run) -> Result<RunDetails, ConnectError> {
        let root = find::root(&self.platform, run).await?;
        watches::details_of_run(&self.platform, org, run, &root).await
    }
}

/// The full file of an action's outputs; empty while there are none.
pub(crate) fn outputs_uri(action: &Action) -> String {
    let uri = action.outcome().map(wingbeat_model::ActionOutcome::output_uri).unwrap_or_default();
    match action.kind {
        ActionKind::Task if !uri.is_empty() => view::outputs_file(uri),
        ActionKind::Task | ActionKind::Trace | ActionKind::Condition => uri.to_owned(),
    }
}

fn payload_literal(payload: &EventPayload) -> Result<Literal, ConnectError> {
    let value = match &payload.value {
        Some(event_payload::Value::BoolValue(value)) => primitive::Value::Boolean(*value),
        Some(event_payload::Value::IntValue(value)) => primitive::Value::Integer(*value),
        Some(event_payload::Value::FloatValue(value)) => primitive::Value::FloatValue(*value),
        Some(event_payload::Value::StringValue(value)) => primitive::Value::StringValue(value.clone()),
        None => return Err(ConnectError::invalid_argument("payload.value must be set")),
    };
    let primitive = Primitive { value: Some(value), ..Default::default() };
    let scalar = Scalar { value: Some(scalar::Value::Primitive(Box::new(primitive))), ..Default::default() };
    Ok(Literal { value: Some(literal::Value::Scalar(Box::new(scalar))), ..Default::default() })
}
