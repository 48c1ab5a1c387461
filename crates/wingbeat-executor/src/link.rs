//! The link to the server: one session, reconnected as often as needed, with the same session id.
//!
//! While it is up, three loops share it: what the server says, reports, live log lines. When any of
//! them finds the connection or the session gone, the link is made anew; what was not acknowledged is
//! sent again. A server that only cannot take something now is asked again on the same link.

use std::sync::Arc;
use std::time::Duration;

use connectrpc::{ConnectError, ErrorCode};
use tokio::time::{Instant, sleep, timeout};
use wingbeat_client::{Client, Connection, ServerAddr};
use wingbeat_proto::wingbeat::executor::v1::server_message::Kind;
use wingbeat_proto::wingbeat::executor::v1::{
    Ack, AttemptRef, ConnectRequest, ExecutorServiceClient, PushLogsRequest, ReportRequest, ServerMessage,
    Stop, Welcome,
};

use crate::executor::Executor;
use crate::outbox::{Outbox, Sending};
use crate::registry::{Registry, StopOrder};
use crate::runner;
use crate::simulated;
use crate::wire::{self, Happening};

/// The first and the longest pause before connecting again. Each is cut at random by up to a half, so
/// that the executors of a restarted server do not come all at once.
const PAUSE: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// A link that lived this long was a working one: the next pause is the first again.
const SETTLED: Duration = Duration::from_secs(5);

/// The first and the longest pause before a call that the server could not take is made again.
const CALL_PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// How long a server may take to welcome, and to answer a call.
const ANSWER_PATIENCE: Duration = Duration::from_secs(10);
const CALL_PATIENCE: Duration = Duration::from_mins(1);

/// The server says something every 15 s; after three silent spans it is gone.
const SILENCE: Duration = Duration::from_secs(45);

/// How often the server hears of us, whether there is something to say or not.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How long a server that has never welcomed may stay away.
const FIRST_GRACE: Duration = Duration::from_mins(2);

/// Why there will be no further connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LinkEnd {
    /// The server will not have this session any more: a later executor of the same name has its place,
    /// it was away too long, or the two speak different versions.
    Refused { reason: String },
    /// The server did not come back in time.
    ServerAway { grace: Duration },
}

/// How a connection ended.
#[derive(Debug)]
enum Broken {
    /// The session was not opened.
    Refused(ConnectError),
    /// It was open, or nobody answered.
    Lost(ConnectError),
}

/// The link of one executor.
pub(crate) struct Link {
    executor: Arc<Executor>,
    grace: Duration,
    pause: Duration,
    /// Since when there is no connection.
    away_since: Instant,
}

impl Link {
    pub(crate) fn new(executor: Arc<Executor>) -> Self {
        Self { executor, grace: FIRST_GRACE, pause: PAUSE.0, away_since: Instant::now() }
    }

    /// Keeps the link up until it must not or cannot be. Cancelling breaks the connection; calling this
    /// again makes a new one.
    pub(crate) async fn keep(&mut self) -> LinkEnd {
        loop {
            let broken = self.connection().await;
            self.executor.live.disconnected();
            let was_open = matches!(broken, Broken::Lost(_));
            let error = match broken {
                Broken::Refused(error) if is_final(error.code) => {
                    return LinkEnd::Refused { reason: error.message.unwrap_or_default() };
                }
                Broken::Refused(error) | Broken::Lost(error) => error,
            };
            if is_there(error.code) {
                self.away_since = Instant::now();
            }
            if self.away_since.elapsed() >= self.grace {
                return LinkEnd::ServerAway { grace: self.grace };
            }
            if !was_open {
                self.executor.servers.try_next();
            }
            if error.code == ErrorCode::Unavailable {
                tracing::debug!(%error, "no connection to the server");
            } else {
                tracing::warn!(%error, "the link to the server failed");
            }
            pause(&mut self.pause, PAUSE.1).await;
        }
    }

