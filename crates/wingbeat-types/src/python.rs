//! Types and values as Python writes them: `str(type)`, `str(value)` and `repr(value)`, which the client's messages are
//! made of. A message that says the same as the client's can be looked up.

#![allow(clippy::wildcard_enum_match_arm, reason = "kinds that are not named are alike: not meant here")]

mod scalars;

pub use scalars::float_repr;
use scalars::{
    bytes_repr, civil_date, duration_repr, duration_str, moment_repr, moment_str, text_repr, time_repr,
};

use crate::ty::{EnumKind, Mutability, SequenceKind, Spelling, StructType, TextKind, Type};
use crate::value::{Datetime, Record, Reference, Value};

/// A type as `str(type)` writes it.
pub fn type_str(ty: &Type) -> String {
    match ty {
        Type::Enum(ty) => format!("<enum '{}'>", ty.name),
        _ => match class_name(ty) {
            Some(class) => format!("<class '{class}'>"),
            None => inner_str(ty),
        },
    }
}

/// The class behind a type, if it is one.
fn class_name(ty: &Type) -> Option<String> {
    let simple = match ty {
        Type::None => "NoneType",
        Type::Bool => "bool",
        Type::Int => "int",
        Type::Float => "float",
        Type::Str => "str",
        Type::Datetime => "datetime.datetime",
        Type::Date => "datetime.date",
        Type::Duration => "datetime.timedelta",
        Type::Time => "datetime.time",
        Type::File => "flyte.io._file.File",
        Type::Dir => "flyte.io._dir.Dir",
        Type::Dict(None, Spelling::Builtin) => "dict",
        Type::Sequence(item, SequenceKind::List) if **item == Type::Any => "list",
        Type::Sequence(item, SequenceKind::Tuple) if **item == Type::Any => "tuple",
        Type::Set(item, Mutability::Mutable) if **item == Type::Any => "set",
        Type::Set(item, Mutability::Fixed) if **item == Type::Any => "frozenset",
        Type::Bytes(Mutability::Fixed) => "bytes",
        Type::Bytes(Mutability::Mutable) => "bytearray",
        Type::Text(kind) => text_class(*kind),
        Type::Enum(ty) => return Some(qualified(&ty.module, &ty.name)),
        Type::Struct(ty) if !is_generic_tuple(ty) && ty.arguments.is_empty() => {
            return Some(qualified(&ty.module, &ty.name));
        }
        Type::Message(class) => class,
        Type::Dataset(ty) => ty.class.as_deref().unwrap_or("flyte.io._dataframe.dataframe.DataFrame"),
        _ => return None,
    };
    Some(simple.to_owned())
}

fn is_generic_tuple(ty: &StructType) -> bool {
    ty.dialect == crate::ty::Dialect::Tuple
}

fn qualified(module: &str, name: &str) -> String {
    if module.is_empty() { name.to_owned() } else { format!("{module}.{name}") }
}

/// A type inside another one.
fn inner_str(ty: &Type) -> String {
    let generic = |spelling: &Spelling, name: &str, inner: Vec<String>| {
        let lower = name.to_lowercase();
        match spelling {
            Spelling::Builtin => format!("{lower}[{}]", inner.join(", ")),
            Spelling::Typing => format!("typing.{name}[{}]", inner.join(", ")),
        }
    };
    match ty {
        Type::List(item, spelling) => generic(spelling, "List", vec![inner_str(item)]),
        Type::Map(item, spelling) => generic(spelling, "Dict", vec!["str".into(), inner_str(item)]),
        Type::Dict(Some(pair), spelling) => {
            generic(spelling, "Dict", vec![inner_str(&pair.0), inner_str(&pair.1)])
        }
        Type::Dict(None, _) => if class_name(ty).is_some() { "dict" } else { "typing.Dict" }.into(),
        Type::Union(variants, spelling) => union_str(variants, *spelling),
        Type::Struct(ty) if is_generic_tuple(ty) => {
            let items = ty.fields.iter().map(|field| inner_str(&field.ty)).collect();
            let spelling = if ty.name == "Tuple" { Spelling::Typing } else { Spelling::Builtin };
            generic(&spelling, "Tuple", items)
        }
        Type::Struct(ty) if !ty.arguments.is_empty() => {
            let arguments: Vec<String> = ty.arguments.iter().map(inner_str).collect();
            format!("{}[{}]", qualified(&ty.module, &ty.name), arguments.join(", "))
        }
        Type::Tuple(items, spelling) => generic(spelling, "Tuple", items.iter().map(inner_str).collect()),
        Type::Sequence(item, SequenceKind::Tuple) => {
            generic(&Spelling::Builtin, "Tuple", vec![inner_str(item), "...".into()])
        }
        Type::Set(item, Mutability::Mutable) => generic(&Spelling::Builtin, "Set", vec![inner_str(item)]),
        Type::Set(item, Mutability::Fixed) => generic(&Spelling::Builtin, "FrozenSet", vec![inner_str(item)]),
        Type::Choice(values) => {
            format!("typing.Literal[{}]", values.iter().map(repr).collect::<Vec<_>>().join(", "))
        }
        Type::Constrained(inner, _) => inner_str(inner),
        Type::Pickle(name) => name.clone(),
        Type::Recursive(name) => format!("ForwardRef('{name}')"),
        Type::Any => "typing.Any".to_owned(),
        other => class_name(other).unwrap_or_default(),
    }
}

