//! What phases of actions mean to whoever waits for them.

use wingbeat_proto::flyteidl2::common::ActionPhase;

/// Is the action over? Then nothing of it changes any more.
pub fn is_terminal(phase: ActionPhase) -> bool {
    match phase {
        ActionPhase::ACTION_PHASE_SUCCEEDED
        | ActionPhase::ACTION_PHASE_FAILED
        | ActionPhase::ACTION_PHASE_ABORTED
        | ActionPhase::ACTION_PHASE_TIMED_OUT
        | ActionPhase::ACTION_PHASE_RECOVERED => true,
        ActionPhase::ACTION_PHASE_UNSPECIFIED
        | ActionPhase::ACTION_PHASE_QUEUED
        | ActionPhase::ACTION_PHASE_WAITING_FOR_RESOURCES
        | ActionPhase::ACTION_PHASE_INITIALIZING
        | ActionPhase::ACTION_PHASE_RUNNING
        | ActionPhase::ACTION_PHASE_PAUSED => false,
    }
}
