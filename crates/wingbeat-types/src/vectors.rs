//! Golden vectors of the stock client: bytes, hashes and names that it computes, recomputed here. Each test prints
//! how many it compared, and fails on any difference.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use buffa::{Message, MessageName};
use serde_json::Value;
use wingbeat_idl::canonical;
use wingbeat_proto::flyteidl2::core::{Literal, LiteralType, TypedInterface};
use wingbeat_proto::flyteidl2::task::{Inputs, NamedParameter};

use crate::{cache_key, inputs_hash, inputs_repr, interface_hash, sub_action_name, task_identity};

/// Made by running `flyte` 2.12.1; `meta` in it says how to read it.
const VECTORS: &str = include_str!("../testdata/types-vectors.json");

pub(crate) fn vectors() -> Value {
    serde_json::from_str(VECTORS).expect("the test data is JSON")
}

/// The records of one part.
pub(crate) fn records<'v>(vectors: &'v Value, part: &str) -> &'v [Value] {
    vectors[part].as_array().map_or(&[], Vec::as_slice)
}

pub(crate) fn text<'v>(record: &'v Value, key: &str) -> &'v str {
    record[key].as_str().unwrap_or_default()
}

pub(crate) fn bytes(record: &Value, key: &str) -> Vec<u8> {
    STANDARD.decode(text(record, key)).expect("base64")
}

pub(crate) fn decode<M: Message>(record: &Value, key: &str) -> M {
    M::decode_from_slice(&bytes(record, key)).expect("the bytes are a message")
}

/// Compares, counts, and tells all that differ at once.
#[derive(Default)]
struct Comparison {
    compared: usize,
    differ: Vec<String>,
}

impl Comparison {
    fn equal<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, ours: &T, theirs: &T) {
        self.compared += 1;
        if ours != theirs {
            self.differ.push(format!("{what}: ours {ours:?}, theirs {theirs:?}"));
        }
    }

    /// Decodes and encodes again.
    fn bytes_of<M: Message + MessageName>(&mut self, what: &str, record: &Value, key: &str) {
        if record[key].is_null() {
            return;
        }
        let ours = canonical::encode(M::FULL_NAME, &decode::<M>(record, key).encode_to_vec());
        self.equal(&format!("{what}.{key}"), &ours, &bytes(record, key));
    }

    fn report(self, what: &str, at_least: usize) {
        println!("{what}: {} compared, {} differ", self.compared, self.differ.len());
        assert!(self.differ.is_empty(), "{}", self.differ.join("\n"));
        assert!(self.compared >= at_least, "only {} were compared", self.compared);
    }
}

#[test]
fn bytes_are_those_of_the_clients_runtime() {
    let vectors = vectors();
    let mut all = Comparison::default();
    for record in records(&vectors, "wire") {
        let name = text(record, "name");
        match text(record, "message") {
            "flyteidl2.core.LiteralType" => all.bytes_of::<LiteralType>(name, record, "b64"),
            "flyteidl2.core.Literal" => all.bytes_of::<Literal>(name, record, "b64"),
            "flyteidl2.core.TypedInterface" => all.bytes_of::<TypedInterface>(name, record, "b64"),
            other => panic!("{name} is a {other}: say how it is decoded"),
        }
    }
    for part in ["cases", "decode", "guess", "cli"] {
        for (ix, record) in records(&vectors, part).iter().enumerate() {
            let name = format!("{part}[{ix}] {}", text(record, "name"));
            all.bytes_of::<LiteralType>(&name, record, "literal_type_b64");
            all.bytes_of::<Literal>(&name, record, "literal_b64");
        }
    }
    for record in records(&vectors, "interfaces") {
        let name = text(record, "name");
        all.bytes_of::<TypedInterface>(name, record, "typed_interface_b64");
        all.bytes_of::<Inputs>(name, &record["call"], "inputs_b64");
        for default in record["default_inputs"].as_array().into_iter().flatten() {
            all.bytes_of::<NamedParameter>(name, default, "b64");
        }
    }
    for record in records(&vectors["hash"], "inputs") {
        all.bytes_of::<Inputs>(text(record, "name"), record, "inputs_b64");
    }
    all.report("canonical bytes", 500);
}

#[test]
fn a_value_is_hashed_by_the_bytes_that_the_client_hashes() {
    let vectors = vectors();
    let mut all = Comparison::default();
    for record in records(&vectors["hash"], "inputs") {
        let inputs: Inputs = decode(record, "inputs_b64");
        let name = text(record, "name");
        all.equal(name, &inputs_repr(&inputs, &[]), &bytes(record, "repr_b64"));
        all.equal(name, &inputs_hash(&inputs, &[]), &text(record, "inputs_hash").to_owned());
    }
    for record in records(&vectors, "interfaces").iter().filter(|record| record["call"].is_object()) {
        let call = &record["call"];
        let inputs: Inputs = decode(call, "inputs_b64");
        let name = text(record, "name");
        all.equal(name, &inputs_repr(&inputs, &[]), &bytes(call, "inputs_repr_b64"));
        all.equal(name, &inputs_hash(&inputs, &[]), &text(call, "inputs_hash").to_owned());
    }
    all.report("inputs", 130);
}

#[test]
fn interfaces_and_cache_keys_hash_as_in_the_client() {
    let vectors = vectors();
    let mut all = Comparison::default();
    for record in records(&vectors, "interfaces") {
        let name = text(record, "name");
        let hash = interface_hash(&decode::<TypedInterface>(record, "typed_interface_b64"));
        all.equal(name, &hash, &text(record, "interface_hash").to_owned());
        let call = &record["call"];
        for key in ["cache_key", "cache_key_ignoring_first"].map(|key| &call[key]) {
            if !key.is_object() {
                continue;
            }
            let ignored: Vec<String> = key["ignored"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|name| name.as_str().map(str::to_owned))
                .collect();
            let inputs = inputs_hash(&decode::<Inputs>(call, "inputs_b64"), &ignored);
            // The second key is of the same task and version, which only the first one names.
            let of = &call["cache_key"];
            let ours = cache_key(&inputs, text(of, "task_name"), &hash, text(of, "cache_version"));
            all.equal(name, &ours, &text(key, "key").to_owned());
        }
    }
    let empty = vectors["hash"]["empty_interface_hash"].as_str().unwrap_or_default().to_owned();
    all.equal("empty interface", &interface_hash(&TypedInterface::default()), &empty);
    all.report("interfaces and cache keys", 100);
}

#[test]
fn names_of_children_are_those_that_the_client_gives() {
    let vectors = vectors();
    let mut all = Comparison::default();
    for record in records(&vectors["hash"], "sub_actions") {
        let ours = sub_action_name(
            text(record, "parent"),
            text(record, "input_hash"),
            text(record, "task_hash"),
            record["seq"].as_u64().expect("a number"),
            record["group"].as_str(),
        );
        all.equal("sub-action", &ours, &text(record, "sub_action_name").to_owned());
    }
    let identity = &vectors["hash"]["task_identity"];
    let interface = records(&vectors, "interfaces")
        .iter()
        .find(|record| record["source"] == identity["interface"])
        .map(|record| text(record, "interface_hash").to_owned());
    if let Some(interface) = interface {
        let ours =
            task_identity(text(identity, "task_name"), &interface, text(identity, "discovery_version"));
        all.equal("task identity", &ours, &text(identity, "task_identity_hash").to_owned());
    }
    all.report("names", 3);
}
