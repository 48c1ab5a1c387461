//! Translates between the executor protocol and this crate's own types. The only place that builds or
//! reads its messages; it checks names, because they become folders.

use std::collections::BTreeMap;
use std::time::Duration;

use buffa_types::google::protobuf::{Duration as WireDuration, Struct, Timestamp as WireTimestamp, Value};
use wingbeat_model::{
    ActionKey, ActionName, AttemptKey, Failure, FailureClass, Fence, NameError, RunId, Timestamp,
};
use wingbeat_proto::flyteidl2::core::{
    ExecutionError, ReusePolicy, TaskTemplate, container_error, reuse_policy, task_template,
};
use wingbeat_proto::wingbeat::executor::v1 as pb;
use wingbeat_proto::wingbeat::executor::v1::attempt_report::Kind;

use crate::assignment::{self, Assignment, Command, DeclaredOutputs, Held, Target, Task};
use crate::capacity::Capacity;
use crate::clock;
use crate::outcome::OutputsFile;

/// The version of the protocol that is spoken here.
pub(crate) const PROTOCOL_VERSION: u32 = 1;

/// Stands among the capabilities of an executor that drains, for people.
const DRAINING: &str = "draining";

/// How long reused processes stay unused where their task does not say: what its client writes by itself.
const REUSE_PATIENCE: Duration = Duration::from_secs(30);

/// Longest error message that is reported; of a longer one the beginning and the end are kept.
const MAX_MESSAGE_BYTES: usize = 64 << 10;

/// What happened to an attempt.
#[derive(Debug, Clone)]
pub(crate) enum Happening {
    /// Its process runs.
    Started { isolation: String, pid: u32 },
    /// It has ended with outputs.
    Succeeded { outputs: OutputsFile, report_uri: String },
    /// It has ended with an error.
    Failed { failure: Failure, report_uri: String },
    /// It is gone because the server wished so.
    Stopped,
}

/// One line of a log.
pub(crate) fn log_record(text: String, stream: pb::log_record::Stream, at: Timestamp) -> pb::LogRecord {
    pb::LogRecord { time: timestamp(at).into(), text, stream: stream.into(), ..Default::default() }
}

/// How the server knows an attempt.
pub(crate) fn attempt_ref(held: &Held) -> pb::AttemptRef {
    pb::AttemptRef {
        run_id: held.key.action.run.0,
        action: held.key.action.name.as_str().to_owned(),
        attempt: held.key.attempt,
        fence: held.fence.0,
        ..Default::default()
    }
}

/// The attempt that the server means.
///
/// # Errors
/// The action's name is none; whoever sent it is not our server.
pub(crate) fn held(wire: &pb::AttemptRef) -> Result<Held, NameError> {
    let action = ActionKey { run: RunId(wire.run_id), name: ActionName::new(&wire.action)? };
    Ok(Held { key: AttemptKey { action, attempt: wire.attempt }, fence: Fence(wire.fence) })
}

