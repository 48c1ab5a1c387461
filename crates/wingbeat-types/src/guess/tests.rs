use serde_json::json;
use wingbeat_proto::flyteidl2::core::literal_type::Type as Kind;
use wingbeat_proto::flyteidl2::core::{EnumType, LiteralType};

use super::guess;
use crate::error::ConvertErrorKind;
use crate::launch_form::to_struct;
use crate::to_literal_type;
use crate::ty::{Default, Field, StructType, Type};
use crate::value::Value;
use crate::wire::{of_simple, with_tag};

fn of_schema(schema: &serde_json::Value, tag: &str) -> LiteralType {
    let simple = of_simple(wingbeat_proto::flyteidl2::core::SimpleType::STRUCT);
    with_tag(LiteralType { metadata: to_struct(schema).into(), ..simple }, tag)
}

#[test]
fn a_struct_comes_back_with_its_fields() {
    let fields = vec![
        Field::required("b", Type::list(Type::Int)),
        Field::required("a", Type::Str),
        Field::with_default("c", Type::Float, Default::Shown(Value::Float(0.5))),
    ];
    let wire = to_literal_type(&Type::of(StructType::dataclass("Pt", fields))).expect("a type");
    let Ok(Type::Struct(guessed)) = guess(&wire) else { panic!("a struct is a struct") };
    let names: Vec<&str> = guessed.fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!((guessed.name.as_str(), names), ("Pt", vec!["b", "a", "c"]));
    assert_eq!(guessed.fields[2].default, Default::Shown(Value::Float(0.5)));
}

#[test]
fn a_schema_that_refers_to_itself_ends() {
    let schema = json!({
        "title": "Root", "type": "object", "required": ["node"],
        "properties": {"node": {"$ref": "#/$defs/Node"}},
        "$defs": {"Node": {
            "title": "Node", "type": "object", "required": ["next"],
            "properties": {"next": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]}},
        }},
    });
    for tag in ["Object-Dataclass-Transformer", "Pydantic Transformer"] {
        let Ok(Type::Struct(root)) = guess(&of_schema(&schema, tag)) else { panic!("a struct is a struct") };
        let Type::Struct(node) = &root.fields[0].ty else { panic!("the node is a struct") };
        assert_eq!(node.fields[0].ty, Type::optional(Type::Recursive("Node".into())));
    }
}

#[test]
fn a_schema_that_is_nested_too_deep_is_refused() {
    let mut schema = json!({"type": "string"});
    for _ in 0..500 {
        schema = json!({"type": "array", "items": schema});
    }
    let schema = json!({"title": "Deep", "type": "object", "properties": {"x": schema}, "required": ["x"]});
    let refused = guess(&of_schema(&schema, "Object-Dataclass-Transformer"));
    assert_eq!(refused.map_err(|error| error.kind), Err(ConvertErrorKind::Limit));
}

#[test]
fn an_unknown_tag_stands_for_nothing() {
    let schema = json!({"title": "X", "type": "object", "properties": {}});
    assert!(guess(&of_schema(&schema, "Somebody's Transformer")).is_err());
}

#[test]
fn what_python_makes_no_class_of_stands_for_nothing() {
    let schema = json!({"title": "X", "type": "object", "properties": {"def": {"type": "integer"}}});
    let refused = |wire: &LiteralType| guess(wire).map_err(|error| error.kind);
    assert_eq!(refused(&of_schema(&schema, "Object-Dataclass-Transformer")), Err(ConvertErrorKind::Type));
    let none = crate::wire::of_type(Kind::UnionType(Box::default()));
    assert_eq!(refused(&none), Err(ConvertErrorKind::Type));
}

#[test]
fn a_name_that_comes_twice_is_one_member() {
    let values = EnumType { values: vec!["a".into(), "a".into()], ..EnumType::default() };
    let Ok(Type::Enum(ty)) = guess(&crate::wire::of_type(Kind::EnumType(Box::new(values)))) else {
        panic!("an enumeration")
    };
    assert_eq!(ty.members.len(), 1);
}
