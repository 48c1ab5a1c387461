use serde_json::json;

use super::to_literal;
use crate::ty::{Default, Field, StructType, Type};
use crate::value::{Message, Value};
use crate::{from_literal, to_literal_type};

fn refusal(value: &Value, ty: &Type) -> String {
    to_literal(value, ty).expect_err("it does not fit").to_string()
}

#[test]
fn a_refusal_says_where_what_was_expected_and_what_was_given() {
    let numbers = Type::list(Type::map(Type::Float));
    let value = Value::List(vec![Value::Map(vec![(Value::Str("lr".into()), Value::Int(1))])]);
    assert_eq!(
        refusal(&value, &numbers),
        "at `[0][\"lr\"]`: Expected value of type <class 'float'> but got '1' of type <class 'int'>"
    );
}

#[test]
fn a_number_that_the_wire_cannot_carry_is_refused() {
    assert_eq!(refusal(&Value::Int(1 << 63), &Type::Int), "Value out of range: 9223372036854775808");
    assert!(to_literal(&Value::Int(i128::from(i64::MIN)), &Type::Int).is_ok());
}

#[test]
fn a_dictionary_becomes_a_struct_or_the_reason_is_told() {
    let fields = vec![
        Field::required("x", Type::Int),
        Field::with_default("y", Type::Float, Default::Shown(Value::Float(1.5))),
    ];
    let ty = Type::of(StructType::dataclass("Pt", fields));
    let entry = |name: &str, value: Value| (Value::Str(name.into()), value);
    let literal =
        to_literal(&Value::Map(vec![entry("x", Value::Int(1))]), &ty).expect("the rest has defaults");
    let read = from_literal(&literal, &ty).expect("it was just written");
    assert_eq!(read.field("y"), Some(&Value::Float(1.5)));
    assert!(
        refusal(&Value::Map(vec![]), &ty)
            .contains("missing the following keys from the dataclass fields: ['x']")
    );
    let extra = Value::Map(vec![entry("x", Value::Int(1)), entry("q", Value::Int(1))]);
    assert!(refusal(&extra, &ty).contains("extra keys that are not in dataclass fields: ['q']"));
}

#[test]
fn an_empty_list_fits_two_variants_of_lists() {
    let ty = Type::Union(vec![Type::list(Type::Int), Type::list(Type::Str)], crate::ty::Spelling::Typing);
    assert!(refusal(&Value::List(vec![]), &ty).contains("Potential types: [list[int], list[str]]"));
    assert!(to_literal_type(&ty).is_ok());
}

#[test]
fn a_message_travels_as_its_json_and_a_list_of_values_as_a_list() {
    let message = |class: &str, json: serde_json::Value| {
        (Type::Message(class.into()), Value::Message(Box::new(Message { class: class.into(), json })))
    };
    let (ty, value) = message("google.protobuf.struct_pb2.Struct", json!({"a": 1.0, "b": [null, "x"]}));
    let literal = to_literal(&value, &ty).expect("a struct");
    assert_eq!(from_literal(&literal, &ty), Ok(value.clone()));
    assert_eq!(crate::python::repr(&value), "<google.protobuf.Struct {\"a\": 1.0, \"b\": [null, \"x\"]}>");
    let (ty, value) = message("google.protobuf.struct_pb2.ListValue", json!([1.0, true, {"k": "v"}]));
    let literal = to_literal(&value, &ty).expect("a list");
    assert!(from_literal(&literal, &ty).expect_err("no struct").to_string().contains("generic literal"));
    let class = "flyteidl2.core.literals_pb2.Primitive";
    let (ty, value) = message(class, json!({"integer": "5"}));
    let literal = to_literal(&value, &ty).expect("a message");
    assert_eq!(from_literal(&literal, &ty), Ok(value), "numbers of 64 bits are text");
    let (ty, value) = message(class, json!({"unknown": 1}));
    assert!(from_literal(&to_literal(&value, &ty).expect("an object"), &ty).is_err());
    let (ty, value) = message("google.protobuf.timestamp_pb2.Timestamp", json!("1970-01-01T00:00:01Z"));
    assert!(refusal(&value, &ty).contains("generic protobuf struct"));
}