/// What to run.
///
/// # Errors
/// As [`held`]. Anything else that is missing shows when the attempt is started, as its failure.
pub(crate) fn assignment(wire: pb::Assignment) -> Result<Assignment, NameError> {
    let held = held(&wire.r#ref)?;
    let stop_grace = wire.stop_grace.into_option().and_then(|grace| Duration::try_from(grace).ok());
    let start = wire.run_start_time.into_option();
    Ok(Assignment {
        held,
        org: wire.org,
        project: wire.project,
        domain: wire.domain,
        run: wire.run,
        task: task(wire.template.into_option().unwrap_or_default()),
        input_uri: wire.input_uri,
        run_output_base: wire.run_output_base,
        output_prefix: wire.output_prefix,
        raw_data_prefix: wire.raw_data_prefix,
        checkpoint_uri: wire.checkpoint_uri,
        prev_checkpoint_uri: wire.prev_checkpoint_uri,
        run_env: wire.env.into_iter().collect::<BTreeMap<_, _>>(),
        run_start: start.map(|at| Timestamp::from_parts(at.seconds, at.nanos)),
        stop_grace,
        log_prefix: wire.log_prefix,
    })
}

fn task(template: TaskTemplate) -> Task {
    let outputs = if template.interface.outputs.variables.is_empty() {
        DeclaredOutputs::None
    } else {
        DeclaredOutputs::Some
    };
    let target = match template.target {
        Some(task_template::Target::Container(container)) => Target::Container(Command {
            argv: container.command.into_iter().chain(container.args).collect(),
            env: container.env.into_iter().map(|pair| (pair.key, pair.value)).collect(),
        }),
        Some(task_template::Target::K8sPod(_)) => Target::Pod,
        Some(task_template::Target::Sql(_)) => Target::Sql,
        None => Target::None,
    };
    let custom = template.custom.into_option().unwrap_or_default();
    let reuse = template.reuse_policy.into_option().map(|policy| reuse(policy, &custom));
    let id = template.id.into_option().unwrap_or_default();
    Task {
        project: id.project,
        domain: id.domain,
        name: id.name,
        version: id.version,
        kind: template.r#type,
        target,
        outputs,
        reuse,
    }
}

/// The stock client names the environment in `custom` only.
fn reuse(policy: ReusePolicy, custom: &Struct) -> assignment::ReusePolicy {
    let named = |given: String, name: &str| {
        let custom = || custom.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        if given.is_empty() { custom() } else { given }
    };
    let duration = |given: Option<WireDuration>| {
        given.and_then(|given| Duration::try_from(given).ok()).unwrap_or(REUSE_PATIENCE)
    };
    let number = |given: i32| u32::try_from(given).unwrap_or_default();
    assignment::ReusePolicy {
        name: named(policy.name, "name"),
        version: named(policy.version, "version"),
        min_replicas: number(policy.min_replicas),
        max_replicas: number(policy.max_replicas).max(1),
        concurrency: number(policy.concurrency).max(1),
        idle: duration(policy.idle_ttl.into_option()),
        scaledown: duration(policy.scaledown_ttl.into_option()),
        one_run: policy.scope == reuse_policy::Scope::RUN,
    }
}

/// Says at the opening of a session that its executor drains: it has no place for anything new.
pub(crate) fn take_nothing_new(request: &mut pb::ConnectRequest) {
    request.capabilities.push(DRAINING.to_owned());
    request.capacity.get_or_insert_default().slots = 0;
}

/// The message that opens a session.
pub(crate) fn connect_request(
    executor: &str,
    session_id: &str,
    capability: &str,
    capacity: Capacity,
    holding: Vec<pb::AttemptRef>,
) -> pb::ConnectRequest {
    let capacity = pb::Capacity {
        slots: capacity.slots,
        cpu_millis: capacity.cpu_millis,
        memory_bytes: capacity.memory_bytes,
        gpus: capacity.gpus,
        max_processes: capacity.max_processes,
        ..Default::default()
    };
    pb::ConnectRequest {
        executor: executor.to_owned(),
        session_id: session_id.to_owned(),
        protocol_version: PROTOCOL_VERSION,
        capabilities: vec![capability.to_owned()],
        capacity: capacity.into(),
        holding,
        ..Default::default()
    }
}

/// A report that something happens now.
pub(crate) fn report(attempt: &Held, happening: Happening) -> pb::AttemptReport {
    let kind: Kind = match happening {
        Happening::Started { isolation, pid } => pb::Started { isolation, pid, ..Default::default() }.into(),
        Happening::Succeeded { outputs, report_uri } => pb::Succeeded {
            output_uri: outputs.folder,
            report_uri,
            outputs_size: outputs.size,
            outputs_sha256: outputs.sha256.to_vec(),
            ..Default::default()
        }
        .into(),
        Happening::Failed { failure, report_uri } => failed(failure, report_uri).into(),
        Happening::Stopped => pb::Stopped::default().into(),
    };
    pb::AttemptReport {
        r#ref: attempt_ref(attempt).into(),
        at: timestamp(clock::now()).into(),
        kind: Some(kind),
        ..Default::default()
    }
}

fn failed(failure: Failure, report_uri: String) -> pb::Failed {
    let recoverability = if failure.recoverable {
        container_error::Kind::RECOVERABLE
    } else {
        container_error::Kind::NON_RECOVERABLE
    };
    let class = match failure.class {
        FailureClass::User => pb::FailureClass::FAILURE_CLASS_USER,
        FailureClass::System => pb::FailureClass::FAILURE_CLASS_SYSTEM,
        FailureClass::Infrastructure => pb::FailureClass::FAILURE_CLASS_INFRASTRUCTURE,
    };
    let error = ExecutionError {
        code: failure.code,
        message: shorten(failure.message),
        kind: buffa::EnumValue::from(failure.wire_kind),
        timestamp: timestamp(clock::now()).into(),
        worker: failure.worker,
        recoverability: recoverability.into(),
        ..Default::default()
    };
    pb::Failed {
        error: error.into(),
        class: class.into(),
        recoverable: failure.recoverable,
        report_uri,
        ..Default::default()
    }
}

fn shorten(message: String) -> String {
    if message.len() <= MAX_MESSAGE_BYTES {
        return message;
    }
    let head = message.floor_char_boundary(MAX_MESSAGE_BYTES / 2);
    let tail = message.ceil_char_boundary(message.len() - MAX_MESSAGE_BYTES / 2);
    let n_cut = tail - head;
    format!("{}\n… {n_cut} bytes left out …\n{}", &message[..head], &message[tail..])
}

pub(crate) fn timestamp(at: Timestamp) -> WireTimestamp {
    let (seconds, nanos) = at.to_parts();
    WireTimestamp { seconds, nanos, ..Default::default() }
}

#[cfg(test)]
mod tests {
    use super::{MAX_MESSAGE_BYTES, attempt_ref, held, pb, shorten};
    use crate::testing::assignment;

    #[test]
    fn an_attempt_survives_the_wire_and_a_path_is_no_name() {
        let known = assignment().held;
        assert_eq!(held(&attempt_ref(&known)), Ok(known));
        for name in ["", "../x", "a/b", "."] {
            let wire = pb::AttemptRef { action: name.to_owned(), ..Default::default() };
            assert!(held(&wire).is_err(), "{name}");
        }
    }

    #[test]
    fn a_long_message_keeps_its_beginning_and_its_end() {
        let message = format!("first{}last", "é".repeat(MAX_MESSAGE_BYTES));
        let short = shorten(message);
        assert!(short.starts_with("first") && short.ends_with("last"));
        assert!(short.len() < MAX_MESSAGE_BYTES + 100);
    }
}
