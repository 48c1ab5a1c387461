//! Users: they start runs, answer conditions, abort now and then, and watch. A watcher reconnects as often as it
//! has to; what it saw once it must never see undone.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures::StreamExt as _;
use wingbeat_engine::Command;
use wingbeat_model::{ActionKey, ActionName, Phase, QueueChange, QueueName, RunId, Timestamp};
use wingbeat_proto::flyteidl2::workflow::WatchActionsResponse;
use wingbeat_server::simulation::SubmitError;

use super::World;
use super::network::Delivery;
use crate::simulation::plan::NARROW;

/// Narrows, pauses and opens a queue as chance has it, and has executors drain. In calm weather the queue stays open.
pub(super) async fn operate(world: Arc<World>) {
    loop {
        let cap = u32::try_from(world.weather.number(1..4)).ok();
        let paused = world.weather.strikes(10);
        let change = QueueChange { max_running: Some(cap), paused: Some(paused), ..QueueChange::default() };
        let answer = submit(&world, Command::PutQueue { name: QueueName::of(NARROW), change }).await;
        if world.weather.strikes(200) {
            let executor = format!("x{}", world.weather.number(0..3));
            drop(submit(&world, Command::DrainExecutor(executor)).await);
        }
        let longest = if matches!(answer, Some(Ok(_))) { 20_000 } else { 1_000 };
        world.weather.pause(100..longest).await;
    }
}

/// Starts a run, however often that takes.
pub(super) async fn create(world: Arc<World>, run: RunId) {
    world.weather.pause(0..10_000).await;
    while !world.ledger.book().rows().queues.contains_key(&QueueName::of(NARROW)) {
        world.weather.pause(50..500).await;
    }
    loop {
        let new = world.plan(run).new_run(Timestamp::from_micros(0));
        let command = Command::CreateRun(Box::new(new));
        match submit(&world, command).await {
            Some(Ok(_)) => {
                world.ledger.run_promised(run);
                return;
            }
            Some(Err(SubmitError::Rejected(reject))) => {
                world.ledger.accuse(format!("{run:?} was refused: {reject}"));
                return;
            }
            Some(Err(_)) | None => world.weather.pause(50..2_000).await,
        }
    }
}

/// Answers conditions and aborts what chance picks.
pub(super) async fn meddle(world: Arc<World>) {
    loop {
        world.weather.pause(500..5_000).await;
        let live: Vec<(ActionKey, Phase)> = {
            let book = world.ledger.book();
            book.recorder.live_actions().map(|action| (action.key.clone(), action.phase())).collect()
        };
        for (action, phase) in live {
            let by = "ada".to_owned();
            let answers = phase == Phase::Paused && (world.weather.is_calm() || world.weather.chance(10));
            let command = if answers {
                Command::Signal { action, value: vec![1], by }
            } else if world.weather.strikes(4) {
                Command::Abort { action, reason: "enough".to_owned(), by, caller: None }
            } else {
                continue;
            };
            drop(submit(&world, command).await);
        }
    }
}

async fn submit(world: &World, command: Command) -> Option<Result<wingbeat_engine::Reply, SubmitError>> {
    let answer = world.network.call(Delivery::PerhapsTwice, move |server| {
        let command = command.clone();
        async move { server.submit(command).await }
    });
    answer.await.ok()
}

/// The number of an action's state, and the state: its phase and its attempts.
type Numbered = (usize, (Phase, u32));

/// What one watcher of one run has seen: for each action its last state.
#[derive(Debug, Default)]
pub(super) struct Watcher {
    seen: Mutex<BTreeMap<ActionKey, Numbered>>,
}

impl Watcher {
    /// Watches for ever.
    pub(super) async fn watch(self: Arc<Self>, world: Arc<World>, run: RunId) {
        loop {
            let opened = world.network.call(Delivery::Once, move |server| async move {
                server.watch_actions(run).await.map(|stream| (server, stream))
            });
            if let Ok(Ok((server, mut stream))) = opened.await {
                let listening = async {
                    while let Some(Ok(message)) = stream.next().await {
                        self.see(&world, run, &message);
                        if world.weather.strikes(50) {
                            world.weather.pause(0..3_000).await;
                        }
                    }
                };
                tokio::select! {
                    biased;
                    () = listening => {}
                    () = world.network.breaks(&server) => {}
                }
                world.network.leave(stream);
            }
            world.weather.pause(100..3_000).await;
        }
    }

    fn see(&self, world: &World, run: RunId, message: &WatchActionsResponse) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        for enriched in &message.enriched_actions {
            let action = &enriched.action;
            let key = ActionKey { run, name: ActionName::stored(&action.id.name) };
            let Some(phase) = Phase::from_number(action.status.phase.to_i32()) else { continue };
            let state = (phase, action.status.attempts);
            let from = seen.get(&key).map_or(0, |(number, _)| *number);
            let number = world.ledger.seen(&key, from, state);
            seen.insert(key, (number, state));
        }
    }

    /// An action whose last state the watcher has not got.
    pub(super) fn misses(&self, world: &World, run: RunId) -> Option<String> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let book = world.ledger.book();
        let actions = book.rows().actions.keys().filter(|key| key.run == run);
        let missed = actions.filter(|key| {
            let last = book.last_state(key).map(|state| state.0);
            last != seen.get(*key).map(|(_, state)| state.0)
        });
        let missed: Vec<_> =
            missed.map(|key| (key.name.as_str(), book.last_state(key), seen.get(key))).collect();
        (!missed.is_empty()).then(|| format!("a watcher of {run:?} misses {missed:?}"))
    }
}
