//! An attempt in a process that others have used before it, and will after it.

use std::time::Duration;

use super::launch::{Ending, Site, record};
use crate::assignment::Assignment;
use crate::executor::Executor;
use crate::outcome::{Exit, infrastructure};
use crate::process::{KillCount, Launch};
use crate::registry::StopSignal;
use crate::reuse::{End, Loss, Start, Tenancy, Wish};

/// What became of the wish to reuse a process.
pub(super) enum Reused {
    Taken(Tenancy),
    /// Attempts like this one have processes of their own.
    Unwanted,
    Refused(String),
}

/// Runs the attempt in a reused process, where its task asks for that and there may be one.
pub(super) async fn begin(
    executor: &Executor,
    assignment: &Assignment,
    launch: &Launch<'_>,
    (folder, following): Site<'_>,
    stop: &mut StopSignal,
) -> Result<Reused, Ending> {
    let Some(pool) = &executor.reuse else { return Ok(Reused::Unwanted) };
    let Some(wish) = Wish::of(assignment, &launch.program, &launch.args, &launch.env) else {
        return Ok(Reused::Unwanted);
    };
    let place = tokio::select! {
        place = pool.place(wish, |reason| following.say(reason)) => place,
        order = stop.ordered() => return Err(Ending::Stopped(order)),
    };
    let place = match place {
        Ok(place) => place,
        Err(reason) => return Ok(Reused::Refused(reason)),
    };
    record(folder, assignment, place.mark())?;
    let program = launch.program.display().to_string();
    let args = std::iter::once(program).chain(launch.args.iter().cloned()).collect();
    let mut tenancy = place.begin(&Start { args, stdout: launch.stdout, stderr: launch.stderr });
    tokio::select! {
        taken = tenancy.taken() => Ok(match taken {
            Ok(()) => Reused::Taken(tenancy),
            Err(reason) => Reused::Refused(reason),
        }),
        order = stop.ordered() => {
            tenancy.stop(grace(executor, assignment)).await;
            Err(Ending::Stopped(order))
        }
    }
}

/// Waits for the attempt's end or a stop. When this returns, it does not run any more.
pub(super) async fn watch(
    executor: &Executor,
    assignment: &Assignment,
    mut tenancy: Tenancy,
    stop: &mut StopSignal,
) -> Ending {
    let kills_before = KillCount::lately();
    let end = tokio::select! {
        // An end that is already there is the truth, even if a stop came in the same moment.
        biased;
        end = tenancy.ended() => end,
        order = stop.ordered() => {
            tenancy.stop(grace(executor, assignment)).await;
            return Ending::Stopped(order);
        }
    };
    let exited = |exit| Ending::Exited { exit, oom: kills_before.rose(exit) };
    match end {
        End::Status(status) => exited(Exit::Code(status)),
        End::Lost(Loss::Own(exit)) => exited(exit),
        End::Lost(Loss::Shared(exit)) => lost(format!(
            "the process ended ({exit:?}) while several attempts ran in it; whose doing it was is not known"
        )),
        End::Lost(Loss::Killed) => {
            lost("the process was ended because another attempt in it did not stop".to_owned())
        }
    }
}

fn lost(message: String) -> Ending {
    Ending::Lost(infrastructure("ReusedProcessLost", message))
}

fn grace(executor: &Executor, assignment: &Assignment) -> Duration {
    assignment.stop_grace.unwrap_or(executor.stop_grace)
}
