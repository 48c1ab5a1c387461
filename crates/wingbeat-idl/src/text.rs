//! Messages in the text format of protocol buffers, as Python's runtime prints them: messages to people quote values so.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::LazyLock;

use buffa::DecodeOptions;
use buffa_descriptor::generated::descriptor::field_descriptor_proto::Type;
use buffa_descriptor::generated::descriptor::{DescriptorProto, EnumDescriptorProto, FileDescriptorSet};

use crate::canonical;
use crate::wire::{self, Field, Fields};

/// Deeper than this nothing is shown.
const MAX_DEPTH: usize = 100;

struct Known {
    name: String,
    kind: Type,
    target: String,
}

#[derive(Default)]
struct Names {
    messages: HashMap<String, HashMap<u32, Known>>,
    enums: HashMap<String, HashMap<i32, String>>,
}

static NAMES: LazyLock<Names> = LazyLock::new(|| {
    let set: FileDescriptorSet = DecodeOptions::new()
        .with_element_memory_limit(usize::MAX)
        .decode_from_slice(wingbeat_proto::DESCRIPTOR_SET)
        .expect("the descriptor set was written by our own build");
    let mut names = Names::default();
    for file in &set.file {
        let package = file.package.clone().unwrap_or_default();
        for message in &file.message_type {
            names.add(&package, message);
        }
        for one in &file.enum_type {
            names.add_enum(&package, one);
        }
    }
    names
});

impl Names {
    fn add(&mut self, prefix: &str, message: &DescriptorProto) {
        let name = format!("{prefix}.{}", message.name.clone().unwrap_or_default());
        let fields = message.field.iter().filter_map(|field| {
            let known = Known {
                name: field.name.clone()?,
                kind: field.r#type?,
                target: field.type_name.clone().unwrap_or_default().trim_start_matches('.').to_owned(),
            };
            Some((u32::try_from(field.number?).ok()?, known))
        });
        self.messages.insert(name.clone(), fields.collect());
        for nested in &message.nested_type {
            self.add(&name, nested);
        }
        for one in &message.enum_type {
            self.add_enum(&name, one);
        }
    }

    fn add_enum(&mut self, prefix: &str, one: &EnumDescriptorProto) {
        let name = format!("{prefix}.{}", one.name.clone().unwrap_or_default());
        let values = one.value.iter().filter_map(|value| Some((value.number?, value.name.clone()?)));
        self.enums.insert(name, values.collect());
    }
}

/// The message called `name` that these bytes are, a field per line. Fields that nobody knows are left out.
pub fn of_bytes(name: &str, bytes: &[u8]) -> String {
    let mut out = String::new();
    print(name, &canonical::encode(name, bytes), 0, &mut out);
    out
}

fn print(name: &str, bytes: &[u8], depth: usize, out: &mut String) {
    let Some(fields) = NAMES.messages.get(name).filter(|_| depth < MAX_DEPTH) else { return };
    for field in Fields::new(bytes).filter_map(Result::ok) {
        let Some(known) = fields.get(&field.number) else { continue };
        out.extend(std::iter::repeat_n("  ", depth));
        out.push_str(&known.name);
        if known.kind == Type::TYPE_MESSAGE {
            out.push_str(" {\n");
            print(&known.target, field.value, depth + 1, out);
            out.extend(std::iter::repeat_n("  ", depth));
            out.push_str("}\n");
        } else {
            out.push_str(": ");
            scalar(known, &field, out);
            out.push('\n');
        }
    }
}

