//! The life of one attempt: folders, proxy, process, exit, last log lines, report.
//!
//! The order is the promise. A record before the process, so that a successor finds it; the family gone
//! before the verdict, so that nothing writes after it; outputs and log lines durable before the
//! report; the report in the outbox before the attempt is forgotten.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use tokio_util::sync::CancellationToken;
use wingbeat_blob::BlobPath;
use wingbeat_model::Failure;

use crate::assignment::{Assignment, Held};
use crate::errors::told;
use crate::executor::Executor;
use crate::files::{self, FilesError, Found};
use crate::folder::AttemptFolder;
use crate::logs::{Finished, Following, LogTarget, follow};
use crate::outcome::{self, Evidence, Exit, Oom, Outcome};
use crate::registry::{StopOrder, StopSignal};
use crate::results;
use crate::wire::{self, Happening};

mod launch;
mod reused;

use launch::{Ending, not_started};

/// Runs one attempt from its assignment to its report.
pub(crate) async fn run(
    executor: Arc<Executor>,
    assignment: Assignment,
    stop: StopSignal,
    after: Option<CancellationToken>,
) {
    let held = assignment.held.clone();
    let leaving = executor.registry.leaving(&held);
    if let Some(after) = after {
        after.cancelled().await;
    }
    let happening = match AssertUnwindSafe(attempt(&executor, &assignment, stop)).catch_unwind().await {
        Ok(happening) => happening,
        // Whoever waits for this attempt must hear of it; the process died with the unwound supervisor.
        Err(_) => {
            Some(failed(outcome::system("ExecutorFault", "the executor failed; see its log".to_owned())))
        }
    };
    if let Some(happening) = happening {
        executor.outbox.push(wire::report(&held, happening));
    }
    executor.registry.remove(&held, &leaving);
}

/// What is to be reported in the end; `None` if nobody wants to know.
async fn attempt(executor: &Executor, assignment: &Assignment, mut stop: StopSignal) -> Option<Happening> {
    let folder = match create_folder(executor, assignment).await {
        Ok(folder) => folder,
        Err(failure) => return Some(failed(failure)),
    };
    let following = match start_following(executor, assignment, &folder) {
        Ok(following) => following,
        Err(failure) => {
            executor.folder.forget(&folder);
            return Some(failed(failure));
        }
    };
    let ending = launch::supervise(executor, assignment, (&folder, &following), &mut stop).await;
    let settled = settle(executor, (&folder, following), last_words(&ending));
    let happening = match ending {
        Ending::Exited { exit, oom } => {
            // Both wait for the disk.
            let found = results::collect(&executor.store, &assignment.output_prefix);
            let (stderr_tail, found) = tokio::join!(settled, found);
            let judged = judge(executor, assignment, (exit, oom), found, stderr_tail).await;
            return Some(
                judged.unwrap_or_else(|error| failed(outcome::system("OutputsUnusable", told(&error)))),
            );
        }
        Ending::NotStarted(failure) | Ending::Lost(failure) => Some(failed(failure)),
        Ending::Stopped(StopOrder::Wanted(_)) => Some(Happening::Stopped),
        Ending::Stopped(StopOrder::Disowned) => None,
        Ending::Stopped(StopOrder::ExecutorEnds(reason)) => {
            Some(failed(outcome::infrastructure("ExecutorShutdown", reason)))
        }
    };
    let _stderr_tail = settled.await;
    happening
}

/// Sees to it that all lines are stored. Returns the last ones of standard error.
async fn settle(
    executor: &Executor,
    (folder, following): (&AttemptFolder, Following),
    last_words: Option<String>,
) -> String {
    let Finished { stderr_tail, all_durable } = following.finish(last_words).await;
    if all_durable {
        executor.folder.forget(folder);
    }
    stderr_tail
}

async fn judge(
    executor: &Executor,
    assignment: &Assignment,
    (exit, oom): (Exit, Oom),
    found: Result<Found, FilesError>,
    stderr_tail: String,
) -> Result<Happening, FilesError> {
    let Found { error, outputs, report_uri } = found?;
    let declared = assignment.task.outputs;
    let evidence = Evidence { exit, oom, error, outputs, declared, stderr_tail };
    Ok(match outcome::decide(evidence) {
        Outcome::Succeeded(Some(outputs)) => Happening::Succeeded { outputs, report_uri },
        // Readers expect the file also where there is nothing in it.
        Outcome::Succeeded(None) => {
            let outputs = results::write_empty_outputs(&executor.store, &assignment.output_prefix).await?;
            Happening::Succeeded { outputs, report_uri }
        }
        Outcome::Failed(failure) => Happening::Failed { failure, report_uri },
    })
}

/// What an earlier start of the attempt left may be gigabytes to remove.
async fn create_folder(executor: &Executor, assignment: &Assignment) -> Result<AttemptFolder, Failure> {
    let (folder, held) = (executor.folder.clone(), assignment.held.clone());
    let places = files::places(assignment, &executor.store).map_err(|error| not_started(&error))?;
    let created = tokio::task::spawn_blocking(move || {
        files::create(&places).map_err(|error| not_started(&error))?;
        folder.create_attempt(&held).map_err(|error| not_started(&error))
    });
    created.await.unwrap_or_else(|error| Err(outcome::system("ExecutorFault", error.to_string())))
}

fn start_following(
    executor: &Executor,
    assignment: &Assignment,
    folder: &AttemptFolder,
) -> Result<Following, Failure> {
    let prefix = BlobPath::parse(assignment.log_prefix.trim_matches('/'))
        .map_err(|error| outcome::system("StartFailed", format!("the log prefix cannot be used: {error}")))?;
    let target = LogTarget {
        attempt: wire::attempt_ref(&assignment.held),
        store: executor.store.clone(),
        prefix,
        live: Arc::clone(&executor.live),
    };
    let (following, follower) = follow(target, folder.stdout.clone(), folder.stderr.clone());
    executor.tasks.spawn("log-follower", follower);
    Ok(following)
}

/// What the executor itself adds to the log, where a reader would otherwise wonder why it ends.
fn last_words(ending: &Ending) -> Option<String> {
    match ending {
        Ending::NotStarted(failure) => Some(format!("not started: {}", failure.message)),
        Ending::Stopped(StopOrder::Wanted(reason) | StopOrder::ExecutorEnds(reason)) => {
            Some(format!("stopped: {reason}"))
        }
        Ending::Lost(failure) => Some(failure.message.clone()),
        Ending::Stopped(StopOrder::Disowned) => Some("stopped: the server gave this attempt up".to_owned()),
        Ending::Exited { .. } => None,
    }
}

fn failed(failure: Failure) -> Happening {
    Happening::Failed { failure, report_uri: String::new() }
}

/// Starts an attempt that the server assigned, unless it is or was here already.
pub(crate) fn admit(executor: &Arc<Executor>, assignment: Assignment) {
    use crate::registry::Admission;
    match executor.registry.admit(&assignment.held) {
        Admission::Start { stop, after } => {
            executor.tasks.spawn("attempt", run(Arc::clone(executor), assignment, stop, after));
        }
        Admission::Known => tracing::debug!(attempt = %assignment.held, "an assignment came twice"),
        Admission::Closed => refuse(executor, &assignment.held),
    }
}

fn refuse(executor: &Executor, held: &Held) {
    let reason = "the executor was ending when the attempt arrived".to_owned();
    let failure = outcome::infrastructure("ExecutorShutdown", reason);
    executor.outbox.push(wire::report(held, failed(failure)));
}
