//! Types that were guessed, in the words of the vectors.

#![allow(clippy::wildcard_enum_match_arm, reason = "kinds that are not named are alike: not meant here")]

use wingbeat_types::ty::{Default, Dialect, Field, Type};
use wingbeat_types::{Value, python};

/// A guessed type in words.
pub(crate) fn describe(ty: &Type) -> String {
    match ty {
        Type::List(item, _) => format!("list[{}]", describe(item)),
        Type::Map(item, _) => format!("dict[str, {}]", describe(item)),
        Type::Union(variants, _) => {
            format!("Union[{}]", variants.iter().map(describe).collect::<Vec<_>>().join(", "))
        }
        Type::Enum(ty) => {
            let names: Vec<Value> = ty.members.iter().map(|(name, _)| Value::Str(name.clone())).collect();
            format!("Enum {}{}", ty.name, python::repr(&Value::List(names)))
        }
        Type::Struct(ty) => {
            let fields = || ty.fields.iter().map(field).collect::<Vec<_>>().join(", ");
            match ty.dialect {
                Dialect::Dataclass => format!("dataclass {}({})", ty.name, fields()),
                Dialect::Model => format!("BaseModel {}({})", ty.name, fields()),
                Dialect::Tuple => {
                    let items: Vec<String> = ty.fields.iter().map(|field| describe(&field.ty)).collect();
                    format!("tuple[{}]", items.join(", "))
                }
                Dialect::NamedTuple | Dialect::TypedDict => ty.name.clone(),
            }
        }
        Type::Pickle(name) => name.clone(),
        Type::Recursive(name) => name.to_string(),
        other => {
            let shown = python::type_str(other);
            let class =
                shown.strip_prefix("<class '").and_then(|rest| rest.strip_suffix("'>")).unwrap_or(&shown);
            class.rsplit('.').next().unwrap_or_default().to_owned()
        }
    }
}

fn field(field: &Field) -> String {
    let declared = format!("{}: {}", field.name, describe(&field.ty));
    match &field.default {
        Default::Required => declared,
        Default::Shown(value) => format!("{declared} = {}", python::repr(value)),
        Default::Made(_) => format!("{declared} = <factory>"),
    }
}
