//! ExecutorService: sessions, reports and live log lines. Reached only through the socket of executors.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use connectrpc::{ConnectError, RequestContext, Response, ServiceRequest, ServiceResult, ServiceStream};
use futures::{Stream, StreamExt as _};
use tokio::sync::mpsc;
use wingbeat_engine::defects::{Defect, active};
use wingbeat_engine::{Command, Effect, Reject, Report, ReportKind};
use wingbeat_model::{
    ActionKey, ActionName, Attempt, AttemptKey, Failure, FailureClass, Fence, RunId, Session, SessionId,
    Timestamp, Verb,
};
use wingbeat_proto::wingbeat::executor::v1::{
    self as wire, ConnectRequest, ExecutorService, LeaveRequest, LeaveResponse, PushLogsRequest,
    PushLogsResponse, ReportRequest, ReportResponse, ServerMessage, attempt_report, server_message,
};
use wingbeat_store::ReadError;

use super::caller::principal;
use crate::dispatch::{Order, message};
use crate::driver::SubmitError;
use crate::platform::{Platform, read_error, submit_error};
use crate::sessions::SERVERS_HEADER;
use crate::terms;

/// The protocol version that this server speaks.
const PROTOCOL: u32 = 1;
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// After so many heartbeats that did not come an executor is taken for frozen.
const MISSED: u32 = 3;
const SHORTEST_HEARTBEAT: Duration = Duration::from_secs(1);
/// An executor whose server stays away longer stops its tasks and ends.
const SERVER_GRACE: Duration = Duration::from_mins(2);

/// See the module's text.
pub struct Executors {
    pub(crate) platform: Arc<Platform>,
    pub(crate) dispatcher: crate::dispatch::Dispatcher,
}

impl ExecutorService for Executors {
    async fn connect(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, ConnectRequest>,
    ) -> ServiceResult<ServiceStream<ServerMessage>> {
        self.platform.authorize(&principal(&ctx), Verb::Execute, None)?;
        let stream = self.open(request.to_owned_message()).await?;
        Ok(self.with_servers(Response::stream(stream)))
    }

    async fn report(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, ReportRequest>,
    ) -> ServiceResult<ReportResponse> {
        self.platform.authorize(&principal(&ctx), Verb::Execute, None)?;
        Ok(self.with_servers(Response::new(self.take_reports(request.to_owned_message()).await?)))
    }

    async fn leave(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, LeaveRequest>,
    ) -> ServiceResult<LeaveResponse> {
        self.platform.authorize(&principal(&ctx), Verb::Execute, None)?;
        let session = SessionId(request.to_owned_message().session_id.as_str().into());
        let left = self.let_go(session).await?;
        Response::ok(LeaveResponse { left, ..Default::default() })
    }

    async fn push_logs(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, PushLogsRequest>,
    ) -> ServiceResult<PushLogsResponse> {
        self.platform.authorize(&principal(&ctx), Verb::Execute, None)?;
        for mut batch in request.to_owned_message().batches {
            let (attempt, _) = read_ref(&batch.r#ref.take().unwrap_or_default())?;
            // Lines of attempts that have ended are durable, or lost with their executor.
            if self.platform.driver.scheduler(|scheduler| scheduler.holds(&attempt)) {
                self.platform.logs.push(attempt, batch);
            }
        }
        Response::ok(PushLogsResponse::default())
    }
}

impl Executors {
    /// An answer that says where the executor can go when this server is away.
    fn with_servers<B>(&self, mut response: Response<B>) -> Response<B> {
        if let Some(servers) = self.platform.sessions.servers() {
            response.headers.insert(SERVERS_HEADER, servers);
        }
        response
    }

    /// Opens a session's stream.
    pub(crate) async fn open(
        &self,
        request: ConnectRequest,
    ) -> Result<ServiceStream<ServerMessage>, ConnectError> {
        if request.protocol_version != PROTOCOL {
            let text = format!(
                "executor `{}` speaks protocol {}, this server speaks {PROTOCOL}; use the same version of wingbeat",
                request.executor, request.protocol_version
            );
            return Err(ConnectError::failed_precondition(text));
        }
        if request.session_id.is_empty() || request.executor.is_empty() {
            return Err(ConnectError::invalid_argument("session_id and executor must be set"));
        }
        let session = SessionId(request.session_id.as_str().into());
        self.start_session(&session, &request).await?;
        let (number, messages) = self.platform.sessions.open(session.clone());
        // From here on a call that breaks off counts as a stream that closed.
        let closed = Closed { session: Some(session.clone()), number, platform: self.platform.clone() };
        let holding = request.holding.iter().map(read_ref).collect::<Result<_, _>>()?;
        self.platform.driver.connected(session.clone(), number, terms::of_request(&request)).await;
        self.start_reconcile(session.clone(), number, holding);
        tracing::info!(worker_id = %session.0, executor = %request.executor, "executor connected");
        Ok(self.stream(closed, messages, promised(&request)))
    }

