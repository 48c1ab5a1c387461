//! A run that exists: its state, its end, its results, its logs.

use std::time::Duration;

use connectrpc::{ConnectError, ErrorCode};
use tokio::time::sleep;
use wingbeat_client::is_terminal;
use wingbeat_proto::flyteidl2::common::{ActionIdentifier, ActionPhase, RunIdentifier};
use wingbeat_proto::flyteidl2::dataproxy::{GetActionDataRequest, TailLogsRequest, TailLogsResponse};
use wingbeat_proto::flyteidl2::logs::dataplane::LogLine as WireLine;
use wingbeat_proto::flyteidl2::task::Outputs;
use wingbeat_proto::flyteidl2::workflow::{
    AbortRunRequest, ActionDetails, ErrorInfo, GetActionDetailsRequest, WatchActionDetailsRequest,
    WatchActionDetailsResponse, action_details, error_info,
};

use super::{Remote, RemoteError, write};
use crate::error::{ABORTED, Origin, TIMED_OUT, TaskError};

/// Name of every run's root.
const ROOT: &str = "a0";
/// Reconnects of a watch or of logs, one after another without anything heard.
const MOST_LOSSES: u32 = 20;
const AFTER_CLEAN_END: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// One line of an attempt's log.
pub type LogLine = WireLine;

/// A run of a platform. Dropping it leaves the run alone.
#[derive(Debug, Clone)]
pub struct RunHandle {
    remote: Remote,
    id: RunIdentifier,
}

impl RunHandle {
    pub(super) fn new(remote: Remote, id: RunIdentifier) -> Self {
        Self { remote, id }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.id.name
    }

    /// Its identifier, as the platform wrote it.
    pub fn id(&self) -> &RunIdentifier {
        &self.id
    }

    /// Its page in the console.
    pub fn url(&self) -> String {
        let RunIdentifier { domain, project, name, .. } = &self.id;
        let base = self.remote.client.addr().base_uri().to_string();
        format!("{}/v2/domain/{domain}/project/{project}/runs/{name}", base.trim_end_matches('/'))
    }

    /// Its root, as it is now.
    ///
    /// # Errors
    /// The platform knows no such run, or could not be asked.
    pub async fn details(&self) -> Result<ActionDetails, RemoteError> {
        let request = GetActionDetailsRequest { action_id: self.root().into(), ..Default::default() };
        let client = self.remote.client.runs();
        let call = |options| client.get_action_details_with_options(request.clone(), options);
        let answer = write("get the run", call).await?.into_owned();
        Ok(answer.details.into_option().unwrap_or_default())
    }

    /// Waits until it has ended, whether well or not.
    ///
    /// # Errors
    /// The platform could not be asked, or not any more.
    pub async fn wait(&self) -> Result<ActionDetails, RemoteError> {
        self.watch(|_| ()).await
    }

    /// Waits until it has ended, and tells of every change on the way, some perhaps twice. The first is told at once.
    ///
    /// # Errors
    /// The platform could not be asked, or not any more.
    pub async fn watch(
        &self,
        mut on_change: impl FnMut(&ActionDetails) + Send,
    ) -> Result<ActionDetails, RemoteError> {
        self.watch_until(&mut |details: &ActionDetails| {
            on_change(details);
            false
        })
        .await
    }

    /// Waits until `is_enough` or the end.
    async fn watch_until(
        &self,
        is_enough: &mut (impl FnMut(&ActionDetails) -> bool + Send),
    ) -> Result<ActionDetails, RemoteError> {
        let mut losses = 0;
        loop {
            // On the heap, as every stream here: its messages are large.
            match Box::pin(self.watch_once(is_enough, &mut losses)).await {
                Ok(Some(last)) => return Ok(last),
                Ok(None) => sleep(AFTER_CLEAN_END).await,
                Err(error) => self.lost("watch the run", error, &mut losses).await?,
            }
        }
    }

    async fn watch_once(
        &self,
        is_enough: &mut (impl FnMut(&ActionDetails) -> bool + Send),
        losses: &mut u32,
    ) -> Result<Option<ActionDetails>, ConnectError> {
        let request = WatchActionDetailsRequest { action_id: self.root().into(), ..Default::default() };
        let mut stream = self.remote.client.runs().watch_action_details(request).await?;
        while let Some(message) = stream.message::<WatchActionDetailsResponse>().await? {
            let Some(details) = message.to_owned_message().details.into_option() else { continue };
            *losses = 0;
            if is_enough(&details) || details.status.phase.as_known().is_some_and(is_terminal) {
                return Ok(Some(details));
            }
        }
        Ok(None)
    }

    /// Waits until it has ended, and gives what it gave.
    ///
    /// # Errors
    /// [`RemoteError::Failed`] with what it failed with; or the platform could not be asked.
    pub async fn outputs(&self) -> Result<Outputs, RemoteError> {
        let ended = self.wait().await?;
        if let Some(error) = failure(&ended) {
            return Err(RemoteError::Failed { run: self.id.name.clone(), error });
        }
        let request = GetActionDataRequest { action_id: self.root().into(), ..Default::default() };
        let client = self.remote.client.data_proxy();
        let call = |options| client.get_action_data_with_options(request.clone(), options);
        let answer = write("get the run's outputs", call).await?.into_owned();
        Ok(answer.outputs.into_option().unwrap_or_default())
    }

