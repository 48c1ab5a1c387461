//! The part of the descriptors that has rules, compiled once: messages without a rule in reach are left out, so
//! that a check does not look into them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, LazyLock};

use buffa::DecodeOptions;
use buffa_descriptor::generated::descriptor::field_descriptor_proto::{Label, Type};
use buffa_descriptor::generated::descriptor::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorSet,
};

use super::cel::Cel;
use super::exceptions;
use super::rules::{self, Rules};
use super::value::Scalar;

/// All messages with rules in reach, and what each procedure is asked with.
#[derive(Debug, Default)]
pub(super) struct Schema {
    pub(super) messages: HashMap<Arc<str>, Message>,
    /// `/package.Service/Method` to the name of its request.
    pub(super) requests: HashMap<String, String>,
    /// Rules of the schema that nobody here understands. Empty, and a test says so.
    #[cfg_attr(not(test), allow(dead_code, reason = "asked by a test"))]
    pub(super) unknown: Vec<String>,
    /// Message, field and rule of everything that is not enforced on purpose.
    #[cfg_attr(not(test), allow(dead_code, reason = "asked by a test"))]
    pub(super) waived: Vec<(String, String, &'static str)>,
}

/// One message.
#[derive(Debug, Default)]
pub(super) struct Message {
    /// By number.
    pub(super) fields: BTreeMap<u32, Field>,
    pub(super) oneofs: Vec<Oneof>,
    pub(super) cels: Vec<Cel>,
}

/// A oneof of a message.
#[derive(Debug)]
pub(super) struct Oneof {
    pub(super) name: String,
    pub(super) required: bool,
    /// Names of its members, for the text.
    pub(super) members: Vec<String>,
}

/// What a field holds.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    Scalar(Scalar),
    /// By name.
    Message(Arc<str>),
}

/// Once, many times, or by key.
#[derive(Debug, Clone)]
pub(super) enum Shape {
    One,
    List,
    /// With the kind of its keys; the field's own kind is that of its values.
    Map(Scalar),
}

/// One field.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) shape: Shape,
    /// Is unset told apart from zero?
    pub(super) presence: bool,
    /// Which oneof it is a member of; the ones that `optional` makes do not count.
    pub(super) oneof: Option<usize>,
    pub(super) rules: Rules,
}

/// The schema of this server.
pub(super) static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    let set: FileDescriptorSet = DecodeOptions::new()
        .with_element_memory_limit(usize::MAX)
        .decode_from_slice(wingbeat_proto::DESCRIPTOR_SET)
        .expect("the descriptor set was written by our own build");
    let mut compiler = Compiler::default();
    for file in &set.file {
        // Its options carry rules of their own, about rules.
        if file.package.as_deref() == Some("buf.validate") {
            continue;
        }
        compiler.enums_of(file.package.as_deref().unwrap_or_default(), &file.enum_type, &file.message_type);
    }
    for file in set.file.iter().filter(|file| file.package.as_deref() != Some("buf.validate")) {
        let package = file.package.as_deref().unwrap_or_default();
        for message in &file.message_type {
            compiler.message(package, message);
        }
        for service in &file.service {
            for method in &service.method {
                let path =
                    format!("/{package}.{}/{}", text(service.name.as_ref()), text(method.name.as_ref()));
                let input = text(method.input_type.as_ref()).trim_start_matches('.').to_owned();
                compiler.schema.requests.insert(path, input);
            }
        }
    }
    compiler.prune()
});

fn text(field: Option<&String>) -> &str {
    field.map_or("", String::as_str)
}

#[derive(Default)]
struct Compiler {
    schema: Schema,
    enums: HashMap<String, Arc<[i64]>>,
}

impl Compiler {
    fn enums_of(&mut self, prefix: &str, enums: &[EnumDescriptorProto], messages: &[DescriptorProto]) {
        for one in enums {
            let numbers = one.value.iter().map(|value| i64::from(value.number.unwrap_or_default()));
            self.enums.insert(format!("{prefix}.{}", text(one.name.as_ref())), numbers.collect());
        }
        for message in messages {
            let name = format!("{prefix}.{}", text(message.name.as_ref()));
            self.enums_of(&name, &message.enum_type, &message.nested_type);
        }
    }

    fn message(&mut self, prefix: &str, wire: &DescriptorProto) {
        let name = format!("{prefix}.{}", text(wire.name.as_ref()));
        let oneofs = wire.oneof_decl.iter().enumerate().map(|(ix, oneof)| Oneof {
            name: text(oneof.name.as_ref()).to_owned(),
            required: rules::oneof_required(&rules::of_options(&oneof.options.__buffa_unknown_fields)),
            members: wire
                .field
                .iter()
                .filter(|f| real_oneof(f) == Some(ix))
                .map(|f| text(f.name.as_ref()).to_owned())
                .collect(),
        });
        let mut message = Message { oneofs: oneofs.collect(), ..Default::default() };
        let options = rules::of_options(&wire.options.__buffa_unknown_fields);
        message.cels = rules::of_message(&options, &mut self.schema.unknown);
        for field in &wire.field {
            let number = field.number.and_then(|number| u32::try_from(number).ok()).unwrap_or_default();
            let compiled = self.field(&name, wire, field);
            message.fields.insert(number, compiled);
        }
        for nested in &wire.nested_type {
            self.message(&name, nested);
        }
        self.schema.messages.insert(name.into(), message);
    }

