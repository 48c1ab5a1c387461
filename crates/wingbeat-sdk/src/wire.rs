//! The wire messages that the crates above handle, and what turns them into JSON and back.

use serde_json::{Value as Json, json};
pub use wingbeat_proto::flyteidl2::core::{
    Literal, LiteralType, SimpleType, Variable, VariableEntry, VariableMap, literal_type,
};
pub use wingbeat_proto::flyteidl2::task::{
    CacheConfig, NamedLiteral, Outputs as WireOutputs, RunSpec, TaskSpec,
};
pub use wingbeat_proto::flyteidl2::workflow::ConditionAction;
pub use wingbeat_types::launch_form::{form_of, form_with_values, literals_of_values};

/// Key of the context whose value names the input that gets the time for which a trigger fired.
pub(crate) const KICKOFF_INPUT: &str = "_u_kickoff_time_input_arg";
/// Keys of the context that do not go down to children.
pub(crate) const RESERVED: [&str; 2] = [KICKOFF_INPUT, "_u_produced_artifacts"];

/// The interface of one variable.
pub fn variable(name: &str, wire: LiteralType) -> VariableMap {
    let value = Variable { r#type: wire.into(), ..Default::default() };
    let entry = VariableEntry { key: name.to_owned(), value: value.into(), ..Default::default() };
    VariableMap { variables: vec![entry], ..Default::default() }
}

/// Whether it is this simple type.
pub fn is_simple(wire: &LiteralType, simple: SimpleType) -> bool {
    matches!(&wire.r#type, Some(literal_type::Type::Simple(one)) if *one == simple)
}

/// A value as people write it on a command line: text as it stands, everything else as JSON.
///
/// # Errors
/// It is no value of this type; the text names it.
pub fn literal_of_text(name: &str, wire: LiteralType, text: &str) -> Result<NamedLiteral, String> {
    let values = json!({name: json_of(text, &wire)});
    let mut literals =
        literals_of_values(&variable(name, wire), &values).map_err(|error| error.to_string())?;
    literals.pop().ok_or_else(|| format!("`{name}` has no value"))
}

fn json_of(text: &str, wire: &LiteralType) -> Json {
    use literal_type::Type;
    let is_text = match &wire.r#type {
        Some(Type::Simple(simple)) => matches!(
            simple.as_known(),
            Some(SimpleType::STRING | SimpleType::DATETIME | SimpleType::DURATION)
        ),
        Some(Type::EnumType(_) | Type::StructuredDatasetType(_)) => true,
        Some(Type::Blob(_)) => return json!({"uri": text}),
        Some(Type::UnionType(union)) => {
            let is_none = matches!(text, "null" | "none" | "None");
            let inner = union.variants.iter().find(|variant| !is_simple(variant, SimpleType::NONE));
            return match inner {
                Some(inner) if !is_none => json_of(text, inner),
                _ => Json::Null,
            };
        }
        _ => false,
    };
    let as_text = || Json::String(text.to_owned());
    if is_text { as_text() } else { serde_json::from_str(text).unwrap_or_else(|_| as_text()) }
}