fn scalar(known: &Known, field: &Field<'_>, out: &mut String) {
    let written = match known.kind {
        Type::TYPE_STRING | Type::TYPE_BYTES => {
            quote(field.value, known.kind == Type::TYPE_STRING, out);
            Ok(())
        }
        Type::TYPE_BOOL => write!(out, "{}", field.varint().unwrap_or_default() != 0),
        Type::TYPE_DOUBLE => write!(out, "{}", double(field.value)),
        Type::TYPE_ENUM => {
            let number = signed(field);
            let name =
                i32::try_from(number).ok().and_then(|number| NAMES.enums.get(&known.target)?.get(&number));
            match name {
                Some(name) => write!(out, "{name}"),
                None => write!(out, "{number}"),
            }
        }
        Type::TYPE_UINT32 | Type::TYPE_UINT64 => write!(out, "{}", field.varint().unwrap_or_default()),
        Type::TYPE_FLOAT
        | Type::TYPE_INT64
        | Type::TYPE_INT32
        | Type::TYPE_FIXED64
        | Type::TYPE_FIXED32
        | Type::TYPE_GROUP
        | Type::TYPE_MESSAGE
        | Type::TYPE_SFIXED32
        | Type::TYPE_SFIXED64
        | Type::TYPE_SINT32
        | Type::TYPE_SINT64 => write!(out, "{}", signed(field)),
    };
    written.expect("a string takes all text");
}

fn signed(field: &Field<'_>) -> i64 {
    wire::varint(field.value).map_or(0, |(value, _)| i64::from_ne_bytes(value.to_ne_bytes()))
}

fn double(bytes: &[u8]) -> String {
    let number = f64::from_le_bytes(bytes.try_into().unwrap_or_default());
    if number.is_nan() {
        return "nan".to_owned();
    }
    let shown = number.to_string();
    if number.abs() < 1e16 && (number == 0.0 || number.abs() >= 1e-4) || number.is_infinite() {
        return shown;
    }
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |rest| ('-', rest));
    format!("{digits}e{sign}{exponent:0>2}")
}

fn quote(bytes: &[u8], is_text: bool, out: &mut String) {
    out.push('"');
    // Text stays readable, bytes become ASCII.
    match std::str::from_utf8(bytes) {
        Ok(text) if is_text => text.chars().for_each(|one| match u8::try_from(one) {
            Ok(byte) if byte.is_ascii() => escape(byte, out),
            _ => out.push(one),
        }),
        _ => bytes.iter().for_each(|byte| escape(*byte, out)),
    }
    out.push('"');
}

fn escape(byte: u8, out: &mut String) {
    match byte {
        b'\n' => out.push_str("\\n"),
        b'\r' => out.push_str("\\r"),
        b'\t' => out.push_str("\\t"),
        b'"' => out.push_str("\\\""),
        b'\'' => out.push_str("\\'"),
        b'\\' => out.push_str("\\\\"),
        0x20..=0x7e => out.push(char::from(byte)),
        byte => write!(out, "\\{byte:03o}").expect("a string takes all text"),
    }
}

#[cfg(test)]
mod tests {
    use buffa::Message as _;
    use wingbeat_proto::flyteidl2::core::{
        Literal, LiteralType, Primitive, Scalar, literal, primitive, scalar,
    };

    use super::of_bytes;

    fn literal(value: primitive::Value) -> Vec<u8> {
        let primitive = Primitive { value: Some(value), ..Default::default() };
        let scalar =
            Scalar { value: Some(scalar::Value::Primitive(Box::new(primitive))), ..Default::default() };
        Literal { value: Some(literal::Value::Scalar(Box::new(scalar))), ..Default::default() }
            .encode_to_vec()
    }

    #[test]
    fn a_message_is_a_field_per_line() {
        let shown = of_bytes(
            "flyteidl2.core.Literal",
            &literal(primitive::Value::StringValue("it's\n\u{e9}".into())),
        );
        assert_eq!(shown, "scalar {\n  primitive {\n    string_value: \"it\\'s\\n\u{e9}\"\n  }\n}\n");
        let shown = of_bytes("flyteidl2.core.Literal", &literal(primitive::Value::FloatValue(3.0)));
        assert_eq!(shown, "scalar {\n  primitive {\n    float_value: 3\n  }\n}\n");
    }

    #[test]
    fn enumerations_are_shown_by_name() {
        let bytes = [0x08, 0x03];
        assert!(LiteralType::decode_from_slice(&bytes).is_ok());
        assert_eq!(of_bytes("flyteidl2.core.LiteralType", &bytes), "simple: STRING\n");
    }
}