    /// Ends the session of an executor that drains, if nothing is its any more.
    pub(crate) async fn let_go(&self, session: SessionId) -> Result<bool, ConnectError> {
        match self.platform.driver.submit(Command::LeaveSession(session.clone())).await {
            Ok(_) => {
                tracing::info!(worker_id = %session.0, "executor drained");
                Ok(true)
            }
            Err(SubmitError::Rejected(Reject::NotDrained)) => Ok(false),
            Err(error) => Err(submit_error(error)),
        }
    }

    /// Makes reports durable, and says of each whether it counted.
    pub(crate) async fn take_reports(&self, request: ReportRequest) -> Result<ReportResponse, ConnectError> {
        let session = SessionId(request.session_id.as_str().into());
        self.platform.sessions.heard(&session);
        let now = self.platform.clock.now();
        let reports: Result<Vec<Report>, ConnectError> =
            request.reports.into_iter().map(|report| read_report(report, &session, now)).collect();
        let reports = reports?;
        for report in &reports {
            if let ReportKind::Started { isolation } = &report.kind {
                self.platform.metrics.attempt_started(isolation);
            }
        }
        let ended: Vec<AttemptKey> = reports
            .iter()
            .filter(|report| !matches!(report.kind, ReportKind::Started { .. }))
            .map(|report| report.attempt.clone())
            .collect();
        let commands = reports.into_iter().map(|report| Command::Report(Box::new(report))).collect();
        let mut acks = Vec::new();
        for answer in self.platform.driver.submit_all(commands).await {
            acks.push(acknowledge(answer)?.into());
        }
        // Terminal reports come after the last chunk of the log is durable.
        for attempt in &ended {
            self.platform.logs.forget(attempt);
        }
        Ok(ReportResponse { acks, ..Default::default() })
    }

    async fn start_session(&self, session: &SessionId, request: &ConnectRequest) -> Result<(), ConnectError> {
        let started_at = self.platform.clock.now();
        let server = self.platform.driver.server();
        let executor = request.executor.clone();
        let begun = Session::new(session.clone(), executor, server, started_at);
        let draining = terms::of_request(request).drains();
        let row = Session { terms: terms::stored(request), draining, ..begun };
        let mut unheard = Unheard { session: Some(session), platform: &self.platform };
        let answer = self.platform.driver.submit(Command::StartSession(row)).await;
        if answer.as_ref().err().is_none_or(|error| !error.is_transient()) {
            unheard.session = None;
        }
        answer.map(drop).map_err(submit_error)
    }

    /// Reconciles beside the stream: an executor that holds thousands of attempts is welcomed at once. When it
    /// cannot be done, the stream ends, and the executor comes again.
    fn start_reconcile(&self, session: SessionId, number: u64, holding: BTreeMap<AttemptKey, Fence>) {
        let this = Self { platform: self.platform.clone(), dispatcher: self.dispatcher.clone() };
        self.platform.tasks.spawn("reconcile", async move {
            if let Err(error) = this.reconcile(&session, holding).await {
                tracing::warn!(worker_id = %session.0, %error, "executor is to connect again");
                this.platform.sessions.hang_up(&session, number);
            }
        });
    }

    /// Sends what the executor should have and has not, and stops what it has and should not.
    async fn reconcile(
        &self,
        session: &SessionId,
        mut holding: BTreeMap<AttemptKey, Fence>,
    ) -> Result<(), ConnectError> {
        let held = self.platform.store.held_attempts().await.map_err(|error| read_error(&error))?;
        for attempt in held.into_iter().filter(|attempt| attempt.session == *session) {
            let known = holding.remove(&attempt.key) == Some(attempt.fence);
            self.resume(attempt, known).await?;
        }
        if !active(Defect::DrainForgotten) && self.is_draining(session).await? {
            self.platform.sessions.drain(session);
        }
        for (attempt, fence) in holding {
            let reason = "this attempt is no longer current".to_owned();
            self.dispatcher.send(Order::Stop { attempt, fence, session: session.clone(), reason });
        }
        Ok(())
    }

    /// Who is asked between two streams, or between the session's start and its stream, is told now.
    async fn is_draining(&self, session: &SessionId) -> Result<bool, ConnectError> {
        let open = self.platform.store.open_sessions().await.map_err(|error| read_error(&error))?;
        Ok(open.iter().any(|row| row.id == *session && row.draining))
    }

