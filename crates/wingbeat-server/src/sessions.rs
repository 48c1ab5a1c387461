//! Streams to executors. The open stream is an executor's liveness, as long as something is heard of it; when it closes,
//! the session has one lease period to come back before what it holds is given up.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::HeaderValue;
use tokio::sync::mpsc;
use tokio::time::Instant;
use wingbeat_engine::Command;
use wingbeat_engine::defects::{Defect, active};
use wingbeat_model::SessionId;
use wingbeat_proto::wingbeat::executor::v1::{ServerMessage, server_message};

use crate::dispatch::message;
use crate::driver::DriverHandle;
use crate::tasks::Tasks;

/// How long a session may be without a stream.
pub const LEASE: Duration = Duration::from_secs(30);

/// In answers to executors: the sockets of other servers of the same platform, with commas between.
pub const SERVERS_HEADER: &str = "x-wingbeat-servers";

struct Stream {
    messages: mpsc::UnboundedSender<ServerMessage>,
    /// Counts streams of all sessions, so that a late close of an old stream is told from the present one.
    number: u64,
    /// When its executor last said something.
    heard: Instant,
}

/// Open streams by session.
#[derive(Clone, Default)]
pub struct Sessions {
    inner: Arc<Mutex<Streams>>,
}

#[derive(Default)]
struct Streams {
    opened: u64,
    open: HashMap<SessionId, Stream>,
    /// Number of the newest stream that each session ever had here, while it has not ended.
    newest: HashMap<SessionId, u64>,
    /// Where other servers take executors.
    servers: Vec<String>,
}

impl Sessions {
    fn lock(&self) -> std::sync::MutexGuard<'_, Streams> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers a stream; an older one of the same session is forgotten. Returns its number.
    pub fn open(&self, session: SessionId) -> (u64, mpsc::UnboundedReceiver<ServerMessage>) {
        let (messages, receiver) = mpsc::unbounded_channel();
        let mut streams = self.lock();
        streams.opened += 1;
        let number = streams.opened;
        streams.newest.insert(session.clone(), number);
        streams.open.insert(session, Stream { messages, number, heard: Instant::now() });
        (number, receiver)
    }

    /// The session has ended: its stream ends too, so that its executor notices and begins anew.
    pub fn end(&self, session: &SessionId) {
        let mut streams = self.lock();
        streams.open.remove(session);
        streams.newest.remove(session);
    }

    /// Has the session a stream here?
    pub fn is_open(&self, session: &SessionId) -> bool {
        self.lock().open.contains_key(session)
    }

    /// Takes over where executors can go when this server is away.
    pub fn know_servers(&self, endpoints: Vec<String>) {
        self.lock().servers = endpoints;
    }

    /// What the header [`SERVERS_HEADER`] says now. Only what can stand in one is said.
    pub fn servers(&self) -> Option<HeaderValue> {
        let streams = self.lock();
        let plain = streams.servers.iter().filter(|endpoint| !endpoint.contains(','));
        let said = plain.filter(|endpoint| HeaderValue::from_str(endpoint).is_ok());
        let list = said.map(String::as_str).collect::<Vec<_>>().join(",");
        HeaderValue::from_str(&list).ok()
    }

    /// Sends if the session has a stream. Without one the message is not needed: what is due is worked out
    /// anew when the session connects.
    pub fn send(&self, session: &SessionId, message: ServerMessage) {
        if let Some(stream) = self.lock().open.get(session) {
            // A receiver that is gone is a stream that is closing.
            let _ = stream.messages.send(message);
        }
    }

    /// The executor is to take nothing new, and to end when what it runs has ended. It may hear so more than once.
    pub fn drain(&self, session: &SessionId) {
        self.send(session, message(server_message::Kind::Drain(Box::default())));
    }

    /// Its executor said something.
    pub fn heard(&self, session: &SessionId) {
        if let Some(stream) = self.lock().open.get_mut(session) {
            stream.heard = Instant::now();
        }
    }

    /// For how long nothing was heard of an executor whose present stream is this one.
    pub fn silence(&self, session: &SessionId, number: u64) -> Option<Duration> {
        let streams = self.lock();
        let stream = streams.open.get(session).filter(|stream| stream.number == number)?;
        Some(stream.heard.elapsed())
    }

    /// Ends a stream from this side, if it is still the session's present one; its executor connects again.
    pub fn hang_up(&self, session: &SessionId, number: u64) {
        let mut streams = self.lock();
        if let Some(stream) = streams.open.get_mut(session).filter(|stream| stream.number == number) {
            // The entry stays for the lease; only the channel is cut.
            stream.messages = mpsc::unbounded_channel().0;
        }
    }

    /// Takes a stream out if it is still the session's present one.
    fn close(&self, session: &SessionId, number: u64) -> bool {
        let mut streams = self.lock();
        let present = streams.open.get(session).is_some_and(|stream| stream.number == number);
        if present {
            streams.open.remove(session);
        }
        present
    }

    /// A stream closed: tells the scheduler and starts the lease.
    pub fn closed(&self, session: SessionId, number: u64, driver: DriverHandle, tasks: &Tasks) {
        if !self.close(&session, number) {
            return;
        }
        let (sessions, token) = (self.clone(), tasks.token());
        tasks.spawn("session-lease", async move {
            driver.disconnected(session.clone(), number).await;
            token.run_until_cancelled(sessions.lease(session, number, driver)).await;
        });
    }

    /// The session may be stored, and has one lease to get a stream. With the end of one that it has another lease begins.
    pub fn start_lease(&self, session: SessionId, driver: DriverHandle, tasks: &Tasks) {
        let number = {
            let streams = self.lock();
            if streams.open.contains_key(&session) {
                return;
            }
            streams.newest.get(&session).copied().unwrap_or_default()
        };
        let (sessions, token) = (self.clone(), tasks.token());
        tasks.spawn("session-lease", async move {
            token.run_until_cancelled(sessions.lease(session, number, driver)).await;
        });
    }

    /// Ends the session when the lease is over, unless it had a stream since the one of that number (0: any).
    async fn lease(&self, session: SessionId, number: u64, driver: DriverHandle) {
        tokio::time::sleep(LEASE).await;
        if self.lock().newest.get(&session).is_some_and(|newest| *newest > number) {
            return;
        }
        if active(Defect::LeaseNeverEnds) {
            return;
        }
        tracing::warn!(worker_id = %session.0, "executor session lost");
        // Repeated until it is durable: nobody else would give the attempts up.
        while driver
            .submit(Command::EndSession { session: session.clone(), server: driver.server() })
            .await
            .is_err_and(|error| error.is_transient())
        {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}
