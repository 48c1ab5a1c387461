//! Hashes that clients compute too: of inputs, of interfaces, and the cache key that is made of them.
//! Source: facts of the SDK (`convert.py`); proven against golden vectors.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use buffa::Message as _;
use md5::Md5;
use sha2::{Digest as _, Sha256};
use wingbeat_idl::canonical;
use wingbeat_proto::flyteidl2::core::{Binary, Literal, Scalar, TypedInterface, literal, scalar};
use wingbeat_proto::flyteidl2::task::Inputs;

use crate::msgpack::{self, MSGPACK};

fn hash(bytes: &[u8]) -> String {
    STANDARD.encode(Sha256::digest(bytes))
}

/// Hash of any bytes, in the alphabet of the others.
pub fn content_hash(bytes: &[u8]) -> String {
    hash(bytes)
}

/// Hash of inputs without those that the cache ignores; empty when there are none.
pub fn inputs_hash(inputs: &Inputs, ignored: &[String]) -> String {
    let (mut hasher, mut is_empty) = (Sha256::new(), true);
    write_repr(inputs, ignored, &mut |bytes| {
        is_empty = false;
        hasher.update(bytes);
    });
    if is_empty { String::new() } else { STANDARD.encode(hasher.finalize()) }
}

/// What the hash of inputs is taken of: names and values, framed so that two inputs never look like one.
pub fn inputs_repr(inputs: &Inputs, ignored: &[String]) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_repr(inputs, ignored, &mut |part| bytes.extend_from_slice(part));
    bytes
}

fn write_repr(inputs: &Inputs, ignored: &[String], out: &mut impl FnMut(&[u8])) {
    for input in inputs.literals.iter().filter(|input| !ignored.contains(&input.name)) {
        out(input.name.as_bytes());
        out(b":");
        write_literal(&input.value, out);
        out(b";");
    }
}

/// A literal's own hash where it has one; lists and maps by their elements; everything else by its canonical bytes.
fn write_literal(value: &Literal, out: &mut impl FnMut(&[u8])) {
    if !value.hash.is_empty() {
        return out(value.hash.as_bytes());
    }
    match &value.value {
        Some(literal::Value::Collection(list)) => {
            for item in &list.literals {
                write_literal(item, out);
            }
        }
        Some(literal::Value::Map(map)) => {
            for (key, item) in &map.literals {
                out(key.as_bytes());
                write_literal(item, out);
            }
        }
        Some(literal::Value::Scalar(scalar)) => match &scalar.value {
            // These hold no map and one member of a oneof: written in order, their bytes are canonical.
            Some(scalar::Value::Primitive(_)) if value.metadata.is_empty() => out(&value.encode_to_vec()),
            Some(scalar::Value::Binary(binary)) if binary.tag == MSGPACK => {
                match msgpack::canonical(&binary.value) {
                    Some(bytes) => out(&canonical_literal(&with_bytes(value, binary, bytes))),
                    None => out(&canonical_literal(value)),
                }
            }
            _ => out(&canonical_literal(value)),
        },
        _ => out(&canonical_literal(value)),
    }
}

/// The literal with these bytes instead of its own.
fn with_bytes(value: &Literal, binary: &Binary, bytes: Vec<u8>) -> Literal {
    let binary = Binary { value: bytes, tag: binary.tag.clone(), ..Default::default() };
    let scalar = Scalar { value: Some(scalar::Value::Binary(Box::new(binary))), ..Default::default() };
    Literal {
        value: Some(literal::Value::Scalar(Box::new(scalar))),
        hash: value.hash.clone(),
        metadata: value.metadata.clone(),
        artifact_id: value.artifact_id.clone(),
        // Named, so that a field that is added to literals cannot be left out here.
        __buffa_unknown_fields: value.__buffa_unknown_fields.clone(),
    }
}

fn canonical_literal(value: &Literal) -> Vec<u8> {
    canonical::encode("flyteidl2.core.Literal", &value.encode_to_vec())
}

/// Does a value, or something in it, come with a hash that its writer vouches for?
pub fn carries_hash(value: &Literal) -> bool {
    let inside = match &value.value {
        Some(literal::Value::Collection(list)) => list.literals.iter().any(carries_hash),
        Some(literal::Value::Map(map)) => map.literals.values().any(carries_hash),
        Some(literal::Value::Scalar(_) | literal::Value::OffloadedMetadata(_)) | None => false,
    };
    inside || !value.hash.is_empty()
}

/// Hash of an interface, its variables sorted by name.
pub fn interface_hash(interface: &TypedInterface) -> String {
    let mut sorted = interface.clone();
    for variables in [sorted.inputs.as_option_mut(), sorted.outputs.as_option_mut()].into_iter().flatten() {
        variables.variables.sort_by(|a, b| a.key.cmp(&b.key));
    }
    hash(&canonical::encode("flyteidl2.core.TypedInterface", &sorted.encode_to_vec()))
}

/// Which task it is, whatever code bundle or image it runs from; a part of [`sub_action_name`].
pub fn task_identity(task_name: &str, interface_hash: &str, version: &str) -> String {
    hash(format!("{task_name}-{interface_hash}-{version}").as_bytes())
}

/// The name that a parent gives its call of a task: the same in every attempt and in every rerun.
///
/// `sequence` counts the parent's calls of this task with these inputs.
pub fn sub_action_name(
    parent: &str,
    inputs_hash: &str,
    task_identity: &str,
    sequence: u64,
    group: Option<&str>,
) -> String {
    let mut text = format!("{parent}-{inputs_hash}-{task_identity}-{sequence}");
    if let Some(group) = group.filter(|group| !group.is_empty()) {
        text.push('-');
        text.push_str(group);
    }
    base36(u128::from_be_bytes(Md5::digest(text.as_bytes()).into()))
}

fn base36(mut number: u128) -> String {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut text = Vec::new();
    loop {
        text.push(DIGITS[usize::try_from(number % 36).expect("below 36")]);
        number /= 36;
        if number == 0 {
            break;
        }
    }
    text.iter().rev().map(|digit| char::from(*digit)).collect()
}

/// The key under which a task's result is cached.
pub fn cache_key(inputs_hash: &str, task_name: &str, interface_hash: &str, version: &str) -> String {
    hash(format!("{inputs_hash}{task_name}{interface_hash}{version}").as_bytes())
}

#[cfg(test)]
mod tests {
    use buffa::Message as _;
    use wingbeat_proto::flyteidl2::core::Literal;
    use wingbeat_proto::flyteidl2::task::{Inputs, NamedLiteral};

    use super::inputs_hash;

    /// `{"b": 1, "a": 2}` in msgpack, of artifact `birds` in version 7.
    const OF_AN_ARTIFACT: &[u8] =
        b"\x0a\x14\x1a\x12\x0a\x07\x82\xa1b\x01\xa1a\x02\x12\x07msgpackJ\x0c\x0a\x07\x1a\x05birds\x12\x017";

    #[test]
    fn which_artifact_a_value_is_counts_in_its_hash() {
        // Computed by `generate_inputs_hash_from_proto` of the stock SDK, which sorts the keys.
        let expected = "K2reDRuR+zUze7M2cMXHoflFfwxlpbem+lHSo0f7GoI=";
        let value = Literal::decode_from_slice(OF_AN_ARTIFACT).expect("a literal");
        let input = NamedLiteral { name: "x".to_owned(), value: value.into(), ..Default::default() };
        let inputs = Inputs { literals: vec![input], ..Default::default() };
        assert_eq!(inputs_hash(&inputs, &[]), expected);
    }
}
