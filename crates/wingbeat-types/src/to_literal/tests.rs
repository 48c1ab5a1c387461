use std::sync::Arc;

use serde_json::json;

use super::to_literal;
use crate::error::ConvertErrorKind;
use crate::launch_form::from_struct;
use crate::ty::{Default, Dialect, Field, StructType, Type, Unknown};
use crate::value::{Message, Record, Value};
use crate::wire::packed_literal;
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

#[test]
fn a_dataclass_is_written_of_what_its_fields_take() {
    let inner = StructType::dataclass("In", vec![Field::required("x", Type::Int)]);
    let choice = Type::Choice(vec![Value::Str("a".into()), Value::Str("b".into())]);
    let fields = vec![Field::required("i", Type::of(inner.clone())), Field::required("c", choice)];
    let ty = Arc::new(StructType::dataclass("Out", fields));
    let of = |ty: &Arc<StructType>, values: Vec<Value>| {
        Value::Struct(Box::new(Record { ty: ty.clone(), values, unknown: vec![] }))
    };
    let whole = Type::Struct(ty.clone());
    let made = of(&Arc::new(inner), vec![Value::Int(1)]);
    let letter = |letter: &str| Value::Str(letter.into());
    assert!(to_literal(&of(&ty, vec![made.clone(), letter("a")]), &whole).is_ok());
    let told = refusal(&of(&ty, vec![Value::None, letter("a")]), &whole);
    assert!(told.ends_with("'NoneType' object has no attribute 'x'"), "{told}");
    assert!(refusal(&of(&ty, vec![made.clone(), letter("z")]), &whole).ends_with("`.c`: z"));
    let given = Value::Map(vec![(letter("i"), made), (letter("c"), letter("a"))]);
    assert!(refusal(&given, &whole).ends_with("Object of type In is not JSON serializable"));
}

#[test]
fn one_of_an_older_class_lacks_a_field() {
    let old = StructType::dataclass("Old", vec![Field::required("x", Type::Int)]);
    let mut new = old.clone();
    new.name = "New".into();
    new.fields.push(Field::with_default("z", Type::Int, Default::Shown(Value::Int(1))));
    let value =
        Value::Struct(Box::new(Record { ty: old.into(), values: vec![Value::Int(1)], unknown: vec![] }));
    assert_eq!(refusal(&value, &Type::of(new)), "'Old' object has no attribute 'z'");
}

#[test]
fn a_model_that_forbids_unknown_fields_refuses_them() {
    let plain = StructType::dataclass("Strict", vec![Field::required("a", Type::Int)]);
    let ty = Type::of(StructType { dialect: Dialect::Model, unknown: Unknown::Refused, ..plain });
    let entry = |name: &str| (Value::Str(name.into()), Value::Int(1));
    assert!(to_literal(&Value::Map(vec![entry("a")]), &ty).is_ok());
    assert!(
        refusal(&Value::Map(vec![entry("a"), entry("q")]), &ty).contains("Extra inputs are not permitted")
    );
    let wire = to_literal_type(&ty).expect("a struct");
    assert_eq!(from_struct(&wire.metadata)["additionalProperties"], json!(false));
}

#[test]
fn msgpack_is_read_as_the_reader_of_dataclasses_reads_it() {
    let read = |value: &Value, ty: &Type| {
        let bytes = crate::pack::pack(value, &Type::Any).expect("plain");
        from_literal(&packed_literal(bytes), ty).map_err(|error| (error.kind, error.message))
    };
    let letters = Value::List(vec![Value::Str("a".into()), Value::Str("b".into())]);
    assert_eq!(read(&Value::Str("ab".into()), &Type::list(Type::Str)), Ok(letters));
    let message = "'int' object is not iterable".to_owned();
    assert_eq!(read(&Value::Int(5), &Type::list(Type::Int)), Err((ConvertErrorKind::Type, message)));
    let model = Type::of(StructType { dialect: Dialect::Model, ..StructType::dataclass("Mod", vec![]) });
    let refused = read(&Value::List(vec![]), &Type::list(model)).map_err(|(kind, _)| kind);
    assert_eq!(refused, Err(ConvertErrorKind::Unserializable));
}

#[test]
fn a_named_tuple_takes_no_more_than_it_names() {
    let plain = StructType::dataclass("NT", vec![Field::required("a", Type::Int)]);
    let ty = Type::of(StructType { dialect: Dialect::NamedTuple, ..plain });
    let pair = Value::Tuple(vec![Value::Int(1), Value::Int(2)]);
    assert_eq!(refusal(&pair, &ty), "tuple index out of range");
}