    /// One connection, until it fails.
    async fn connection(&mut self) -> Broken {
        let executor = Arc::clone(&self.executor);
        let draining = executor.draining.is_cancelled();
        let client = Client::new(ServerAddr::Unix(executor.servers.present())).executors();
        let request = wire::connect_request(
            &executor.name,
            &executor.session_id,
            executor.kind.name(),
            executor.capacity,
            holding(&executor.registry, &executor.outbox),
        );
        let heartbeat = buffa_types::google::protobuf::Duration::from(HEARTBEAT).into();
        let mut request = ConnectRequest { queues: executor.queues.clone(), heartbeat, ..request };
        if draining {
            wire::take_nothing_new(&mut request);
        }
        let opening = async {
            let mut stream = client.connect(request).await?;
            executor.servers.learn(stream.headers());
            let first = stream.message::<ServerMessage>().await?;
            Ok::<_, ConnectError>((stream, first.map(|message| message.to_owned_message())))
        };
        let (mut stream, first) = match timeout(ANSWER_PATIENCE, opening).await {
            Ok(Ok(opened)) => opened,
            Ok(Err(error)) => return Broken::Refused(error),
            Err(_) => {
                return Broken::Refused(ConnectError::deadline_exceeded(
                    "the server did not welcome in time",
                ));
            }
        };
        let Some(ServerMessage { kind: Some(Kind::Welcome(welcome)), .. }) = first else {
            return Broken::Lost(ConnectError::internal("the server's first message was no welcome"));
        };
        self.welcomed(&welcome).await;
        let welcomed_at = Instant::now();
        let hearing = async {
            loop {
                match timeout(SILENCE, stream.message::<ServerMessage>()).await {
                    Ok(Ok(Some(message))) => hear(&executor, message.to_owned_message()),
                    Ok(Ok(None)) => {
                        return ConnectError::unavailable("the server ended the session's stream");
                    }
                    Ok(Err(error)) => return error,
                    Err(_) => return ConnectError::unavailable("the server fell silent"),
                }
            }
        };
        let error = tokio::select! {
            error = hearing => error,
            error = send_reports(&executor, &client) => error,
            error = send_lines(&executor, &client) => error,
            error = show_life(&executor, &client) => error,
            () = executor.draining.cancelled(), if !draining => {
                ConnectError::unavailable("the session goes on, and takes nothing new")
            }
        };
        self.away_since = Instant::now();
        if welcomed_at.elapsed() >= SETTLED {
            self.pause = PAUSE.0;
        }
        Broken::Lost(error)
    }

    async fn welcomed(&mut self, welcome: &Welcome) {
        let told = welcome.server_grace.as_option().and_then(|grace| Duration::try_from(grace.clone()).ok());
        if let Some(grace) = told.filter(|grace| !grace.is_zero()) {
            self.grace = grace;
        }
        self.executor.live.connected().await;
        tracing::info!(
            executor = self.executor.name,
            session = self.executor.session_id,
            "connected to the server"
        );
    }
}

/// Whether a server that answers a connect like this will answer so for ever.
fn is_final(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::Aborted | ErrorCode::AlreadyExists | ErrorCode::FailedPrecondition)
}

/// Whether a server that answers so is there and will have us later: its disk is full, or it is busy.
fn is_there(code: ErrorCode) -> bool {
    code == ErrorCode::ResourceExhausted
}

/// Whether an answer to a call means that the connection or the session is gone.
fn is_broken(code: ErrorCode) -> bool {
    is_final(code) || matches!(code, ErrorCode::Unavailable | ErrorCode::DeadlineExceeded)
}

/// Sleeps up to `length`, at random, and doubles it for the next time.
async fn pause(length: &mut Duration, longest: Duration) {
    sleep(length.mul_f64(rand::random_range(0.5..=1.0))).await;
    *length = (*length * 2).min(longest);
}

/// Makes a call until the server takes it. The link stays meanwhile: a full disk on the other side is no
/// reason to open a session anew. An error means that the link is broken.
async fn until_taken<T, Answer>(what: &str, call: impl Fn() -> Answer) -> Result<T, ConnectError>
where
    Answer: Future<Output = Result<T, ConnectError>>,
{
    let mut length = CALL_PAUSE.0;
    loop {
        match timeout(CALL_PATIENCE, call()).await {
            Ok(Err(error)) if !is_broken(error.code) => {
                tracing::warn!(%error, "the server cannot take {what} now; trying again");
            }
            Ok(answer) => return answer,
            Err(_) => {
                let reason = format!("the server did not take {what} in time");
                return Err(ConnectError::deadline_exceeded(reason));
            }
        }
        pause(&mut length, CALL_PAUSE.1).await;
    }
}

/// Every attempt that runs here or has a report that is not acknowledged.
pub(crate) fn holding(registry: &Registry, outbox: &Outbox) -> Vec<AttemptRef> {
    // Registry first: an attempt leaves it only after its report is in the outbox.
    let mut holding: Vec<_> = registry.holding().iter().map(wire::attempt_ref).collect();
    for attempt in outbox.attempts() {
        if !holding.contains(&attempt) {
            holding.push(attempt);
        }
    }
    holding
}

/// Acts on one message. Never waits: the next one may be a stop.
fn hear(executor: &Arc<Executor>, message: ServerMessage) {
    match message.kind {
        Some(Kind::Assignment(wire)) => match wire::assignment(*wire) {
            Ok(assignment) => match &executor.simulated {
                Some(outputs) => simulated::admit(executor, &assignment, outputs),
                None => runner::admit(executor, assignment),
            },
            Err(error) => tracing::error!(%error, "the server assigned what is no attempt"),
        },
        Some(Kind::Stop(stop)) => stop_attempt(&executor.registry, &executor.outbox, &stop),
        Some(Kind::Drain(_)) => executor.told_to_drain.cancel(),
        // A later server may say more than this executor understands.
        Some(Kind::Welcome(_) | Kind::KeepAlive(_)) | None => {}
    }
}

