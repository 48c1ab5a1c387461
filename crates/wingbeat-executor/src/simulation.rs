//! The executor's side of the protocol without processes and sockets, for the testkit's simulation: the real
//! registry and outbox, and what the link does with each message and each answer. Compiled for tests only.

use tokio_util::sync::CancellationToken;
use wingbeat_model::{AttemptKey, Failure, Fence};
use wingbeat_proto::wingbeat::executor::v1::server_message::Kind;
use wingbeat_proto::wingbeat::executor::v1::{
    AttemptReport, ConnectRequest, LeaveRequest, ReportRequest, ReportResponse, ServerMessage,
};

use crate::assignment::Held;
use crate::capacity::Capacity;
use crate::link;
use crate::outbox::{Outbox, Sending};
use crate::outcome::OutputsFile;
use crate::registry::{Admission, Registry, StopOrder, StopSignal};
use crate::wire::{self, Happening};

/// Memory of a simulated executor's machine, for attempts.
pub const MEMORY_BYTES: u64 = 1 << 30;

/// Its devices.
pub const GPUS: u32 = 1;

/// One executor's memory, for the life of its session.
#[derive(Debug)]
pub struct Desk {
    name: String,
    session: String,
    slots: u32,
    registry: Registry,
    outbox: Outbox,
    draining: CancellationToken,
}

/// An attempt whose process is to be started.
#[derive(Debug)]
pub struct Start {
    held: Held,
    stop: StopSignal,
}

/// What a process came to.
#[derive(Debug, Clone)]
pub enum End {
    /// It has written its outputs into this folder.
    Succeeded(String),
    /// It failed.
    Failed(Failure),
    /// It was told to stop.
    Stopped,
    /// Nobody wants to know.
    Disowned,
}

/// A call under way. Dropped without an answer, its reports are sent again.
#[derive(Debug)]
pub struct Call<'a> {
    registry: &'a Registry,
    sending: Sending<'a>,
}

impl Start {
    /// Which attempt.
    pub fn attempt(&self) -> &AttemptKey {
        &self.held.key
    }

    /// Under which fence.
    pub fn fence(&self) -> Fence {
        self.held.fence
    }

    /// Resolves when the process is to stop, with what is to be said about it afterwards.
    pub async fn stopped(&mut self) -> End {
        match self.stop.ordered().await {
            StopOrder::Disowned => End::Disowned,
            StopOrder::Wanted(_) | StopOrder::ExecutorEnds(_) => End::Stopped,
        }
    }
}

impl Desk {
    /// A new session of the executor of that name.
    pub fn new(name: String, session: String, slots: u32) -> Self {
        let (registry, outbox) = (Registry::default(), Outbox::default());
        Self { name, session, slots, registry, outbox, draining: CancellationToken::new() }
    }

    /// What opens a stream.
    pub fn connect_request(&self) -> ConnectRequest {
        let capacity = Capacity {
            slots: self.slots,
            cpu_millis: u64::from(self.slots) * 1000,
            memory_bytes: MEMORY_BYTES,
            gpus: GPUS,
            max_processes: self.slots * 4,
        };
        let mut holding = link::holding(&self.registry, &self.outbox);
        holding.sort_by(|a, b| (a.run_id, &a.action, a.attempt).cmp(&(b.run_id, &b.action, b.attempt)));
        let mut request = wire::connect_request(&self.name, &self.session, "simulated", capacity, holding);
        if self.draining.is_cancelled() {
            wire::take_nothing_new(&mut request);
        }
        request
    }

    /// Resolves when it is told to take nothing new.
    pub async fn told_to_drain(&self) {
        self.draining.cancelled().await;
    }

    /// Does it run nothing, and has it nothing to report?
    pub fn is_idle(&self) -> bool {
        link::holding(&self.registry, &self.outbox).is_empty()
    }

    /// What asks whether it may end.
    pub fn leave_request(&self) -> LeaveRequest {
        LeaveRequest { session_id: self.session.clone(), ..LeaveRequest::default() }
    }

    /// Acts on a message.
    pub fn hear(&self, message: ServerMessage) -> Option<Start> {
        match message.kind? {
            Kind::Assignment(assignment) => {
                let held = wire::assignment(*assignment).ok()?.held;
                match self.registry.admit(&held) {
                    Admission::Start { stop, .. } => Some(Start { held, stop }),
                    Admission::Known | Admission::Closed => None,
                }
            }
            Kind::Stop(stop) => {
                link::stop_attempt(&self.registry, &self.outbox, &stop);
                None
            }
            Kind::Drain(_) => {
                self.draining.cancel();
                None
            }
            Kind::Welcome(_) | Kind::KeepAlive(_) => None,
        }
    }

    /// Says that a process runs.
    pub fn started(&self, start: &Start) {
        let happening = Happening::Started { isolation: "simulated".to_owned(), pid: 1 };
        self.outbox.push(wire::report(&start.held, happening));
    }

    /// Says what a process came to, and forgets it.
    pub fn ended(&self, start: &Start, end: End) {
        let happening = match end {
            End::Succeeded(folder) => {
                let outputs = OutputsFile { folder, size: 0, sha256: [0; 32] };
                Some(Happening::Succeeded { outputs, report_uri: String::new() })
            }
            End::Failed(failure) => Some(Happening::Failed { failure, report_uri: String::new() }),
            End::Stopped => Some(Happening::Stopped),
            End::Disowned => None,
        };
        if let Some(happening) = happening {
            self.outbox.push(wire::report(&start.held, happening));
        }
        let leaving = self.registry.leaving(&start.held);
        self.registry.remove(&start.held, &leaving);
    }

    /// The next call of reports; waits until there is something to say.
    pub async fn next_call(&self) -> (Call<'_>, ReportRequest) {
        let sending = self.outbox.next_call().await;
        let reports: Vec<AttemptReport> = sending.reports.clone();
        let request = ReportRequest { session_id: self.session.clone(), reports, ..ReportRequest::default() };
        (Call { registry: &self.registry, sending }, request)
    }

    /// Tells every process that nobody wants it any more: the server refused the session.
    pub fn close(&self) {
        self.registry.close(&StopOrder::Disowned);
    }
}

impl Call<'_> {
    /// The server answered.
    pub fn answered(self, response: &ReportResponse) {
        link::acknowledged(self.registry, self.sending, &response.acks);
    }
}
