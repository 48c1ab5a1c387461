//! Rebuilds the loop's picture from the store: live actions, held attempts, open sessions, work left over.

use wingbeat_engine::Command;
use wingbeat_engine::defects::{Defect, active};
use wingbeat_model::{ActionKey, Needs, RunId};
use wingbeat_store::ReadError;

use super::timers::Timers;
use super::{Driver, Waiting};

/// The store's live rows could not be read.
#[derive(Debug, thiserror::Error)]
#[error("could not load the live runs from the store")]
pub struct BootError(#[from] ReadError);

pub(super) async fn load(driver: &mut Driver) -> Result<(), BootError> {
    let store = driver.parts.store.clone();
    // What is committed from here on is told again.
    driver.others.start_from(store.head().await?);
    let mut last: Option<ActionKey> = None;
    let mut runs: Vec<RunId> = Vec::new();
    loop {
        let page = store.live_actions(last.as_ref(), Needs::CHUNK).await?;
        for action in &page {
            if !active(Defect::TimerLostAtRestart) {
                driver.timers.observe(action);
            }
            driver.others.observe(action);
            driver.lock_scheduler().observe_action(action);
            if runs.last() != Some(&action.key.run) {
                runs.push(action.key.run);
            }
        }
        if page.len() < Needs::CHUNK {
            break;
        }
        last = page.last().map(|action| action.key.clone());
    }
    for chunk in runs.chunks(Needs::CHUNK) {
        for run in store.get_runs(chunk).await? {
            driver.lock_scheduler().observe_run(&run);
        }
    }
    for attempt in store.held_attempts().await? {
        driver.lock_scheduler().observe_attempt(&attempt);
    }
    let left = store.follow_ups().await?;
    driver
        .queue
        .extend(left.into_iter().map(|work| Waiting { command: Command::FollowUp(work), answer: None }));
    Ok(())
}

/// Builds the picture anew while executors stay connected: after a commit of which nobody knows whether it counted.
/// What it may have decided for them is sent again.
pub(super) async fn reload(driver: &mut Driver) -> Result<(), BootError> {
    driver.queue.retain(|waiting| waiting.answer.is_some());
    driver.timers = Timers::default();
    driver.lock_scheduler().forget_rows();
    load(driver).await?;
    let store = driver.parts.store.clone();
    for attempt in store.held_attempts().await? {
        let Some(action) = store.find_action(attempt.action()).await? else { continue };
        driver.follow(wingbeat_engine::resume(&action, &attempt).into_iter().collect());
    }
    let newest = store.head().await?;
    driver.parts.feed.wake_all(newest);
    Ok(())
}
