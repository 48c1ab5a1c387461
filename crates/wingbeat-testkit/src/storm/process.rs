//! Task processes: each enqueues its children, waits for them, and ends as its plan and chance want. It talks to
//! the server as the stock client does through its executor: again and again until it has an answer.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::StreamExt as _;
use wingbeat_engine::{Command, Reject};
use wingbeat_executor::simulation::{Desk, End, Start};
use wingbeat_model::{
    ActionKey, ActionName, AttemptIdentity, AttemptKey, Failure, FailureClass, Phase, Timestamp,
};
use wingbeat_proto::flyteidl2::actions::watch_for_updates_response::Message;
use wingbeat_server::simulation::SubmitError;

use super::World;
use super::ledger::{LastWord, Ledger};
use super::network::Delivery;
use crate::simulation::plan::Node;

/// What processes here fail with.
pub(super) const CODE: &str = "Simulated";

/// The process has no say any more: it can only fail.
struct Refused;

/// Keeps the ledger's list of living processes true, however the process ends.
struct Alive {
    ledger: Arc<Ledger>,
    attempt: AttemptKey,
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.ledger.is_gone(&self.attempt);
    }
}

/// Runs the process of one attempt to its end.
pub(super) async fn run(world: Arc<World>, desk: Arc<Desk>, mut start: Start) {
    let attempt = start.attempt().clone();
    world.ledger.starts(&attempt);
    let alive = Alive { ledger: world.ledger.clone(), attempt: attempt.clone() };
    let identity =
        AttemptIdentity { action: attempt.action.clone(), attempt: attempt.attempt, fence: start.fence() };
    world.weather.pause(0..200).await;
    desk.started(&start);
    let end = tokio::select! {
        biased;
        end = start.stopped() => {
            world.weather.pause(0..2_000).await;
            end
        }
        end = work(&world, &identity) => end,
    };
    match &end {
        End::Succeeded(_) => world.ledger.says(&attempt, LastWord::Succeeded),
        End::Failed(_) => world.ledger.says(&attempt, LastWord::Failed),
        End::Stopped | End::Disowned => {}
    }
    // The process is gone before anything is said of it.
    drop(alive);
    desk.ended(&start, end);
}

async fn work(world: &World, identity: &AttemptIdentity) -> End {
    let plan = world.plan(identity.action.run);
    let node = &plan.nodes[&identity.action.name];
    let hangs = plan.max_runtime(&identity.action.name).is_some() && world.weather.chance(10);
    if hangs {
        std::future::pending::<()>().await;
    }
    for child in &node.children {
        if enqueue(world, identity, child).await.is_err() {
            return failed(FailureClass::User, true);
        }
    }
    let well = node.children.is_empty() || children_end_well(world, &identity.action, node).await;
    let longest = if world.weather.chance(10) { 20_000 } else { 1_000 };
    world.weather.pause(0..longest).await;
    end(world, node, well, identity)
}

async fn enqueue(world: &World, identity: &AttemptIdentity, child: &ActionName) -> Result<(), Refused> {
    let plan = world.plan(identity.action.run);
    loop {
        // What a process says of the time counts for nothing.
        let new = plan.new_action(child, Some(identity.clone()), Timestamp::from_micros(0));
        let key = new.key.clone();
        let command = Command::Enqueue(Box::new(new));
        let answer = world
            .network
            .call(Delivery::PerhapsTwice, move |server| {
                let command = command.clone();
                async move { server.submit(command).await }
            })
            .await;
        match answer {
            Ok(Ok(_)) => {
                world.ledger.action_promised(&key);
                return Ok(());
            }
            Ok(Err(SubmitError::Rejected(reject))) => {
                if matches!(reject, Reject::NoAction(_) | Reject::NoRun | Reject::DifferentSpec(_)) {
                    world.ledger.accuse(format!("{key:?} was refused: {reject}"));
                }
                return Err(Refused);
            }
            Ok(Err(_)) | Err(_) => world.weather.pause(50..1_000).await,
        }
    }
}

/// Waits until all children have ended, and says whether all did well.
async fn children_end_well(world: &World, parent: &ActionKey, node: &Node) -> bool {
    let mut open: BTreeSet<&str> = node.children.iter().map(ActionName::as_str).collect();
    let mut well = true;
    while !open.is_empty() {
        let key = parent.clone();
        let opened = world.network.call(Delivery::Once, move |server| {
            let key = key.clone();
            async move { server.watch_children(key).await.map(|stream| (server, stream)) }
        });
        let Ok(Ok((server, mut stream))) = opened.await else {
            world.weather.pause(50..1_000).await;
            continue;
        };
        let listening = async {
            while !open.is_empty()
                && let Some(Ok(response)) = stream.next().await
            {
                let Some(Message::ActionUpdate(update)) = response.message else { continue };
                let phase = Phase::from_number(update.phase.to_i32());
                open.remove(update.action_id.name.as_str());
                well &= phase.is_some_and(Phase::is_success);
            }
        };
        tokio::select! {
            biased;
            () = listening => {}
            () = world.network.breaks(&server) => {}
        }
        world.network.leave(stream);
        if !open.is_empty() {
            world.weather.pause(10..500).await;
        }
    }
    well
}

fn end(world: &World, node: &Node, well: bool, identity: &AttemptIdentity) -> End {
    let drawn = world.weather.number(0..100);
    if drawn < u64::from(node.fails) {
        let class = if drawn.is_multiple_of(2) { FailureClass::User } else { FailureClass::System };
        return failed(class, world.weather.chance(90));
    }
    if !well {
        return failed(FailureClass::User, world.weather.chance(90));
    }
    End::Succeeded(format!("/{}/{}", identity.action.name, identity.attempt))
}

fn failed(class: FailureClass, recoverable: bool) -> End {
    End::Failed(Failure {
        class,
        code: CODE.to_owned(),
        message: "as planned".to_owned(),
        recoverable,
        worker: String::new(),
        wire_kind: 0,
    })
}
