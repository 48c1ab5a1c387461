//! The server's side of the executor protocol, played by hand.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use buffa_types::google::protobuf::Duration as WireDuration;
use connectrpc::{
    ConnectError, Encodable, ErrorCode, RequestContext, Response, ServiceRequest, ServiceResult,
    ServiceStream,
};
use futures::StreamExt;
use futures::channel::mpsc;
use tokio::net::UnixListener;
use tokio::runtime;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::timeout;
use wingbeat_proto::wingbeat::executor::v1::attempt_report::Kind;
use wingbeat_proto::wingbeat::executor::v1::{
    Ack, AttemptRef, AttemptReport, ConnectRequest, ExecutorService, LeaveRequest, LeaveResponse, LogBatch,
    PushLogsRequest, PushLogsResponse, ReportRequest, ReportResponse, ServerMessage, Welcome, server_message,
};

/// Longer than anything here takes, even on a machine that does other things.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// What the server has heard, and how it answers.
#[derive(Default)]
struct State {
    connects: Vec<ConnectRequest>,
    reports: Vec<AttemptReport>,
    batches: Vec<LogBatch>,
    messages: Option<mpsc::UnboundedSender<ServerMessage>>,
    refuse_connects: Option<ConnectError>,
    refuse_reports: Option<ErrorCode>,
    n_refused_reports: usize,
    stale: Vec<AttemptRef>,
    n_leaves: usize,
    lets_go: bool,
}

/// A listening server. Dropping it closes every connection at once, as the end of a process does.
pub(crate) struct Listening {
    runtime: Option<runtime::Runtime>,
    _serving: JoinSet<()>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.runtime.take().into_iter().for_each(runtime::Runtime::shutdown_background);
    }
}

/// A server that does what the test says.
#[derive(Clone, Default)]
pub(crate) struct FakeServer {
    state: Arc<Mutex<State>>,
    heard: Arc<Notify>,
}

impl FakeServer {
    /// Listens on `socket` for as long as the returned value lives.
    pub(crate) fn listen(&self, socket: &Path) -> Listening {
        let router = connectrpc::Router::new().add_service(Arc::new(self.clone()));
        let app = axum::Router::new().fallback_service(router.into_axum_service());
        let runtime = runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let _in_it = runtime.enter();
        let listener = UnixListener::bind(socket).unwrap();
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, app).await.unwrap() });
        Listening { runtime: Some(runtime), _serving: serving }
    }

    /// Sends a message to the connected executor.
    pub(crate) fn send(&self, kind: impl Into<server_message::Kind>) {
        let message = ServerMessage { kind: Some(kind.into()), ..Default::default() };
        let state = self.state.lock().unwrap();
        state
            .messages
            .as_ref()
            .expect("an executor is connected")
            .unbounded_send(message)
            .expect("it listens");
    }

    /// Ends the session's stream, as a crash would.
    pub(crate) fn hang_up(&self) {
        self.state.lock().unwrap().messages = None;
    }

    /// Answers further connects with this error.
    pub(crate) fn refuse_connects(&self, error: Option<ConnectError>) {
        self.state.lock().unwrap().refuse_connects = error;
    }

    /// Answers further reports with an error of this code, or takes them again.
    pub(crate) fn refuse_reports(&self, code: Option<ErrorCode>) {
        self.state.lock().unwrap().refuse_reports = code;
    }

    /// How many calls with reports were refused.
    pub(crate) fn n_refused_reports(&self) -> usize {
        self.state.lock().unwrap().n_refused_reports
    }

    /// Lets a session end that asks for it, from here on.
    pub(crate) fn let_go(&self) {
        self.state.lock().unwrap().lets_go = true;
    }

    /// How often a session asked whether it may end.
    pub(crate) fn n_leaves(&self) -> usize {
        self.state.lock().unwrap().n_leaves
    }

    /// Calls every further report of this attempt stale.
    pub(crate) fn disown(&self, attempt: AttemptRef) {
        self.state.lock().unwrap().stale.push(attempt);
    }

    pub(crate) fn connects(&self) -> Vec<ConnectRequest> {
        self.state.lock().unwrap().connects.clone()
    }

    pub(crate) fn reports(&self) -> Vec<AttemptReport> {
        self.state.lock().unwrap().reports.clone()
    }

    /// The live lines so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        let state = self.state.lock().unwrap();
        state.batches.iter().flat_map(|batch| &batch.lines).map(|line| line.text.clone()).collect()
    }

    /// Whether the last live batch of an attempt came.
    pub(crate) fn has_end_of_lines(&self) -> bool {
        self.state.lock().unwrap().batches.iter().any(|batch| batch.end)
    }

    /// Waits until `holds`, woken by each thing that is heard.
    pub(crate) async fn until<T>(&self, what: &str, holds: impl Fn(&Self) -> Option<T>) -> T {
        let wait = async {
            loop {
                let heard = self.heard.notified();
                tokio::pin!(heard);
                heard.as_mut().enable();
                if let Some(found) = holds(self) {
                    return found;
                }
                heard.await;
            }
        };
        let found = timeout(LONG, wait).await.ok();
        found.unwrap_or_else(|| panic!("never: {what}; reports so far: {:?}", self.reports()))
    }

    /// Waits for the connect with this number, from 1.
    pub(crate) async fn connected(&self, nth: usize) -> ConnectRequest {
        self.until("a connect", |server| server.connects().get(nth - 1).cloned()).await
    }

    /// Waits for the terminal report of an attempt.
    pub(crate) async fn terminal(&self, attempt: &AttemptRef) -> Kind {
        let is_terminal = |report: &AttemptReport| {
            *report.r#ref == *attempt && !matches!(report.kind, Some(Kind::Started(_)))
        };
        self.until("a terminal report", |server| {
            server.reports().into_iter().find(is_terminal).and_then(|report| report.kind)
        })
        .await
    }

    /// Waits for the report that an attempt runs, and gives its process's number.
    pub(crate) async fn started(&self, attempt: &AttemptRef) -> u32 {
        self.until("a start", |server| {
            server.reports().into_iter().find_map(|report| match report.kind {
                Some(Kind::Started(started)) if *report.r#ref == *attempt => Some(started.pid),
                _ => None,
            })
        })
        .await
    }

    fn hear<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let changed = change(&mut self.state.lock().unwrap());
        self.heard.notify_waiters();
        changed
    }
}

