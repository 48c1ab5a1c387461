//! PlatformService: the state of the platform itself, and why an action waits.

use std::sync::Arc;

use connectrpc::{RequestContext, Response, ServiceRequest, ServiceResult};
use wingbeat_idl::time;
use wingbeat_model::{Action, ActionOutcome, State, Timestamp};
use wingbeat_proto::wingbeat::platform::v1::{
    Executor, ExplainActionRequest, ExplainActionResponse, GetStatusRequest, GetStatusResponse,
    PlatformService,
};

use super::caller::principal;
use super::find;
use crate::driver::ExecutorView;
use crate::platform::Platform;

/// See the module's text.
pub(crate) struct Status {
    pub(crate) platform: Arc<Platform>,
}

impl PlatformService for Status {
    async fn get_status(
        &self,
        _ctx: RequestContext,
        _request: ServiceRequest<'_, GetStatusRequest>,
    ) -> ServiceResult<GetStatusResponse> {
        let platform = &self.platform;
        let (executors, queued, running) = platform.driver.scheduler(|scheduler| {
            let executors = scheduler.executors().iter().map(executor).collect();
            (executors, scheduler.queued() as u64, scheduler.running() as u64)
        });
        Response::ok(GetStatusResponse {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: time::timestamp(platform.clock.started_at()).into(),
            store: platform.store.kind().to_owned(),
            executors,
            queued_actions: queued,
            running_attempts: running,
            watchers: platform.feed.watchers() as u64,
            authentication: !platform.open,
            ..Default::default()
        })
    }

    async fn explain_action(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, ExplainActionRequest>,
    ) -> ServiceResult<ExplainActionResponse> {
        let request = request.to_owned_message();
        let (_, action) =
            find::action(&self.platform, &principal(&ctx), "action_id", &request.action_id).await?;
        let (reason, until) = explain(&self.platform, &action);
        let until = until.map(time::timestamp).into();
        Response::ok(ExplainActionResponse { reason, until, ..Default::default() })
    }
}

fn executor(view: &ExecutorView) -> Executor {
    Executor {
        name: view.terms.name.clone(),
        session_id: view.session.0.to_string(),
        connected: view.connected,
        since: time::timestamp(view.since).into(),
        capabilities: view.terms.capabilities.clone(),
        slots: view.terms.slots,
        slots_used: view.slots_used,
        memory_bytes: view.terms.memory_bytes,
        processes: view.processes,
        max_processes: view.terms.max_processes,
        queues: view.terms.queues.iter().map(ToString::to_string).collect(),
        cpu_millis: view.terms.cpu_millis,
        gpus: view.terms.gpus,
        ..Default::default()
    }
}

/// Why an action is where it is, and until when at least.
fn explain(platform: &Platform, action: &Action) -> (String, Option<Timestamp>) {
    let now = platform.clock.now();
    match &action.state {
        State::Queued { not_before, .. } => {
            let reason = platform.driver.scheduler(|scheduler| scheduler.explain_queued(&action.key, now));
            (reason, Some(*not_before).filter(|at| *at > now))
        }
        State::AwaitingCache { key, .. } => {
            (format!("another action computes the same cached result now (key {})", key.key), None)
        }
        State::Claimed { claim, .. } => {
            let session = &claim.session.0;
            (
                format!("being started by executor session {session}; what it waits for there is in its log"),
                None,
            )
        }
        State::Running { stopping: Some(_), .. } => ("being stopped: its time is over".to_owned(), None),
        State::Running { .. } if action.live_children > 0 => {
            (format!("running, with {} children that have not ended", action.live_children), None)
        }
        State::Running { .. } => ("running".to_owned(), None),
        State::Paused { expires } => {
            (format!("waiting for an answer: wingbeat signal RUN {} VALUE", action.task.name), *expires)
        }
        State::Done { outcome, .. } => (ended(outcome), None),
    }
}

fn ended(outcome: &ActionOutcome) -> String {
    match outcome {
        ActionOutcome::Succeeded { .. } => "succeeded".to_owned(),
        ActionOutcome::Recovered { output_uri } => format!("recovered from an earlier run: {output_uri}"),
        ActionOutcome::Failed(failure) | ActionOutcome::TimedOut(failure) => {
            format!("{}: {}", failure.code, failure.message)
        }
        ActionOutcome::Aborted(abort) => format!("aborted: {}", abort.reason),
    }
}
