//! Attempts without processes, for load tests: each succeeds after a while, with empty outputs.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use wingbeat_blob::{BlobPath, BlobStore};

use crate::assignment::{Assignment, Held, Target};
use crate::executor::Executor;
use crate::files::FilesError;
use crate::outcome::{self, OutputsFile};
use crate::registry::{Admission, StopOrder, StopSignal};
use crate::results;
use crate::wire::{self, Happening};

/// Names the milliseconds that a simulated attempt takes.
const DURATION: &str = "WINGBEAT_SIM_MS";

/// Makes the one empty outputs file that all simulated attempts share. It lies where the server reads
/// the outputs of runs from.
///
/// # Errors
/// The store's folder cannot be written to.
pub(crate) async fn shared_outputs(store: &BlobStore) -> Result<OutputsFile, FilesError> {
    let folder = BlobPath::parse("runs/simulated").expect("two plain segments are a path");
    results::write_empty_outputs(store, &store.uri(&folder)).await
}

/// Pretends to run an attempt.
pub(crate) fn admit(executor: &Arc<Executor>, assignment: &Assignment, outputs: &OutputsFile) {
    let held = assignment.held.clone();
    let succeeded = Happening::Succeeded { outputs: outputs.clone(), report_uri: String::new() };
    let duration = duration(assignment);
    let Admission::Start { mut stop, .. } = executor.registry.admit(&held) else { return };
    if duration.is_zero() {
        end(executor, &held, Some(succeeded));
        return;
    }
    let own = Arc::clone(executor);
    executor.tasks.spawn("simulated-attempt", async move {
        let happening = tokio::select! {
            () = sleep(duration) => Some(succeeded),
            happening = stopped(&mut stop) => happening,
        };
        end(&own, &held, happening);
    });
}

fn end(executor: &Executor, held: &Held, happening: Option<Happening>) {
    if let Some(happening) = happening {
        executor.outbox.push(wire::report(held, happening));
    }
    let leaving = executor.registry.leaving(held);
    executor.registry.remove(held, &leaving);
}

async fn stopped(stop: &mut StopSignal) -> Option<Happening> {
    match stop.ordered().await {
        StopOrder::Wanted(_) => Some(Happening::Stopped),
        StopOrder::Disowned => None,
        StopOrder::ExecutorEnds(reason) => {
            let failure = outcome::infrastructure("ExecutorShutdown", reason);
            Some(Happening::Failed { failure, report_uri: String::new() })
        }
    }
}

fn duration(assignment: &Assignment) -> Duration {
    let of_task = match &assignment.task.target {
        Target::Container(command) => {
            command.env.iter().find(|(name, _)| name == DURATION).map(|(_, value)| value)
        }
        Target::Pod | Target::Sql | Target::None => None,
    };
    let millis =
        of_task.or_else(|| assignment.run_env.get(DURATION)).and_then(|text| text.trim().parse().ok());
    Duration::from_millis(millis.unwrap_or(0))
}