/// Stops an attempt, or says that it is not here.
pub(crate) fn stop_attempt(registry: &Registry, outbox: &Outbox, stop: &Stop) {
    match wire::held(&stop.r#ref) {
        Ok(held) => {
            if !registry.stop(&held, StopOrder::Wanted(stop.reason.clone())) {
                // It never arrived or has ended; either way no process of it is here.
                outbox.push(wire::report(&held, Happening::Stopped));
            }
        }
        Err(error) => tracing::error!(%error, "the server stopped what is no attempt"),
    }
}

async fn send_reports(executor: &Executor, client: &ExecutorServiceClient<Connection>) -> ConnectError {
    loop {
        let sending = executor.outbox.next_call().await;
        let request = ReportRequest {
            session_id: executor.session_id.clone(),
            reports: sending.reports.clone(),
            ..ReportRequest::default()
        };
        let acks = match until_taken("reports", || client.report(request.clone())).await {
            Ok(answer) => {
                executor.servers.learn(answer.headers());
                answer.into_owned().acks
            }
            Err(error) => return error,
        };
        if acks.is_empty() {
            return ConnectError::internal("the server acknowledged no report");
        }
        acknowledged(&executor.registry, sending, &acks);
    }
}

/// Takes the answers to a call. What is stale is wanted no more: it stops, and says so when it is gone. The attempt
/// may still hold a place here, which only that word frees.
pub(crate) fn acknowledged(registry: &Registry, sending: Sending<'_>, acks: &[buffa::EnumValue<Ack>]) {
    let attempts: Vec<_> = sending.reports.iter().map(|report| (*report.r#ref).clone()).collect();
    let outbox = sending.settle(acks.len());
    for (attempt, ack) in attempts.iter().zip(acks) {
        if *ack == Ack::ACK_STALE {
            outbox.forget(attempt);
            if let Ok(held) = wire::held(attempt) {
                registry.stop(&held, StopOrder::Wanted("the attempt is no longer current".to_owned()));
            }
        }
    }
}

/// Says nothing, often enough that the server knows that somebody is there to say it.
async fn show_life(executor: &Executor, client: &ExecutorServiceClient<Connection>) -> ConnectError {
    let nothing = ReportRequest { session_id: executor.session_id.clone(), ..ReportRequest::default() };
    loop {
        sleep(HEARTBEAT).await;
        if let Err(error) = until_taken("a heartbeat", || client.report(nothing.clone())).await {
            return error;
        }
    }
}

async fn send_lines(executor: &Executor, client: &ExecutorServiceClient<Connection>) -> ConnectError {
    loop {
        let mut delivered = Vec::new();
        let mut request =
            PushLogsRequest { session_id: executor.session_id.clone(), ..PushLogsRequest::default() };
        for outgoing in executor.live.next_call().await {
            request.batches.push(outgoing.batch);
            delivered.extend(outgoing.delivered);
        }
        if let Err(error) = until_taken("log lines", || client.push_logs(request.clone())).await {
            return error;
        }
        for heard in delivered {
            let _gone = heard.send(());
        }
    }
}

#[cfg(test)]
mod tests {
    use connectrpc::ErrorCode;

    use wingbeat_proto::wingbeat::executor::v1::Ack;

    use super::{acknowledged, is_broken, is_final, is_there};
    use crate::outbox::Outbox;
    use crate::registry::{Admission, Registry, StopOrder};
    use crate::testing::assignment;
    use crate::wire::{self, Happening};

    #[tokio::test]
    async fn a_process_whose_start_is_stale_stops_and_will_say_so() {
        let (registry, outbox, held) = (Registry::default(), Outbox::default(), assignment().held);
        let Admission::Start { stop, .. } = registry.admit(&held) else { panic!("it is started") };
        outbox.push(wire::report(&held, Happening::Started { isolation: "process".to_owned(), pid: 1 }));
        acknowledged(&registry, outbox.next_call().await, &[Ack::ACK_STALE.into()]);
        assert!(matches!(stop.order(), Some(StopOrder::Wanted(_))), "{:?}", stop.order());
        assert!(outbox.attempts().is_empty());
    }

    #[test]
    fn a_server_without_space_is_neither_away_nor_lost() {
        let code = ErrorCode::ResourceExhausted;
        assert!(is_there(code) && !is_broken(code) && !is_final(code));
        assert!(!is_there(ErrorCode::Unavailable), "nobody may have answered");
    }
}
