//! ActionsService: what a running task calls to enqueue its children and to watch them.

use std::sync::Arc;

use buffa::Message as _;
use connectrpc::{ConnectError, RequestContext, Response, ServiceRequest, ServiceResult, ServiceStream};
use wingbeat_engine::{Command, Reject, Reply};
use wingbeat_idl::ids;
use wingbeat_model::{Action, ActionKind, ActionName, ActionOutcome, Run, Seq, Verb};
use wingbeat_proto::flyteidl2::actions::{
    AbortRequest, AbortResponse, ActionsService, EnqueueRequest, EnqueueResponse, SignalRequest,
    SignalResponse, UpdateRequest, UpdateResponse, WatchForUpdatesRequest, WatchForUpdatesResponse,
    watch_for_updates_request, watch_for_updates_response,
};
use wingbeat_proto::flyteidl2::core::Literal;
use wingbeat_proto::flyteidl2::workflow::{ActionUpdate, ControlMessage};

use super::caller::{attempt, principal};
use super::stream::{self, Sink};
use super::{find, signal, view};
use crate::driver::SubmitError;
use crate::platform::{Platform, read_error, submit_error};
use crate::use_cases::enqueue;

/// Rows that one read of a watch brings at most.
const PAGE: usize = 1_000;

/// See the module's text.
pub struct Actions {
    pub(crate) platform: Arc<Platform>,
}

impl ActionsService for Actions {
    async fn enqueue(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, EnqueueRequest>,
    ) -> ServiceResult<EnqueueResponse> {
        let principal = principal(&ctx);
        let request = request.to_owned_message();
        enqueue::enqueue(&self.platform, &principal, request).await?;
        Response::ok(EnqueueResponse::default())
    }

    async fn watch_for_updates(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, WatchForUpdatesRequest>,
    ) -> ServiceResult<ServiceStream<WatchForUpdatesResponse>> {
        let principal = principal(&ctx);
        let request = request.to_owned_message();
        let Some(watch_for_updates_request::Filter::ParentActionId(id)) = request.filter else {
            return Err(ConnectError::invalid_argument("filter.parent_action_id must be set"));
        };
        let (run, parent) = find::action(&self.platform, &principal, "filter.parent_action_id", &id).await?;
        self.platform.authorize(&principal, Verb::Read, Some(&run.key.scope))?;
        Ok(Response::stream(watch_children(&self.platform, id.run.org.clone(), run, parent)))
    }

    async fn update(
        &self,
        _ctx: RequestContext,
        _request: ServiceRequest<'_, UpdateRequest>,
    ) -> ServiceResult<UpdateResponse> {
        let text = "executors report through wingbeat.executor.v1.ExecutorService; a status cannot be set from outside";
        Err(ConnectError::failed_precondition(text))
    }

    async fn abort(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, AbortRequest>,
    ) -> ServiceResult<AbortResponse> {
        let principal = principal(&ctx);
        let request = request.to_owned_message();
        let (run, action) = find::action(&self.platform, &principal, "action_id", &request.action_id).await?;
        self.platform.authorize(&principal, Verb::Abort, Some(&run.key.scope))?;
        let command = Command::Abort {
            action: action.key,
            reason: request.reason.unwrap_or_else(|| "aborted by its parent".to_owned()),
            by: principal.subject(),
            caller: attempt(&principal),
        };
        match self.platform.driver.submit(command).await {
            Ok(_) => Response::ok(AbortResponse::default()),
            // The client takes this as done; the former owner has no say any more.
            Err(SubmitError::Rejected(reject @ Reject::StaleAttempt { .. })) => {
                Err(ConnectError::failed_precondition(reject.to_string()))
            }
            Err(error) => Err(submit_error(error)),
        }
    }

    async fn signal(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, SignalRequest>,
    ) -> ServiceResult<SignalResponse> {
        let principal = principal(&ctx);
        let mut request = request.to_owned_message();
        let value = request.value.take().unwrap_or_default();
        signal::signal(&self.platform, &principal, &request.action_id, value).await?;
        Response::ok(SignalResponse::default())
    }
}

/// What a task sees of its children.
pub(crate) fn watch_children(
    platform: &Arc<Platform>,
    org: String,
    run: Run,
    parent: Action,
) -> ServiceStream<WatchForUpdatesResponse> {
    let shared = platform.clone();
    stream::produce(platform, "watch-for-updates", move |sink| async move {
        Updates { platform: shared, org, run, parent: parent.key.name.clone(), sink }.run(&parent).await
    })
}