    /// Brings one held attempt in line: `known` says that the executor has it.
    async fn resume(&self, attempt: Attempt, known: bool) -> Result<(), ConnectError> {
        let action = match self.platform.store.find_action(attempt.action()).await {
            // Its row is damaged: it stays as it is, and the executor's others go on.
            Err(ReadError::Corrupt { .. }) => return Ok(()),
            found => found.map_err(|error| read_error(&error))?,
        };
        let effect = action.and_then(|action| wingbeat_engine::resume(&action, &attempt));
        match effect {
            Some(Effect::Assign { .. }) if active(Defect::ReconnectForgotten) => Ok(()),
            Some(Effect::Assign { attempt, fence, session }) if !known => {
                self.dispatcher.send(Order::Assign { attempt, fence, session, work: None });
                Ok(())
            }
            Some(Effect::Stop { attempt, fence, session, reason }) if known => {
                self.dispatcher.send(Order::Stop { attempt, fence, session, reason });
                Ok(())
            }
            // It runs as it should.
            Some(_) if known => Ok(()),
            // It is gone there and is not wanted here: only the place is still taken.
            _ => self.release(attempt.key, attempt.fence, attempt.session).await,
        }
    }

    async fn release(
        &self,
        attempt: AttemptKey,
        fence: Fence,
        session: SessionId,
    ) -> Result<(), ConnectError> {
        let report =
            Report { attempt, fence, session, at: self.platform.clock.now(), kind: ReportKind::Stopped };
        match self.platform.driver.submit(Command::Report(Box::new(report))).await {
            Ok(_) | Err(SubmitError::Rejected(_)) => Ok(()),
            Err(error) => Err(submit_error(error)),
        }
    }

    fn stream(
        &self,
        closed: Closed,
        messages: mpsc::UnboundedReceiver<ServerMessage>,
        heartbeat: Option<Duration>,
    ) -> ServiceStream<ServerMessage> {
        let grace = buffa_types::google::protobuf::Duration::from(SERVER_GRACE).into();
        let welcome = wire::Welcome { server_grace: grace, ..Default::default() };
        let first = message(server_message::Kind::Welcome(Box::new(welcome)));
        let received = tokio_stream::wrappers::UnboundedReceiverStream::new(messages);
        let often = heartbeat.map_or(KEEP_ALIVE, |heartbeat| heartbeat.min(KEEP_ALIVE));
        let silent = closed.silence_after(heartbeat);
        let keep_alive = tokio_stream::wrappers::IntervalStream::new(tokio::time::interval(often))
            .map(move |_| (!silent()).then(|| message(server_message::Kind::KeepAlive(Box::default()))));
        let token = self.platform.tasks.token();
        // Ends with the messages: a stream whose session has ended here is of no use to its executor.
        let body = futures::stream::select(received.map(Some).chain(ended()), keep_alive)
            .take_while(|message| std::future::ready(message.is_some()))
            .filter_map(std::future::ready)
            .take_until(token.cancelled_owned());
        Box::pin(Guarded {
            body: Box::pin(futures::stream::once(async { first }).chain(body)),
            _closed: closed,
        })
    }
}

fn ended() -> impl Stream<Item = Option<ServerMessage>> {
    futures::stream::once(std::future::ready(None))
}

/// A session that may be stored although its executor never hears of it: the call broke off, or its outcome is unknown.
struct Unheard<'a> {
    session: Option<&'a SessionId>,
    platform: &'a Platform,
}

impl Drop for Unheard<'_> {
    fn drop(&mut self) {
        if let Some(session) = self.session {
            let Platform { sessions, driver, tasks, .. } = self.platform;
            sessions.start_lease(session.clone(), driver.clone(), tasks);
        }
    }
}

/// Notices that the executor went away: the stream is dropped.
struct Closed {
    session: Option<SessionId>,
    number: u64,
    platform: Arc<Platform>,
}

impl Closed {
    /// Asks whether the executor has kept silent for longer than it promised.
    fn silence_after(&self, heartbeat: Option<Duration>) -> impl Fn() -> bool + use<> {
        let (platform, session, number) = (self.platform.clone(), self.session.clone(), self.number);
        move || {
            let (Some(heartbeat), Some(session)) = (heartbeat, &session) else { return false };
            let silence = platform.sessions.silence(session, number).unwrap_or_default();
            let silent = silence > heartbeat * MISSED;
            if silent {
                let seconds = silence.as_secs();
                tracing::warn!(worker_id = %session.0, seconds, "executor says nothing, although it is connected");
            }
            silent
        }
    }
}

