//! Rebuilds the loop's picture from the store: live actions, held attempts, open sessions, work left over.

use wingbeat_engine::defects::{Defect, active};
use wingbeat_engine::{Batch, Command};
use wingbeat_model::{ActionKey, Needs, RunId, Seq};
use wingbeat_store::{CommitError, ReadError};

use super::timers::Timers;
use super::{Driver, Waiting};

/// The store's live rows could not be read.
#[derive(Debug, thiserror::Error)]
#[error("could not load the live runs from the store")]
pub struct BootError(#[from] ReadError);

/// Returns the position up to which everything is read from the store.
pub(super) async fn load(driver: &mut Driver) -> Result<Seq, BootError> {
    let store = driver.parts.store.clone();
    // What is committed from here on is told again.
    let head = store.head().await?;
    driver.others.start_from(head);
    let mut last: Option<ActionKey> = None;
    for queue in store.queues().await? {
        driver.lock_scheduler().observe_queue(&queue);
    }
    for share in store.shares().await? {
        driver.lock_scheduler().observe_share(&share);
    }
    loop {
        let page = store.live_actions(last.as_ref(), Needs::CHUNK).await?;
        let mut of_page: Vec<RunId> = page.iter().map(|action| action.key.run).collect();
        of_page.dedup();
        for run in store.get_runs(&of_page).await? {
            driver.lock_scheduler().observe_run(&run);
        }
        for action in &page {
            if !active(Defect::TimerLostAtRestart) {
                driver.timers.observe(action);
            }
            driver.others.observe(action);
            driver.lock_scheduler().observe_action(action);
        }
        let Some(action) = page.last() else { break };
        last = Some(action.key.clone());
    }
    for attempt in store.held_attempts().await? {
        driver.lock_scheduler().observe_attempt(&attempt);
    }
    let left = store.follow_ups().await?;
    for work in left {
        driver.queue.push(Waiting { command: Command::FollowUp(work), answer: None });
    }
    Ok(head)
}

/// Builds the picture anew while executors stay connected: after a commit of which nobody knows whether it counted.
/// What it may have decided for them is sent again.
pub(super) async fn reload(driver: &mut Driver) -> Result<(), BootError> {
    settle(driver).await?;
    driver.queue.keep_asked();
    driver.timers = Timers::default();
    driver.lock_scheduler().forget_rows();
    load(driver).await?;
    let store = driver.parts.store.clone();
    for attempt in store.held_attempts().await? {
        let action = match store.find_action(attempt.action()).await {
            Ok(Some(action)) => action,
            Ok(None) | Err(ReadError::Corrupt { .. }) => continue,
            Err(error) => return Err(error.into()),
        };
        driver.follow(wingbeat_engine::resume(&action, &attempt).into_iter().collect(), &[action], &[]);
    }
    let newest = store.head().await?;
    driver.parts.feed.wake_all(newest);
    Ok(())
}

/// Waits until the transaction of which nobody knows is decided: one that comes after it stands behind it. Otherwise it
/// could be written after everything was read, and nobody would take it over.
async fn settle(driver: &Driver) -> Result<(), BootError> {
    let nothing = Batch::new(Vec::new(), driver.parts.clock.now()).by(driver.office());
    match driver.parts.store.commit(Box::new(nothing)).await {
        Ok(_) | Err(CommitError::DiskFull) => Ok(()),
        Err(CommitError::Unavailable(source)) => Err(ReadError::Unavailable(source).into()),
        Err(CommitError::Corrupt { what }) => Err(ReadError::Corrupt { what }.into()),
    }
}
