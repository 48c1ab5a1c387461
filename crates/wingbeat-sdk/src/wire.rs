//! The wire messages that the crates above handle, and what turns them into JSON and back.

pub use wingbeat_proto::flyteidl2::core::{
    Literal, LiteralType, SimpleType, Variable, VariableEntry, VariableMap, literal_type,
};
pub use wingbeat_proto::flyteidl2::task::{
    CacheConfig, NamedLiteral, Outputs as WireOutputs, RunSpec, TaskSpec,
};
pub use wingbeat_proto::flyteidl2::workflow::ConditionAction;
pub use wingbeat_types::launch_form::{form_of, form_with_values, literals_of_values};

/// The interface of one variable.
pub fn variable(name: &str, wire: LiteralType) -> VariableMap {
    let value = Variable { r#type: wire.into(), ..Default::default() };
    let entry = VariableEntry { key: name.to_owned(), value: value.into(), ..Default::default() };
    VariableMap { variables: vec![entry], ..Default::default() }
}