    fn field(&mut self, message: &str, parent: &DescriptorProto, wire: &FieldDescriptorProto) -> Field {
        let options = rules::of_options(&wire.options.__buffa_unknown_fields);
        let mut rules = rules::of_field(&options, &mut self.schema.unknown);
        rules.checks.retain(|check| {
            let waived = exceptions::waives(message, text(wire.name.as_ref()), check.name());
            if waived {
                self.schema.waived.push((
                    message.to_owned(),
                    text(wire.name.as_ref()).to_owned(),
                    check.name(),
                ));
            }
            !waived
        });
        if rules.required && exceptions::waives(message, text(wire.name.as_ref()), "required") {
            self.schema.waived.push((message.to_owned(), text(wire.name.as_ref()).to_owned(), "required"));
            rules.required = false;
        }
        let repeated = wire.label == Some(Label::LABEL_REPEATED);
        let entry = parent.nested_type.iter().find(|nested| {
            repeated
                && nested.options.map_entry == Some(true)
                && text(wire.type_name.as_ref()) == format!(".{message}.{}", text(nested.name.as_ref()))
        });
        let (kind, shape) = match entry {
            Some(entry) => {
                let part = |number| entry.field.iter().find(|field| field.number == Some(number));
                let key = match part(1).map(|field| self.kind(field)) {
                    Some(Kind::Scalar(key)) => key,
                    _ => Scalar::Other,
                };
                let value = part(2).map_or(Kind::Scalar(Scalar::Other), |field| self.kind(field));
                (value, Shape::Map(key))
            }
            None => (self.kind(wire), if repeated { Shape::List } else { Shape::One }),
        };
        let presence = !repeated && (wire.oneof_index.is_some() || matches!(kind, Kind::Message(_)));
        Field {
            name: text(wire.name.as_ref()).to_owned(),
            kind,
            shape,
            presence,
            oneof: real_oneof(wire),
            rules,
        }
    }

    fn kind(&self, wire: &FieldDescriptorProto) -> Kind {
        let named = text(wire.type_name.as_ref()).trim_start_matches('.');
        Kind::Scalar(match wire.r#type {
            Some(Type::TYPE_MESSAGE) => return Kind::Message(named.into()),
            Some(Type::TYPE_STRING) => Scalar::Text,
            Some(Type::TYPE_BYTES) => Scalar::Bytes,
            Some(Type::TYPE_INT32 | Type::TYPE_INT64 | Type::TYPE_BOOL) => Scalar::Signed,
            Some(Type::TYPE_UINT32 | Type::TYPE_UINT64) => Scalar::Unsigned,
            Some(Type::TYPE_SINT32 | Type::TYPE_SINT64) => Scalar::ZigZag,
            Some(Type::TYPE_ENUM) => Scalar::Enum(self.enums.get(named).cloned().unwrap_or_default()),
            Some(Type::TYPE_DOUBLE) => Scalar::Double,
            _ => Scalar::Other,
        })
    }

    /// Leaves out what no rule is in reach of.
    fn prune(self) -> Schema {
        let mut schema = self.schema;
        let mut kept: HashSet<Arc<str>> = HashSet::new();
        loop {
            let before = kept.len();
            for (name, message) in &schema.messages {
                if message.has_rules() || message.fields.values().any(|field| field.reaches(&kept)) {
                    kept.insert(name.clone());
                }
            }
            if kept.len() == before {
                break;
            }
        }
        schema.messages.retain(|name, _| kept.contains(name));
        for message in schema.messages.values_mut() {
            // A member that is set clears the others, so all members of a oneof with rules are needed.
            let wanted: Vec<usize> = message
                .fields
                .values()
                .filter(|field| !field.rules.is_empty() || field.reaches(&kept))
                .filter_map(|field| field.oneof)
                .collect();
            let oneofs = &message.oneofs;
            message.fields.retain(|_, field| {
                !field.rules.is_empty()
                    || field.reaches(&kept)
                    || field.oneof.is_some_and(|ix| wanted.contains(&ix) || oneofs[ix].required)
            });
        }
        schema
    }
}

impl Message {
    fn has_rules(&self) -> bool {
        !self.cels.is_empty()
            || self.oneofs.iter().any(|oneof| oneof.required)
            || self.fields.values().any(|field| !field.rules.is_empty())
    }
}

impl Field {
    fn reaches(&self, kept: &HashSet<Arc<str>>) -> bool {
        matches!(&self.kind, Kind::Message(name) if kept.contains(name))
    }
}

fn real_oneof(field: &FieldDescriptorProto) -> Option<usize> {
    if field.proto3_optional == Some(true) {
        return None;
    }
    field.oneof_index.and_then(|ix| usize::try_from(ix).ok())
}
