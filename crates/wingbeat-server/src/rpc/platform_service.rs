//! PlatformService: the state of the platform itself, and why an action waits.

use std::sync::Arc;

use connectrpc::{ConnectError, RequestContext, Response, ServiceRequest, ServiceResult};
use wingbeat_engine::Command;
use wingbeat_idl::time;
use wingbeat_model::{Action, ActionOutcome, State, Timestamp, Verb};
use wingbeat_proto::wingbeat::platform::v1::{
    DrainExecutorRequest, DrainExecutorResponse, Executor, ExplainActionRequest, ExplainActionResponse,
    GetStatusRequest, GetStatusResponse, PlatformService,
};

use super::caller::principal;
use super::{find, read_failed};
use crate::driver::{ExecutorView, Scheduler};
use crate::platform::{Platform, submit_error};
use crate::terms;

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
        let elsewhere = terms::elsewhere(&*platform.store).await.map_err(read_failed)?;
        let (executors, queued, running) = platform.driver.scheduler(|scheduler| {
            let executors = scheduler.executors(elsewhere).iter().map(executor).collect();
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

    async fn drain_executor(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, DrainExecutorRequest>,
    ) -> ServiceResult<DrainExecutorResponse> {
        let (platform, who) = (&self.platform, principal(&ctx));
        platform.authorize(&who, Verb::Administer, None)?;
        let name = request.to_owned_message().name;
        if is_kept(&name) {
            let text = format!(
                "executor `{name}` stands beside a server, which would start it again; \
                 stop `wingbeat up`, or start it with --no-executor"
            );
            return Err(ConnectError::failed_precondition(text));
        }
        platform.driver.submit(Command::DrainExecutor(name.clone())).await.map_err(submit_error)?;
        tracing::info!(executor = name, by = who.subject(), "the executor is to drain");
        Response::ok(DrainExecutorResponse::default())
    }

    async fn explain_action(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, ExplainActionRequest>,
    ) -> ServiceResult<ExplainActionResponse> {
        let request = request.to_owned_message();
        let (_, action) =
            find::action(&self.platform, &principal(&ctx), "action_id", &request.action_id).await?;
        let (reason, until) = explain(&self.platform, &action).await?;
        let until = until.map(time::timestamp).into();
        Response::ok(ExplainActionResponse { reason, until, ..Default::default() })
    }
}

/// Does `wingbeat up` keep an executor of that name? It would start it again.
fn is_kept(name: &str) -> bool {
    let number = name.strip_prefix("local-").unwrap_or_default();
    name == "local" || number.len() == 8 && number.bytes().all(|digit| digit.is_ascii_hexdigit())
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
async fn explain(platform: &Platform, action: &Action) -> Result<(String, Option<Timestamp>), ConnectError> {
    let now = platform.clock.now();
    Ok(match &action.state {
        State::Queued { not_before, .. } => {
            let elsewhere = terms::elsewhere(&*platform.store).await.map_err(read_failed)?;
            let scheduler = |scheduler: &Scheduler| scheduler.explain_queued(&action.key, now, elsewhere);
            let reason = platform.driver.scheduler(scheduler);
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
    })
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

#[cfg(test)]
mod tests {
    use super::is_kept;

    #[test]
    fn executors_beside_servers_are_known_by_their_names() {
        for (name, kept) in [
            ("local", true),
            ("local-0a1b2c3d", true),
            ("local-gpu-box1", false),
            ("local-", false),
            ("gpu-box", false),
            ("", false),
        ] {
            assert_eq!(is_kept(name), kept, "{name}");
        }
    }
}