    /// Waits until an attempt of the root has begun, and tells every line of it, from the first to the last. `attempt`
    /// counts from 1.
    ///
    /// # Errors
    /// The run has ended without such an attempt, or the platform could not be asked.
    pub async fn logs(
        &self,
        attempt: u32,
        mut on_line: impl FnMut(LogLine) + Send,
    ) -> Result<(), RemoteError> {
        let has_begun = |details: &ActionDetails| {
            details.attempts.iter().any(|known| known.attempt == attempt && known.logs_available)
        };
        self.watch_until(&mut { has_begun }).await?;
        let (mut losses, mut n_told) = (0, 0_u64);
        loop {
            let error = match Box::pin(self.logs_once(attempt, &mut n_told, &mut on_line)).await {
                Ok(()) => return Ok(()),
                Err((error, heard)) => {
                    losses = if heard { 0 } else { losses };
                    error
                }
            };
            self.lost("read the run's logs", error, &mut losses).await?;
        }
    }

    /// Every stream begins with the first line, so those that were told are passed over.
    async fn logs_once(
        &self,
        attempt: u32,
        n_told: &mut u64,
        on_line: &mut (impl FnMut(LogLine) + Send),
    ) -> Result<(), (ConnectError, bool)> {
        let request = TailLogsRequest { action_id: self.root().into(), attempt, ..Default::default() };
        let stream = self.remote.client.data_proxy().tail_logs(request).await;
        let mut stream = stream.map_err(|error| (error, false))?;
        let (mut ix, mut heard) = (0_u64, false);
        loop {
            let message = match stream.message::<TailLogsResponse>().await {
                Ok(Some(message)) => message.to_owned_message(),
                Ok(None) => return Ok(()),
                Err(error) => return Err((error, heard)),
            };
            for line in message.logs.into_iter().flat_map(|logs| logs.lines) {
                ix += 1;
                if ix > *n_told {
                    (*n_told, heard) = (ix, true);
                    on_line(line);
                }
            }
        }
    }

    /// Aborts it. One that has ended, or never was, is left alone.
    ///
    /// # Errors
    /// The platform could not be asked.
    pub async fn abort(&self, reason: &str) -> Result<(), RemoteError> {
        let reason = Some(reason.to_owned());
        let request = AbortRunRequest { run_id: self.id.clone().into(), reason, ..Default::default() };
        let client = self.remote.client.runs();
        let call = |options| client.abort_run_with_options(request.clone(), options);
        match write("abort the run", call).await {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some(ErrorCode::NotFound) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Waits before the next try of a stream, unless trying again is of no use.
    async fn lost(
        &self,
        what: &'static str,
        answer: ConnectError,
        losses: &mut u32,
    ) -> Result<(), RemoteError> {
        let is_passing = matches!(
            answer.code,
            ErrorCode::Unavailable | ErrorCode::DeadlineExceeded | ErrorCode::Canceled | ErrorCode::Internal
        );
        let is_worth_it = is_passing || self.remote.client.has_other_token(&answer).await;
        if !is_worth_it || *losses >= MOST_LOSSES {
            return Err(RemoteError::Call { what, answer });
        }
        sleep(LONGEST_WAIT.min(Duration::from_millis(100) * (1 << (*losses).min(7)))).await;
        *losses += 1;
        Ok(())
    }

    fn root(&self) -> ActionIdentifier {
        ActionIdentifier { run: self.id.clone().into(), name: ROOT.to_owned(), ..Default::default() }
    }
}

/// What a run failed with, if it has ended and did.
pub(crate) fn failure(ended: &ActionDetails) -> Option<TaskError> {
    let told = match &ended.result {
        Some(action_details::Result::ErrorInfo(info)) => Some(of_info(info)),
        Some(action_details::Result::AbortInfo(abort)) => {
            Some(TaskError::user(ABORTED, format!("it was aborted: {}", abort.reason)))
        }
        Some(action_details::Result::SignalInfo(_)) | None => None,
    };
    match ended.status.phase.as_known() {
        Some(ActionPhase::ACTION_PHASE_FAILED) => {
            Some(told.unwrap_or_else(|| TaskError::system("Unknown", "the platform does not say why")))
        }
        Some(ActionPhase::ACTION_PHASE_ABORTED) => {
            Some(told.unwrap_or_else(|| TaskError::user(ABORTED, "it was aborted")))
        }
        Some(ActionPhase::ACTION_PHASE_TIMED_OUT) => {
            Some(told.unwrap_or_else(|| TaskError::user(TIMED_OUT, "it ran out of time")))
        }
        _ => None,
    }
}

fn of_info(info: &ErrorInfo) -> TaskError {
    let origin = match info.kind.as_known() {
        Some(error_info::Kind::KIND_USER) => Origin::User,
        Some(error_info::Kind::KIND_SYSTEM) => Origin::System,
        Some(error_info::Kind::KIND_UNSPECIFIED) | None => Origin::Unknown,
    };
    // The run's own attempts are over: nothing is tried again.
    TaskError { code: info.code.clone(), message: info.message.clone(), origin, recoverable: false }
}