impl Drop for Closed {
    fn drop(&mut self) {
        if let Some(session) = self.session.take() {
            tracing::info!(worker_id = %session.0, "executor disconnected");
            let driver = self.platform.driver.clone();
            self.platform.sessions.closed(session, self.number, driver, &self.platform.tasks);
        }
    }
}

struct Guarded {
    body: Pin<Box<dyn Stream<Item = ServerMessage> + Send>>,
    _closed: Closed,
}

impl Stream for Guarded {
    type Item = Result<ServerMessage, ConnectError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.body.as_mut().poll_next(cx).map(|item| item.map(Ok))
    }
}

/// How often the executor promises to say something.
fn promised(request: &ConnectRequest) -> Option<Duration> {
    let heartbeat = Duration::try_from(request.heartbeat.as_option()?.clone()).ok()?;
    Some(heartbeat.max(SHORTEST_HEARTBEAT))
}

fn read_ref(wire: &wire::AttemptRef) -> Result<(AttemptKey, Fence), ConnectError> {
    let name =
        ActionName::new(&wire.action).map_err(|error| ConnectError::invalid_argument(error.to_string()))?;
    let action = ActionKey { run: RunId(wire.run_id), name };
    Ok((AttemptKey { action, attempt: wire.attempt }, Fence(wire.fence)))
}

fn read_report(
    wire: wire::AttemptReport,
    session: &SessionId,
    now: Timestamp,
) -> Result<Report, ConnectError> {
    let (attempt, fence) = read_ref(&wire.r#ref)?;
    let at = wire.at.as_option().map_or(now, |at| Timestamp::from_parts(at.seconds, at.nanos));
    let report_uri = |uri: String| Some(uri).filter(|uri| !uri.is_empty());
    let kind = match wire.kind {
        Some(attempt_report::Kind::Started(started)) => ReportKind::Started { isolation: started.isolation },
        Some(attempt_report::Kind::Succeeded(done)) => {
            ReportKind::Succeeded { output_uri: done.output_uri, report_uri: report_uri(done.report_uri) }
        }
        Some(attempt_report::Kind::Failed(failed)) => {
            let failed = *failed;
            let failure = read_failure(&failed);
            ReportKind::Failed { failure, report_uri: report_uri(failed.report_uri) }
        }
        Some(attempt_report::Kind::Stopped(_)) => ReportKind::Stopped,
        // Refusing it would hold back every report behind it, for ever.
        None => ReportKind::Failed { failure: unknown_report(), report_uri: None },
    };
    Ok(Report { attempt, fence, session: session.clone(), at, kind })
}

/// A report of a kind that this server does not know.
fn unknown_report() -> Failure {
    Failure {
        class: FailureClass::System,
        code: "UnknownReport".to_owned(),
        message:
            "the executor reported something that this server does not know; use the same version of wingbeat"
                .to_owned(),
        recoverable: true,
        worker: String::new(),
        wire_kind: 0,
    }
}

fn read_failure(failed: &wire::Failed) -> Failure {
    let class = match failed.class.as_known() {
        Some(wire::FailureClass::FAILURE_CLASS_USER) => FailureClass::User,
        Some(wire::FailureClass::FAILURE_CLASS_INFRASTRUCTURE) => FailureClass::Infrastructure,
        Some(wire::FailureClass::FAILURE_CLASS_SYSTEM | wire::FailureClass::FAILURE_CLASS_UNSPECIFIED)
        | None => FailureClass::System,
    };
    Failure {
        class,
        code: failed.error.code.clone(),
        message: failed.error.message.clone(),
        recoverable: failed.recoverable,
        worker: failed.error.worker.clone(),
        wire_kind: failed.error.kind.to_i32(),
    }
}

fn acknowledge(answer: Result<wingbeat_engine::Reply, SubmitError>) -> Result<wire::Ack, ConnectError> {
    match answer {
        Ok(_) => Ok(wire::Ack::ACK_ACCEPTED),
        // Whatever the reason, the engine will refuse it again.
        Err(SubmitError::Rejected(reject)) => {
            if !matches!(reject, Reject::StaleAttempt { .. } | Reject::NoAction(_) | Reject::NoRun) {
                tracing::error!(%reject, "a report was refused; its attempt ends with its session");
            }
            Ok(wire::Ack::ACK_STALE)
        }
        // The log has said what; every report after this one would wait for it for ever.
        Err(SubmitError::Corrupt) => Ok(wire::Ack::ACK_STALE),
        Err(error) => Err(submit_error(error)),
    }
}
