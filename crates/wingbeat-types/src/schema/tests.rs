use std::sync::Arc;

use serde_json::json;

use super::{duration_text, of_struct};
use crate::ty::{Default, Dialect, Field, StructType, Type};
use crate::value::Value;

fn node(dialect: Dialect) -> StructType {
    let next = Type::optional(Type::Recursive(Arc::from("Node")));
    let fields =
        vec![Field::required("v", Type::Int), Field::with_default("next", next, Default::Shown(Value::None))];
    StructType { dialect, ..StructType::dataclass("Node", fields) }
}

#[test]
fn a_struct_that_holds_itself_is_referred_to() {
    for dialect in [Dialect::Dataclass, Dialect::Model] {
        let schema = of_struct(&node(dialect)).expect("every field has a schema");
        assert_eq!(schema["$ref"], json!("#/$defs/Node"));
        assert_eq!(schema["$defs"]["Node"]["properties"]["next"]["anyOf"][0]["$ref"], json!("#/$defs/Node"));
        assert_eq!(schema.get("title"), None);
    }
}

#[test]
fn a_nested_class_stands_where_it_is_used_or_is_referred_to() {
    let inner = StructType::dataclass("In", vec![Field::required("a_b", Type::Int)]);
    let fields = vec![Field::required("inner", Type::of(inner))];
    let outer = StructType::dataclass("Out", fields);
    let dataclass = of_struct(&outer).expect("a schema");
    assert_eq!(dataclass["properties"]["inner"]["properties"]["a_b"], json!({"type": "integer"}));
    let model = of_struct(&StructType { dialect: Dialect::Model, ..outer }).expect("a schema");
    assert_eq!(model["properties"]["inner"], json!({"$ref": "#/$defs/In"}));
    assert_eq!(model["$defs"]["In"]["properties"]["a_b"], json!({"type": "integer", "title": "A B"}));
}

#[test]
fn what_cannot_be_described_has_no_schema() {
    let fields = vec![Field::required("x", Type::Pickle("<class 'object'>".to_owned()))];
    assert_eq!(of_struct(&StructType::dataclass("Bad", fields)), None);
}

#[test]
fn spans_are_written_as_models_write_them() {
    assert_eq!(duration_text(86_402_000_003), "P1DT2.000003S");
    assert_eq!(duration_text(0), "PT0S");
    assert_eq!(duration_text(-3_600_000_000), "-PT1H");
}

#[test]
fn one_constant_alone_is_no_enumeration() {
    let choice = |values: &[i128]| Type::Choice(values.iter().copied().map(Value::Int).collect());
    let fields = vec![Field::required("one", choice(&[1])), Field::required("two", choice(&[1, 2]))];
    let schema = of_struct(&StructType::dataclass("C", fields)).expect("a schema");
    assert_eq!(schema["properties"], json!({"one": {"const": 1}, "two": {"enum": [1, 2]}}));
}