/// One task's watch of its children: all that have ended, a sentinel, then each that ends.
struct Updates {
    platform: Arc<Platform>,
    org: String,
    run: Run,
    parent: ActionName,
    sink: Sink<WatchForUpdatesResponse>,
}

impl Updates {
    async fn run(mut self, parent: &Action) -> Result<(), ConnectError> {
        let mut changed = self.platform.feed.subscribe_ends(parent.key.clone());
        let mut position = self.send_changes(Seq::default(), Some(parent)).await?;
        self.send_sentinel().await?;
        loop {
            tokio::select! {
                result = changed.changed() => {
                    if result.is_err() {
                        return Ok(());
                    }
                    position = self.send_changes(position, None).await?;
                }
                // A repeated sentinel is the only message that the client takes for nothing.
                () = stream::quiet() => self.send_sentinel().await?,
            }
        }
    }

    /// Sends children that have ended since `from`. In the snapshot, those that will run again are left out.
    async fn send_changes(&mut self, from: Seq, snapshot_of: Option<&Action>) -> Result<Seq, ConnectError> {
        let ours =
            |action: &Action| action.key.run == self.run.id && action.parent.as_ref() == Some(&self.parent);
        if snapshot_of.is_none()
            && let Some(news) = self.platform.feed.news(from, ours)
        {
            self.send_ended(&news.rows, None).await?;
            return Ok(news.upto);
        }
        let mut position = from;
        loop {
            let page =
                self.platform.store.changed_actions(self.run.id, Some(&self.parent), position, PAGE).await;
            let (rows, end) = page.map_err(|error| read_error(&error))?;
            let more = rows.len() >= PAGE && end > position;
            self.send_ended(&rows, snapshot_of).await?;
            position = end;
            if !more {
                return Ok(position);
            }
        }
    }

    async fn send_ended(
        &mut self,
        rows: &[Action],
        snapshot_of: Option<&Action>,
    ) -> Result<(), ConnectError> {
        for child in rows {
            let again = snapshot_of.is_some_and(|parent| wingbeat_engine::reopens(parent, child));
            // The client warns of every live update without an output, and mistakes live conditions of a
            // snapshot for tasks: only what has ended is told.
            if child.phase().is_terminal() && !again {
                let message = watch_for_updates_response::Message::ActionUpdate(Box::new(self.update(child)));
                self.sink
                    .send(WatchForUpdatesResponse { message: Some(message), ..Default::default() })
                    .await?;
            }
        }
        Ok(())
    }

    async fn send_sentinel(&mut self) -> Result<(), ConnectError> {
        let control = ControlMessage { sentinel: true, ..Default::default() };
        let message = watch_for_updates_response::Message::ControlMessage(Box::new(control));
        self.sink.send(WatchForUpdatesResponse { message: Some(message), ..Default::default() }).await
    }

    fn update(&self, child: &Action) -> ActionUpdate {
        let mut update = ActionUpdate {
            action_id: ids::wire_action(&self.org, &self.run.key, &child.key.name).into(),
            phase: view::phase(child.phase()),
            ..Default::default()
        };
        match child.outcome() {
            Some(ActionOutcome::Succeeded { output_uri, value, .. }) => {
                update.output_uri.clone_from(output_uri);
                update.value = value.as_ref().and_then(|bytes| Literal::decode_from_slice(bytes).ok()).into();
            }
            Some(ActionOutcome::Recovered { output_uri }) => update.output_uri.clone_from(output_uri),
            Some(ActionOutcome::Failed(failure) | ActionOutcome::TimedOut(failure)) => {
                update.error = view::execution_error(failure).into();
                if child.kind == ActionKind::Trace {
                    update.output_uri = String::new();
                }
            }
            Some(ActionOutcome::Aborted(_)) | None => (),
        }
        update
    }
}

/// What `Enqueue` answers when the engine refused it. The client reads the codes: already_exists counts as
/// success, aborted ends the task, invalid_argument and not_found fail the child at once, others are retried.
pub(crate) fn enqueue_answer(answer: Result<Reply, SubmitError>) -> Result<(), ConnectError> {
    match answer {
        Ok(_) => Ok(()),
        // The parent is what the client named: to it, an unknown run and an unknown parent are the same.
        Err(SubmitError::Rejected(reject @ (Reject::NoParent(_) | Reject::NoRun))) => {
            Err(ConnectError::not_found(reject.to_string()))
        }
        Err(error) => Err(submit_error(error)),
    }
}