fn union_str(variants: &[Type], spelling: Spelling) -> String {
    let names = |types: &[&Type]| types.iter().map(|ty| inner_str(ty)).collect::<Vec<_>>();
    if spelling == Spelling::Builtin {
        let shown = variants.iter().map(|ty| if *ty == Type::None { "None".into() } else { inner_str(ty) });
        return shown.collect::<Vec<_>>().join(" | ");
    }
    let given: Vec<&Type> = variants.iter().filter(|ty| **ty != Type::None).collect();
    if given.len() == variants.len() {
        return format!("typing.Union[{}]", names(&given).join(", "));
    }
    match given.as_slice() {
        [one] => format!("typing.Optional[{}]", inner_str(one)),
        _ => format!("typing.Union[{}]", names(&variants.iter().collect::<Vec<_>>()).join(", ")),
    }
}

fn text_class(kind: TextKind) -> &'static str {
    match kind {
        TextKind::Decimal => "decimal.Decimal",
        TextKind::Uuid => "uuid.UUID",
        TextKind::Path => "pathlib.Path",
        TextKind::Ipv4 => "ipaddress.IPv4Address",
        TextKind::Fraction => "fractions.Fraction",
        TextKind::Timezone => "datetime.timezone",
    }
}

/// A moment in ISO 8601, with the offset if there is one.
pub(crate) fn iso(moment: &Datetime) -> String {
    moment_str(moment, "T")
}

/// The class of a value, without quotes: `int`, `tv.Pt`.
pub fn class_of(value: &Value) -> String {
    let simple = match value {
        Value::None => "NoneType",
        Value::Bool(_) => "bool",
        Value::Int(_) => "int",
        Value::Float(_) => "float",
        Value::Str(_) => "str",
        Value::Bytes(_, Mutability::Fixed) | Value::Pickle(_) => "bytes",
        Value::Bytes(_, Mutability::Mutable) => "bytearray",
        Value::Datetime(_) => "datetime.datetime",
        Value::Date(_) => "datetime.date",
        Value::Time(_) => "datetime.time",
        Value::Duration(_) => "datetime.timedelta",
        Value::Text(kind, _) => text_class(*kind),
        Value::Enum(ty, _) => return qualified(&ty.module, &ty.name),
        Value::List(_) => "list",
        Value::Tuple(_) => "tuple",
        Value::Set(_, Mutability::Mutable) => "set",
        Value::Set(_, Mutability::Fixed) => "frozenset",
        Value::Map(_) => "dict",
        Value::Struct(record) => return qualified(&record.ty.module, &record.ty.name),
        Value::File(_) => "flyte.io._file.File",
        Value::Dir(_) => "flyte.io._dir.Dir",
        Value::Dataset(_) => "flyte.io._dataframe.dataframe.DataFrame",
        Value::Message(message) => &message.class,
        Value::Opaque(opaque) => &opaque.class,
    };
    simple.to_owned()
}

/// The class of a value without its module.
pub(crate) fn class_name_of(value: &Value) -> String {
    let class = class_of(value);
    class.rsplit('.').next().unwrap_or_default().to_owned()
}

/// The class of a value as the msgpack library names it: with the module only where C code defines it.
pub(crate) fn packed_class_of(value: &Value) -> String {
    let class = class_of(value);
    if class.starts_with("datetime.") { class } else { class_name_of(value) }
}

/// The class of a value as `str(type(value))` writes it.
pub fn class_str(value: &Value) -> String {
    match value {
        Value::Enum(ty, _) => format!("<enum '{}'>", ty.name),
        other => format!("<class '{}'>", class_of(other)),
    }
}

