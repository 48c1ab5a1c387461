//! Canonical bytes as the clients' runtime (upb) writes them: fields in ascending number, members of a oneof
//! too; map entries bytewise by key, but a key that is a prefix of another goes after it.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use buffa::DecodeOptions;
use buffa_descriptor::generated::descriptor::field_descriptor_proto::{Label, Type};
use buffa_descriptor::generated::descriptor::{DescriptorProto, FileDescriptorSet};

use crate::wire::{self, Field, Fields};

/// What the canonical order needs to know of a message.
#[derive(Debug, Default)]
struct Shape {
    /// Fields that hold messages, by number: the message's name.
    messages: HashMap<u32, String>,
    /// Those of them that are maps.
    maps: HashSet<u32>,
}

static SHAPES: LazyLock<HashMap<String, Shape>> = LazyLock::new(|| {
    let set: FileDescriptorSet = DecodeOptions::new()
        .with_element_memory_limit(usize::MAX)
        .decode_from_slice(wingbeat_proto::DESCRIPTOR_SET)
        .expect("the descriptor set was written by our own build");
    let mut shapes = HashMap::new();
    for file in &set.file {
        let package = file.package.clone().unwrap_or_default();
        for message in &file.message_type {
            add(&mut shapes, &package, message);
        }
    }
    shapes
});

fn add(shapes: &mut HashMap<String, Shape>, prefix: &str, message: &DescriptorProto) {
    let name = format!("{prefix}.{}", message.name.clone().unwrap_or_default());
    let mut shape = Shape::default();
    for field in &message.field {
        if field.r#type != Some(Type::TYPE_MESSAGE) {
            continue;
        }
        let number = u32::try_from(field.number.unwrap_or_default()).unwrap_or_default();
        let target = field.type_name.clone().unwrap_or_default().trim_start_matches('.').to_owned();
        let entry = message.nested_type.iter().find(|nested| {
            let full = format!("{name}.{}", nested.name.clone().unwrap_or_default());
            full == target && nested.options.map_entry == Some(true)
        });
        let repeated = field.label == Some(Label::LABEL_REPEATED);
        if entry.is_some() && repeated {
            shape.maps.insert(number);
        }
        shape.messages.insert(number, target);
    }
    for nested in &message.nested_type {
        add(shapes, &name, nested);
    }
    shapes.insert(name, shape);
}

/// Rewrites the bytes of a message called `name`. Bytes that are not a message come back as they are.
pub fn encode(name: &str, bytes: &[u8]) -> Vec<u8> {
    rewrite(name, bytes, 0).unwrap_or_else(|| bytes.to_vec())
}

fn rewrite(name: &str, bytes: &[u8], depth: usize) -> Option<Vec<u8>> {
    const MAX_DEPTH: usize = 100;
    let Some(shape) = SHAPES.get(name).filter(|_| depth < MAX_DEPTH) else { return Some(bytes.to_vec()) };
    let mut fields: Vec<Field<'_>> = Fields::new(bytes).collect::<Result<_, _>>().ok()?;
    fields.sort_by_key(|field| field.number);
    let mut out = Vec::with_capacity(bytes.len());
    let mut ix = 0;
    while ix < fields.len() {
        let number = fields[ix].number;
        let run = fields[ix..].iter().take_while(|field| field.number == number).count();
        let group = &fields[ix..ix + run];
        ix += run;
        let Some(target) = shape.messages.get(&number) else {
            for field in group {
                write(&mut out, field.number, field.wire_type, field.value);
            }
            continue;
        };
        let mut values: Vec<Vec<u8>> =
            group.iter().map(|field| rewrite(target, field.value, depth + 1)).collect::<Option<_>>()?;
        if shape.maps.contains(&number) {
            values.sort_by(|a, b| map_order(key_of(a), key_of(b)));
        }
        for value in &values {
            write(&mut out, number, wire::LEN, value);
        }
    }
    Some(out)
}

/// Bytewise, but the end of a key is greater than any byte.
fn map_order(a: &[u8], b: &[u8]) -> Ordering {
    let shared = a.len().min(b.len());
    a[..shared].cmp(&b[..shared]).then(b.len().cmp(&a.len()))
}

/// The key of a map entry; keys of other types than text keep the order of their encoding.
fn key_of(entry: &[u8]) -> &[u8] {
    wire::all(entry, 1).next().map_or(&[], |field| field.value)
}

fn write(out: &mut Vec<u8>, number: u32, wire_type: u8, value: &[u8]) {
    put_varint(out, u64::from(number) << 3 | u64::from(wire_type));
    if wire_type == wire::LEN {
        put_varint(out, value.len() as u64);
    }
    out.extend_from_slice(value);
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        #[allow(clippy::cast_possible_truncation, reason = "masked to seven bits")]
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    #[allow(clippy::cast_possible_truncation, reason = "below 0x80")]
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::map_order;

    #[test]
    fn a_prefix_goes_after_what_it_is_a_prefix_of() {
        let mut keys = ["", "a", "ab", "abc", "b"];
        keys.sort_by(|a, b| map_order(a.as_bytes(), b.as_bytes()));
        assert_eq!(keys, ["abc", "ab", "a", "b", ""]);
    }
}
