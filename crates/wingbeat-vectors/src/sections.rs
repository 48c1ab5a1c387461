//! The sections of a file of vectors, and what is compared of their records.

mod command_line;
mod interfaces;
mod values;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;
use wingbeat_proto::flyteidl2::core::{Literal, LiteralType, TypedInterface};
use wingbeat_proto::flyteidl2::task::Inputs;
use wingbeat_types::{Type, inputs_hash, inputs_repr, interface_hash, sub_action_name, task_identity};

use crate::check::{Check, bytes, text};
use crate::python::{Need, Place, Scope, expression};

type Runner = fn(&Scope, &Json, &mut Check);

/// All sections whose records are alike.
pub(crate) const ALL: [(&str, Runner); 12] = [
    ("cases", values::case),
    ("wire", wire),
    ("decode", values::decode),
    ("guess", values::guessed),
    ("interfaces", interfaces::interface),
    ("interface_failures", interfaces::failure),
    ("failing", values::failing),
    ("cli", command_line::option),
    ("json_coerce", values::coerced),
    ("json_serialize", values::serialized),
    ("json_schema", values::schema),
    ("string_repr", values::short),
];

fn wire(_: &Scope, record: &Json, check: &mut Check) {
    match text(record, "message") {
        "flyteidl2.core.LiteralType" => check.again::<LiteralType>(record, "b64"),
        "flyteidl2.core.Literal" => check.again::<Literal>(record, "b64"),
        "flyteidl2.core.TypedInterface" => check.again::<TypedInterface>(record, "b64"),
        "flyteidl2.task.Inputs" => check.again::<Inputs>(record, "b64"),
        other => check.failures.push(format!("the message {other} is not known here")),
    }
}

/// The type that a record names.
fn type_of(scope: &Scope, record: &Json) -> Result<Type, Need> {
    scope.ty(&expression(text(record, "python_type"))?, Place::Alone)
}

/// Hashes of inputs, names of children, and the identity of a task.
pub(crate) fn hashes(hash: &Json, report: &mut dyn FnMut(Check)) {
    let records = |key: &str| hash[key].as_array().map_or(&[][..], Vec::as_slice);
    for (ix, record) in records("inputs").iter().enumerate() {
        let mut check = Check::new("hash.inputs", ix, record);
        check.again::<Inputs>(record, "inputs_b64");
        if let Some(inputs) = check.decoded::<Inputs>(record, "inputs_b64") {
            check.equal("repr", &inputs_repr(&inputs, &[]), &bytes(record, "repr_b64"));
            check.equal("hash", &inputs_hash(&inputs, &[]), &text(record, "inputs_hash"));
            if let Some(carries) = record["carries_hash"].as_bool() {
                let ours = inputs.literals.iter().any(|one| wingbeat_types::carries_hash(&one.value));
                check.equal("carries a hash", &ours, &carries);
            }
        }
        report(check);
    }
    for (ix, record) in records("sub_actions").iter().enumerate() {
        let mut check = Check::new("hash.sub_actions", ix, record);
        let ours = sub_action_name(
            text(record, "parent"),
            text(record, "input_hash"),
            text(record, "task_hash"),
            record["seq"].as_u64().unwrap_or_default(),
            record["group"].as_str(),
        );
        check.equal("name", &ours, &text(record, "sub_action_name"));
        report(check);
    }
    if let Some(theirs) = hash["empty_interface_hash"].as_str() {
        let mut check = Check::new("hash.empty_interface_hash", 0, &Json::Null);
        check.equal("hash", &interface_hash(&TypedInterface::default()), &theirs);
        report(check);
    }
    let identity = &hash["task_identity"];
    if identity.is_object() {
        let mut check = Check::new("hash.task_identity", 0, identity);
        if let Some(wire) = interfaces::wire_of(&Scope::default(), text(identity, "interface"), &mut check) {
            let version = text(identity, "discovery_version");
            let ours = task_identity(text(identity, "task_name"), &interface_hash(&wire), version);
            check.equal("identity", &ours, &text(identity, "task_identity_hash"));
        }
        report(check);
    }
}

/// Bytes as base64, which messages show better than numbers.
fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}
