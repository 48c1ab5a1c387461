//! Schemas of Arrow, as `pa.schema([...])` makes them.

#![allow(clippy::wildcard_enum_match_arm, reason = "kinds that are not named are alike: not meant here")]

use wingbeat_types::arrow::{ArrowField, ArrowType};
use wingbeat_types::{Value, python};

use super::parser::Expr;
use super::{Need, Scope};

/// The fields of a schema or of a struct: pairs of a name and a type, or calls of `pa.field`.
pub(super) fn fields(scope: &Scope, list: &Expr) -> Result<Vec<ArrowField>, Need> {
    let Expr::List(items) = list else { return Err(Need::python("a schema that is no list")) };
    items.iter().map(|item| field(scope, item)).collect()
}

fn field(scope: &Scope, item: &Expr) -> Result<ArrowField, Need> {
    let (parts, named) = match item {
        Expr::Tuple(parts) => (parts, &[][..]),
        Expr::Call(function, parts, named) if function.dotted().as_deref() == Some("pa.field") => {
            (parts, named.as_slice())
        }
        _ => return Err(Need::python("a field of a schema")),
    };
    let [name, ty, rest @ ..] = parts.as_slice() else { return Err(Need::python("a field of a schema")) };
    let name = python::show(&scope.value(name)?);
    let flag = match (rest, named) {
        ([], []) => return Ok(ArrowField::nullable(&name, type_of(scope, ty)?)),
        ([flag], []) => flag,
        ([], [(key, flag)]) if key == "nullable" => flag,
        _ => return Err(Need::python("a field of a schema with metadata")),
    };
    let nullable = scope.value(flag)? == Value::Bool(true);
    Ok(ArrowField { nullable, ..ArrowField::nullable(&name, type_of(scope, ty)?) })
}

fn type_of(scope: &Scope, expr: &Expr) -> Result<ArrowType, Need> {
    let unknown = || Need::python("a type of Arrow");
    let Expr::Call(function, arguments, named) = expr else { return Err(unknown()) };
    let name = function.dotted().unwrap_or_default();
    let name = name.strip_prefix("pa.").ok_or_else(unknown)?;
    let boxed =
        |ix: usize| arguments.get(ix).map_or_else(|| Err(unknown()), |one| type_of(scope, one).map(Box::new));
    let item = || {
        let one = arguments.first().ok_or_else(unknown)?;
        let found = match field(scope, one) {
            Ok(found) => found,
            Err(_) => ArrowField::nullable("item", type_of(scope, one)?),
        };
        Ok::<_, Need>(Box::new(found))
    };
    Ok(match (name, arguments.len()) {
        ("list_", 1) => ArrowType::List("list", item()?),
        ("list_", 2) => {
            let Value::Int(count) = scope.value(&arguments[1])? else { return Err(unknown()) };
            ArrowType::FixedList(item()?, u32::try_from(count).map_err(|_| unknown())?)
        }
        ("large_list", 1) => ArrowType::List("large_list", item()?),
        ("struct", 1) => ArrowType::Struct(fields(scope, &arguments[0])?),
        ("map_", 2) => ArrowType::Map(boxed(0)?, boxed(1)?),
        ("dictionary", 2) => ArrowType::Dictionary(boxed(0)?, boxed(1)?),
        _ => ArrowType::Simple(simple(scope, name, arguments, named)?),
    })
}

/// A type without parts, by the name that Arrow prints.
fn simple(scope: &Scope, name: &str, arguments: &[Expr], named: &[(String, Expr)]) -> Result<String, Need> {
    let shown: Result<Vec<String>, Need> =
        arguments.iter().map(|one| Ok(python::show(&scope.value(one)?))).collect();
    let shown = shown?;
    let zone = match (name, named) {
        (_, []) => String::new(),
        ("timestamp", [(key, zone)]) if key == "tz" => format!(", tz={}", python::show(&scope.value(zone)?)),
        _ => return Err(Need::python("a type of Arrow with names for its parts")),
    };
    let printed = match (name, shown.as_slice()) {
        ("null" | "string" | "binary" | "large_string" | "large_binary", []) => name.to_owned(),
        ("int8" | "int16" | "int32" | "int64" | "uint8" | "uint16" | "uint32" | "uint64", []) => {
            name.to_owned()
        }
        ("bool_", []) => "bool".to_owned(),
        ("utf8", []) => "string".to_owned(),
        ("large_utf8", []) => "large_string".to_owned(),
        ("float16", []) => "halffloat".to_owned(),
        ("float32", []) => "float".to_owned(),
        ("float64", []) => "double".to_owned(),
        ("date32", []) => "date32[day]".to_owned(),
        ("date64", []) => "date64[ms]".to_owned(),
        ("binary", [length]) => format!("fixed_size_binary[{length}]"),
        ("timestamp", [unit]) => format!("timestamp[{unit}{zone}]"),
        ("timestamp", [unit, zone]) => format!("timestamp[{unit}, tz={zone}]"),
        ("time32" | "time64" | "duration", [unit]) => format!("{name}[{unit}]"),
        ("decimal128" | "decimal256", [digits, scale]) => format!("{name}({digits}, {scale})"),
        ("decimal128" | "decimal256", [digits]) => format!("{name}({digits}, 0)"),
        _ => return Err(Need::python(format!("the type `pa.{name}`"))),
    };
    Ok(printed)
}
