//! Machines with executors: they keep a session with the server, start what it assigns, and say what came of it.
//! The memory of each executor is the real one; its processes are simulated. A machine that dies takes all of
//! that with it.

use std::sync::Arc;
use std::time::Duration;

use connectrpc::{ConnectError, ErrorCode, ServiceStream};
use futures::StreamExt as _;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use wingbeat_executor::simulation::Desk;
use wingbeat_model::{ActionKey, ActionName, AttemptKey, RunId};
use wingbeat_proto::wingbeat::executor::v1::{
    Ack, ReportRequest, ReportResponse, ServerMessage, attempt_report::Kind,
};
use wingbeat_server::simulation::SimulatedServer;

use super::World;
use super::network::{Delivery, Lost};
use super::process;

/// The server says something every 15 s.
const SILENCE: Duration = Duration::from_secs(45);

pub(super) struct Machine {
    number: usize,
    pub(super) slots: u32,
    pub(super) dies: Notify,
}

/// The server will not have the session any more.
struct Disowned;

impl Machine {
    pub(super) fn new(number: usize, slots: u32) -> Self {
        Self { number, slots, dies: Notify::new() }
    }

    pub(super) fn name(&self) -> String {
        format!("x{}", self.number)
    }

    /// One executor after the other, until one dies for good.
    pub(super) async fn run(self: Arc<Self>, world: Arc<World>) {
        for life in 0.. {
            let desk = Arc::new(Desk::new(self.name(), format!("{}-{life}", self.name()), self.slots));
            let dead = CancellationToken::new();
            tokio::select! {
                biased;
                () = self.dies.notified() => {
                    world.count(|summary| summary.executor_crashes += 1);
                    // Some machine has to be left.
                    if self.number > 0 && world.weather.chance(30) {
                        dead.cancel();
                        return;
                    }
                }
                () = drained(&world, &desk) => desk.close(),
                () = live(&world, &desk, &dead) => desk.close(),
            }
            dead.cancel();
            world.weather.pause(100..5_000).await;
        }
    }
}

/// How long somebody waits for an executor to drain: a parent on it may need children that nobody else can run.
const DRAIN_PATIENCE: Duration = Duration::from_mins(5);

/// Resolves when an executor that was told to drain may end, or is ended by somebody.
async fn drained(world: &Arc<World>, desk: &Arc<Desk>) {
    desk.told_to_drain().await;
    let told = Instant::now();
    while told.elapsed() < DRAIN_PATIENCE {
        world.weather.pause(10..500).await;
        if !desk.is_idle() {
            continue;
        }
        let request = desk.leave_request();
        let answer = world.network.call(Delivery::PerhapsTwice, move |server| {
            let request = request.clone();
            async move { server.leave(request).await }
        });
        if matches!(answer.await, Ok(Ok(true))) {
            world.count(|summary| summary.drained += 1);
            return;
        }
    }
}

/// Connects again and again, until the server refuses for good.
async fn live(world: &Arc<World>, desk: &Arc<Desk>, dead: &CancellationToken) {
    loop {
        let request = desk.connect_request();
        let drains = request.capacity.slots == 0;
        let opened = world.network.call(Delivery::Once, move |server| {
            let request = request.clone();
            async move { server.connect(request).await.map(|stream| (server, stream)) }
        });
        match opened.await {
            Ok(Ok((server, stream))) => {
                if session(world, desk, dead, drains, (server, stream)).await.is_err() {
                    return;
                }
            }
            Ok(Err(error)) if is_final(&error) => return,
            Ok(Err(_)) | Err(Lost) => {}
        }
        let away = if world.weather.strikes(100) { 60_000 } else { 1_000 };
        world.weather.pause(50..away).await;
    }
}

fn is_final(error: &ConnectError) -> bool {
    matches!(error.code, ErrorCode::Aborted | ErrorCode::AlreadyExists | ErrorCode::FailedPrecondition)
}

/// One stream, until it breaks.
async fn session(
    world: &Arc<World>,
    desk: &Arc<Desk>,
    dead: &CancellationToken,
    drains: bool,
    (server, mut stream): (SimulatedServer, ServiceStream<ServerMessage>),
) -> Result<(), Disowned> {
    // What is still under way when this stream is over never arrives.
    let over = dead.child_token();
    // To say so, it connects again.
    let news = async {
        if drains {
            std::future::pending::<()>().await;
        }
        desk.told_to_drain().await;
    };
    let result = tokio::select! {
        biased;
        () = hear(world, desk, (dead, &over), &mut stream) => Ok(()),
        result = report(world, desk, &server) => result,
        () = world.network.breaks(&server) => Ok(()),
        () = news => Ok(()),
    };
    over.cancel();
    world.network.leave(stream);
    result
}

async fn hear(
    world: &Arc<World>,
    desk: &Arc<Desk>,
    (dead, over): (&CancellationToken, &CancellationToken),
    stream: &mut ServiceStream<ServerMessage>,
) {
    while let Ok(Some(Ok(message))) = tokio::time::timeout(SILENCE, stream.next()).await {
        world.weather.pause(0..20).await;
        if world.weather.strikes(50) {
            later(world, desk, (dead, over), message.clone());
        }
        if world.weather.strikes(50) {
            later(world, desk, (dead, over), message);
        } else {
            arrive(world, desk, dead, message);
        }
    }
}

/// The message is overtaken by others.
fn later(
    world: &Arc<World>,
    desk: &Arc<Desk>,
    (dead, over): (&CancellationToken, &CancellationToken),
    message: ServerMessage,
) {
    let (world, desk, dead, over) = (world.clone(), desk.clone(), dead.clone(), over.clone());
    tokio::spawn(async move {
        tokio::select! {
            biased;
            () = over.cancelled() => {}
            () = world.weather.pause(0..5_000) => arrive(&world, &desk, &dead, message),
        }
    });
}

fn arrive(world: &Arc<World>, desk: &Arc<Desk>, dead: &CancellationToken, message: ServerMessage) {
    let Some(start) = desk.hear(message) else { return };
    let (world, desk, dead) = (world.clone(), desk.clone(), dead.clone());
    tokio::spawn(async move {
        tokio::select! {
            biased;
            () = dead.cancelled() => {}
            () = process::run(world, desk, start) => {}
        }
    });
}

/// Sends reports until the link is broken.
async fn report(world: &World, desk: &Desk, server: &SimulatedServer) -> Result<(), Disowned> {
    loop {
        let (call, request) = desk.next_call().await;
        let asked = request.clone();
        let answer = world.network.call_at(server, Delivery::PerhapsTwice, move |server| {
            let request = asked.clone();
            async move { server.report(request).await }
        });
        match answer.await {
            Ok(Ok(response)) => {
                promised(world, &request, &response);
                call.answered(&response);
            }
            Ok(Err(error)) if is_final(&error) => return Err(Disowned),
            Ok(Err(error)) if error.code == ErrorCode::Unavailable => return Ok(()),
            Ok(Err(_)) => world.weather.pause(100..1_000).await,
            Err(Lost) => return Ok(()),
        }
    }
}

fn promised(world: &World, request: &ReportRequest, response: &ReportResponse) {
    for (report, ack) in request.reports.iter().zip(&response.acks) {
        if *ack != Ack::ACK_ACCEPTED {
            continue;
        }
        let name = ActionName::stored(&report.r#ref.action);
        let action = ActionKey { run: RunId(report.r#ref.run_id), name };
        let attempt = AttemptKey { action, attempt: report.r#ref.attempt };
        let terminal = !matches!(report.kind, Some(Kind::Started(_)));
        world.ledger.report_promised(&attempt, terminal);
    }
}