/// A value as `str(value)` writes it.
pub fn show(value: &Value) -> String {
    match value {
        Value::Str(text) | Value::Text(_, text) => text.clone(),
        Value::Datetime(moment) => moment_str(moment, " "),
        Value::Date(day) => civil_date(*day),
        Value::Time(time) => scalars::time_str(*time),
        Value::Duration(micros) => duration_str(*micros),
        Value::Enum(ty, _) => {
            let Some((name, inner)) = value.member() else { return String::new() };
            if ty.kind == EnumKind::Int { show(inner) } else { format!("{}.{name}", ty.name) }
        }
        Value::Struct(record) if record.ty.dialect == crate::ty::Dialect::Model => fields(record, " "),
        Value::File(file) => reference_fields("path", file, " ", true),
        Value::Dir(dir) => reference_fields("path", dir, " ", false),
        Value::Dataset(data) => reference_fields("uri", data, " ", false),
        other => repr(other),
    }
}

/// A value as `repr(value)` writes it.
pub fn repr(value: &Value) -> String {
    match value {
        Value::None => "None".to_owned(),
        Value::Bool(flag) => (if *flag { "True" } else { "False" }).to_owned(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => float_repr(*number),
        Value::Str(text) => text_repr(text),
        Value::Bytes(bytes, Mutability::Fixed) | Value::Pickle(bytes) => bytes_repr(bytes),
        Value::Bytes(bytes, Mutability::Mutable) => format!("bytearray({})", bytes_repr(bytes)),
        Value::Datetime(moment) => moment_repr(moment),
        Value::Date(day) => format!("datetime.date({}, {}, {})", day.year(), day.month(), day.day()),
        Value::Time(time) => time_repr(*time),
        Value::Duration(micros) => duration_repr(*micros),
        Value::Text(kind, text) => text_kind_repr(*kind, text),
        Value::Enum(ty, _) => value
            .member()
            .map(|(name, inner)| format!("<{}.{name}: {}>", ty.name, repr(inner)))
            .unwrap_or_default(),
        Value::List(items) => format!("[{}]", joined(items)),
        Value::Tuple(items) if items.len() == 1 => format!("({},)", joined(items)),
        Value::Tuple(items) => format!("({})", joined(items)),
        Value::Set(items, Mutability::Mutable) if items.is_empty() => "set()".to_owned(),
        Value::Set(items, Mutability::Mutable) => format!("{{{}}}", joined(items)),
        Value::Set(items, Mutability::Fixed) if items.is_empty() => "frozenset()".to_owned(),
        Value::Set(items, Mutability::Fixed) => format!("frozenset({{{}}})", joined(items)),
        Value::Map(entries) => {
            let entries = entries.iter().map(|(key, value)| format!("{}: {}", repr(key), repr(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        Value::Struct(record) => format!("{}({})", record.ty.name, fields(record, ", ")),
        Value::File(file) => format!("File({})", reference_fields("path", file, ", ", true)),
        Value::Dir(dir) => format!("Dir({})", reference_fields("path", dir, ", ", false)),
        Value::Dataset(data) => format!("DataFrame({})", reference_fields("uri", data, ", ", false)),
        Value::Message(message) => {
            format!("<{} {}>", message.name(), crate::string_repr::json_text(&crate::of_json(&message.json)))
        }
        Value::Opaque(opaque) => opaque.shown.clone(),
    }
}

fn joined(items: &[Value]) -> String {
    items.iter().map(repr).collect::<Vec<_>>().join(", ")
}

fn fields(record: &Record, separator: &str) -> String {
    let declared = record.ty.fields.iter().zip(&record.values);
    let declared = declared.map(|(field, value)| format!("{}={}", field.name, repr(value)));
    let unknown = record.unknown.iter().map(|(name, value)| format!("{name}={}", repr(value)));
    declared.chain(unknown).collect::<Vec<_>>().join(separator)
}

fn reference_fields(place: &str, reference: &Reference, separator: &str, hash_method: bool) -> String {
    let hash = reference.hash.as_deref().map_or_else(|| "None".to_owned(), text_repr);
    let uri = text_repr(&reference.uri);
    let mut parts = vec![format!("{place}={uri}")];
    if place == "path" {
        parts.push(format!("name={}", text_repr(reference.shown_name())));
    }
    parts.push(format!("format={}", text_repr(&reference.format)));
    parts.push(format!("hash={hash}"));
    if hash_method {
        parts.push("hash_method=None".to_owned());
    }
    parts.join(separator)
}

fn text_kind_repr(kind: TextKind, text: &str) -> String {
    match kind {
        TextKind::Decimal => format!("Decimal({})", text_repr(text)),
        TextKind::Uuid => format!("UUID({})", text_repr(text)),
        TextKind::Path => format!("PosixPath({})", text_repr(text)),
        TextKind::Ipv4 => format!("IPv4Address({})", text_repr(text)),
        TextKind::Fraction => {
            let (above, below) = text.split_once('/').unwrap_or((text, "1"));
            format!("Fraction({above}, {below})")
        }
        TextKind::Timezone => scalars::timezone_repr(text),
    }
}