#[allow(refining_impl_trait, reason = "the answers borrow nothing")]
impl ExecutorService for FakeServer {
    async fn connect(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, ConnectRequest>,
    ) -> ServiceResult<ServiceStream<impl Encodable<ServerMessage> + Send + use<>>> {
        let (sender, receiver) = mpsc::unbounded();
        let welcome = Welcome { server_grace: WireDuration::from(LONG).into(), ..Default::default() };
        let first = ServerMessage { kind: Some(welcome.into()), ..Default::default() };
        self.hear(|state| {
            if let Some(error) = &state.refuse_connects {
                return Err(ConnectError::new(error.code, "refused by the test"));
            }
            state.connects.push(request.to_owned_message());
            state.messages = Some(sender);
            Ok(())
        })?;
        Ok(Response::stream(futures::stream::iter([first]).chain(receiver).map(Ok)))
    }

    async fn report(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, ReportRequest>,
    ) -> ServiceResult<impl Encodable<ReportResponse> + Send + use<>> {
        let request: ReportRequest = request.to_owned_message();
        let acks = self.hear(|state| {
            if let Some(code) = state.refuse_reports {
                state.n_refused_reports += 1;
                return Err(ConnectError::new(code, "refused by the test"));
            }
            let ack = |report: &AttemptReport| {
                let stale = state.stale.contains(&report.r#ref);
                if stale { Ack::ACK_STALE.into() } else { Ack::ACK_ACCEPTED.into() }
            };
            let acks = request.reports.iter().map(ack).collect();
            state.reports.extend(request.reports);
            Ok(acks)
        })?;
        Response::ok(ReportResponse { acks, ..Default::default() })
    }

    async fn leave(
        &self,
        _: RequestContext,
        _: ServiceRequest<'_, LeaveRequest>,
    ) -> ServiceResult<impl Encodable<LeaveResponse> + Send + use<>> {
        let left = self.hear(|state| {
            state.n_leaves += 1;
            if state.lets_go {
                // As the server does when a session has ended.
                state.messages = None;
                state.refuse_connects = Some(ConnectError::failed_precondition("it has ended"));
            }
            state.lets_go
        });
        Response::ok(LeaveResponse { left, ..Default::default() })
    }

    async fn push_logs(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, PushLogsRequest>,
    ) -> ServiceResult<impl Encodable<PushLogsResponse> + Send + use<>> {
        let request: PushLogsRequest = request.to_owned_message();
        self.hear(|state| state.batches.extend(request.batches));
        Response::ok(PushLogsResponse::default())
    }
}
