use std::collections::BTreeMap;

use serde_json::Value as Json;
use wingbeat_proto::flyteidl2::core::{
    EnumType, LiteralCollection, LiteralMap, Primitive, Scalar, UnionType,
};
use wingbeat_proto::flyteidl2::core::{KeyValuePair, TypeStructure};
use wingbeat_proto::flyteidl2::core::{
    Literal, LiteralType, Parameter, SimpleType, TypedInterface, Union, Variable, VariableEntry, VariableMap,
    literal, literal_type, parameter, primitive, scalar,
};
use wingbeat_proto::flyteidl2::task::{Inputs, NamedLiteral, NamedParameter};

use super::{InputError, complete_inputs};
use crate::vectors::{decode, records, text, vectors};

fn simple(simple: SimpleType) -> LiteralType {
    LiteralType { r#type: Some(literal_type::Type::Simple(simple.into())), ..Default::default() }
}

fn tagged(mut wire: LiteralType, tag: &str) -> LiteralType {
    wire.structure = TypeStructure { tag: tag.into(), ..Default::default() }.into();
    wire
}

fn list_of(item: LiteralType) -> LiteralType {
    LiteralType { r#type: Some(literal_type::Type::CollectionType(Box::new(item))), ..Default::default() }
}

fn map_of(item: LiteralType) -> LiteralType {
    LiteralType { r#type: Some(literal_type::Type::MapValueType(Box::new(item))), ..Default::default() }
}

fn union_of(variants: Vec<LiteralType>) -> LiteralType {
    let union = UnionType { variants, ..Default::default() };
    LiteralType { r#type: Some(literal_type::Type::UnionType(Box::new(union))), ..Default::default() }
}

fn optional_int() -> LiteralType {
    union_of(vec![tagged(simple(SimpleType::INTEGER), "int"), tagged(simple(SimpleType::NONE), "none")])
}

fn enum_of(values: &[&str]) -> LiteralType {
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    let wire = EnumType { values, ..Default::default() };
    LiteralType { r#type: Some(literal_type::Type::EnumType(Box::new(wire))), ..Default::default() }
}

fn scalar(value: scalar::Value) -> Literal {
    let scalar = Scalar { value: Some(value), ..Default::default() };
    Literal { value: Some(literal::Value::Scalar(Box::new(scalar))), ..Default::default() }
}

fn primitive(value: primitive::Value) -> Literal {
    scalar(scalar::Value::Primitive(Box::new(Primitive { value: Some(value), ..Default::default() })))
}

fn int(number: i64) -> Literal {
    primitive(primitive::Value::Integer(number))
}

fn words(text: &str) -> Literal {
    primitive(primitive::Value::StringValue(text.to_owned()))
}

fn none() -> Literal {
    scalar(scalar::Value::NoneType(Box::default()))
}

fn list(literals: Vec<Literal>) -> Literal {
    let list = LiteralCollection { literals, ..Default::default() };
    Literal { value: Some(literal::Value::Collection(Box::new(list))), ..Default::default() }
}

fn map(entries: &[(&str, Literal)]) -> Literal {
    let literals: BTreeMap<String, Literal> =
        entries.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    let map = LiteralMap { literals, ..Default::default() };
    Literal { value: Some(literal::Value::Map(Box::new(map))), ..Default::default() }
}

fn in_union(value: Literal, tag: &str) -> Literal {
    let union = Union {
        value: value.into(),
        r#type: tagged(LiteralType::default(), tag).into(),
        ..Default::default()
    };
    scalar(scalar::Value::Union(Box::new(union)))
}

fn interface(inputs: &[(&str, LiteralType)]) -> TypedInterface {
    let entry = |(key, wire): &(&str, LiteralType)| VariableEntry {
        key: (*key).to_owned(),
        value: Variable { r#type: wire.clone().into(), ..Default::default() }.into(),
        ..Default::default()
    };
    let variables = VariableMap { variables: inputs.iter().map(entry).collect(), ..Default::default() };
    TypedInterface { inputs: variables.into(), ..Default::default() }
}

fn given(inputs: &[(&str, Literal)]) -> Inputs {
    let named = |(name, value): &(&str, Literal)| NamedLiteral {
        name: (*name).to_owned(),
        value: value.clone().into(),
        ..Default::default()
    };
    Inputs { literals: inputs.iter().map(named).collect(), ..Default::default() }
}

/// What is said of one input `x` of this type.
fn said(wire: LiteralType, value: Literal) -> String {
    match complete_inputs(&interface(&[("x", wire)]), &[], given(&[("x", value)])) {
        Ok(_) => "fits".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn each_input_is_given_once_and_known() {
    let two = interface(&[("a", simple(SimpleType::INTEGER)), ("b", simple(SimpleType::STRING))]);
    let say = |inputs: &[(&str, Literal)]| {
        complete_inputs(&two, &[], given(inputs)).expect_err("it does not fit").to_string()
    };
    assert_eq!(say(&[("a", int(1))]), "input `b` is missing: the task expects str and has no default for it");
    assert_eq!(
        say(&[("a", int(1)), ("b", words("x")), ("c", int(1))]),
        "input `c` is not known: the task takes `a`, `b`"
    );
    assert_eq!(say(&[("a", int(1)), ("a", int(2))]), "input `a` is given twice");
    let nothing = complete_inputs(&TypedInterface::default(), &[], given(&[("x", int(1))]));
    assert_eq!(
        nothing.expect_err("no inputs").to_string(),
        "input `x` is not known: the task takes no inputs"
    );
}

#[test]
fn defaults_fill_what_is_not_given_and_only_that() {
    let two = interface(&[("a", simple(SimpleType::INTEGER)), ("b", simple(SimpleType::INTEGER))]);
    let default = |name: &str, value: Literal| NamedParameter {
        name: name.into(),
        parameter: Parameter {
            behavior: Some(parameter::Behavior::Default(Box::new(value))),
            ..Default::default()
        }
        .into(),
        ..Default::default()
    };
    let defaults = [default("a", int(10)), default("b", int(20))];
    let complete = complete_inputs(&two, &defaults, given(&[("a", int(1))])).expect("b has a default");
    assert_eq!(complete, given(&[("a", int(1)), ("b", int(20))]));
    let required = NamedParameter { name: "b".into(), ..Default::default() };
    let missing = complete_inputs(&two, &[required], given(&[("a", int(1))]));
    assert!(matches!(missing, Err(InputError::Missing { name, .. }) if name == "b"));
}

#[test]
fn the_time_of_a_trigger_needs_no_value() {
    let mut inputs = given(&[]);
    inputs.context.push(KeyValuePair {
        key: "_u_kickoff_time_input_arg".into(),
        value: "at".into(),
        ..Default::default()
    });
    let one = interface(&[("at", simple(SimpleType::DATETIME))]);
    assert_eq!(complete_inputs(&one, &[], inputs.clone()), Ok(inputs));
}

#[test]
fn a_wrong_value_is_named_by_where_it_stands() {
    let ints = list_of(map_of(simple(SimpleType::INTEGER)));
    assert_eq!(said(ints.clone(), list(vec![map(&[("k", int(1))])])), "fits");
    assert_eq!(
        said(ints.clone(), list(vec![map(&[]), map(&[("k", words("1"))])])),
        "input `x[1][\"k\"]`: expected int, got str"
    );
    assert_eq!(said(ints, int(1)), "input `x`: expected list[dict[str, int]], got int");
    assert_eq!(
        said(enum_of(&["RED", "GREEN"]), words("blue")),
        "input `x`: expected one of RED, GREEN, got `blue`"
    );
}

#[test]
fn numbers_pass_for_each_other_and_for_nothing_else() {
    let float = || primitive(primitive::Value::FloatValue(1.5));
    assert_eq!(said(simple(SimpleType::FLOAT), int(1)), "fits");
    assert_eq!(said(simple(SimpleType::INTEGER), float()), "fits");
    assert_eq!(said(simple(SimpleType::BOOLEAN), int(1)), "input `x`: expected bool, got int");
    assert_eq!(said(simple(SimpleType::STRING), int(1)), "input `x`: expected str, got int");
}

#[test]
fn unions_go_by_the_tag_and_then_by_the_value() {
    let either = || {
        union_of(vec![tagged(simple(SimpleType::INTEGER), "int"), tagged(simple(SimpleType::STRING), "str")])
    };
    assert_eq!(said(either(), in_union(int(1), "int")), "fits");
    assert_eq!(said(either(), words("bare")), "fits");
    assert_eq!(said(either(), in_union(int(1), "str")), "input `x`: expected int | str, got int");
    assert_eq!(said(either(), in_union(int(1), "nope")), "input `x`: expected int | str, got int");
    assert_eq!(said(optional_int(), none()), "fits");
    assert_eq!(said(optional_int(), in_union(none(), "none")), "fits");
    assert_eq!(said(optional_int(), Literal::default()), "fits");
    assert_eq!(said(optional_int(), words("1")), "input `x`: expected int | None, got str");
}

#[test]
fn inside_an_optional_the_wrong_part_is_named() {
    let optional = union_of(vec![
        tagged(list_of(simple(SimpleType::INTEGER)), "Typed List"),
        tagged(simple(SimpleType::NONE), "none"),
    ]);
    let bad = in_union(list(vec![int(1), words("2")]), "Typed List");
    assert_eq!(said(optional, bad), "input `x[1]`: expected int, got str");
}

#[test]
fn what_the_stock_client_makes_of_its_own_types_fits_them() {
    let vectors = vectors();
    let mut checked = 0;
    for record in records(&vectors, "cases") {
        let wire: LiteralType = decode(record, "literal_type_b64");
        let value: Literal = decode(record, "literal_b64");
        assert_eq!(said(wire, value), "fits", "{}", text(record, "name"));
        checked += 1;
    }
    for record in records(&vectors, "interfaces").iter().filter(|record| record["call"].is_object()) {
        let interface: TypedInterface = decode(record, "typed_interface_b64");
        let inputs: Inputs = decode(&record["call"], "inputs_b64");
        assert_eq!(complete_inputs(&interface, &[], inputs.clone()), Ok(inputs), "{}", text(record, "name"));
        checked += 1;
    }
    println!("{checked} values fit their own types");
    assert!(checked > 200);
}

/// Values that the client's reader takes and that are refused here, with the reason.
const STRICTER: [(&str, &str); 3] = [
    ("bool_from_int", "an integer silently reads as False"),
    ("list_from_scalar", "anything but a list silently reads as an empty one"),
    ("literal_enum_any_value", "on the wire this type is an enum like any other"),
];

#[test]
fn what_the_clients_reader_takes_or_refuses_is_taken_or_refused_here() {
    let vectors = vectors();
    let types: BTreeMap<&str, LiteralType> = records(&vectors, "cases")
        .iter()
        .map(|record| (text(record, "python_type"), decode(record, "literal_type_b64")))
        .collect();
    let mut checked = 0;
    for record in records(&vectors, "decode") {
        let name = text(record, "name");
        let Some(wire) = types.get(text(record, "python_type")) else { continue };
        let fits = said(wire.clone(), decode(record, "literal_b64")) == "fits";
        let stricter = STRICTER.iter().any(|(one, _)| *one == name);
        let read = record["error"].is_null();
        // What lies inside msgpack or a struct is not looked into: the task's own reader says what is wrong there.
        let opaque =
            ["binary", "generic"].iter().any(|kind| record["literal_json"]["scalar"][kind] != Json::Null);
        if read {
            assert_eq!(fits, !stricter, "{name}");
        } else if !opaque && name != "union_bare_ambiguous" && name != "map_to_intkey_dict" {
            assert!(!fits, "{name} fits, and the client fails on it");
        }
        checked += 1;
    }
    println!("{checked} readings agree");
    assert!(checked > 30, "{checked}");
}
