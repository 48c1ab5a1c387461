//! Words for what the wire says: phases, times, durations. Pure.

use std::time::Duration;

use buffa::{EnumValue, Enumeration};
use buffa_types::google::protobuf::Timestamp;
use wingbeat_proto::flyteidl2::common::ActionPhase;
use wingbeat_proto::flyteidl2::workflow::{
    ActionMetadata, ActionStatus, ErrorInfo, action_metadata, error_info,
};

/// `running`, `timed out`; a number for a phase of a newer server.
pub(super) fn phase(phase: EnumValue<ActionPhase>) -> String {
    match phase.as_known() {
        Some(known) => word(known.proto_name(), "ACTION_PHASE_"),
        None => format!("phase {}", phase.to_i32()),
    }
}

/// The name of an enum value without its prefix, as a person writes it.
pub(super) fn word(proto_name: &str, prefix: &str) -> String {
    proto_name.strip_prefix(prefix).unwrap_or(proto_name).to_lowercase().replace('_', " ")
}

/// Nothing changes any more.
pub(super) fn is_terminal(phase: EnumValue<ActionPhase>) -> bool {
    phase.as_known().is_some_and(wingbeat_client::is_terminal)
}

/// `2026-11-20 23:50:12Z`, or nothing.
pub(super) fn time(time: Option<&Timestamp>) -> String {
    let Some(time) = time else { return String::new() };
    match jiff::Timestamp::new(time.seconds, time.nanos) {
        Ok(time) => time.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
        Err(_) => String::new(),
    }
}

/// How long an action ran; nothing while it has no end.
pub(super) fn duration(status: &ActionStatus) -> String {
    if let Some(millis) = status.duration_ms {
        return span(Duration::from_millis(millis));
    }
    between(status.start_time.as_option(), status.end_time.as_option())
}

/// The time from `start` to `end`, if both are known.
pub(super) fn between(start: Option<&Timestamp>, end: Option<&Timestamp>) -> String {
    let (Some(start), Some(end)) = (start, end) else { return String::new() };
    let nanos = |time: &Timestamp| i128::from(time.seconds) * 1_000_000_000 + i128::from(time.nanos);
    let elapsed = (nanos(end) - nanos(start)).max(0);
    u64::try_from(elapsed).map_or_else(|_| String::new(), |nanos| span(Duration::from_nanos(nanos)))
}

fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..60 => format!("{:.1}s", duration.as_secs_f64()),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

/// What an action does: the task's name, the traced function's, the condition's.
pub(super) fn subject(metadata: &ActionMetadata) -> String {
    match &metadata.spec {
        Some(action_metadata::Spec::Task(task)) => task.id.name.clone(),
        Some(action_metadata::Spec::Trace(trace)) => format!("trace {}", trace.name),
        Some(action_metadata::Spec::Condition(condition)) => format!("condition {}", condition.name),
        None => metadata.funtion_name.clone(),
    }
}

/// `user error ValueError: bad value`.
pub(super) fn error(info: &ErrorInfo) -> String {
    let whose = match info.kind.as_known() {
        Some(error_info::Kind::KIND_USER) => "user error",
        Some(error_info::Kind::KIND_SYSTEM) => "system error",
        Some(error_info::Kind::KIND_UNSPECIFIED) | None => "error",
    };
    format!("{whose} {}: {}", info.code, info.message)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use buffa_types::google::protobuf::Timestamp;
    use wingbeat_proto::flyteidl2::common::ActionPhase;

    use super::{phase, span, time};

    #[test]
    fn the_wire_becomes_words() {
        assert_eq!(phase(ActionPhase::ACTION_PHASE_WAITING_FOR_RESOURCES.into()), "waiting for resources");
        assert_eq!(phase(77.into()), "phase 77");
        assert_eq!(time(Some(&Timestamp::from_unix(0, 0))), "1970-01-01 00:00:00Z");
        assert_eq!(time(None), "");
        assert_eq!(span(Duration::from_millis(1_250)), "1.2s");
        assert_eq!(span(Duration::from_secs(185)), "3m05s");
        assert_eq!(span(Duration::from_mins(122)), "2h02m");
    }
}
