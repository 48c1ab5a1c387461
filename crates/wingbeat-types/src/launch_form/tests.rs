use serde_json::{Value, json};
use wingbeat_proto::flyteidl2::core::{
    Literal, LiteralType, Parameter, SimpleType, TaskTemplate, TypeStructure, TypedInterface, UnionType,
    Variable, VariableEntry, VariableMap, literal, literal_type, parameter, primitive, scalar,
};
use wingbeat_proto::flyteidl2::task::{NamedLiteral, NamedParameter, TaskSpec};

use super::{
    form_of, form_with_values, from_struct, literals_of_form, literals_of_values, schema, to_struct, values,
};
use crate::vectors::{decode, records, text, vectors};

fn simple(simple: SimpleType) -> LiteralType {
    LiteralType { r#type: Some(literal_type::Type::Simple(simple.into())), ..Default::default() }
}

fn tagged(mut wire: LiteralType, tag: &str) -> LiteralType {
    wire.structure = TypeStructure { tag: tag.into(), ..Default::default() }.into();
    wire
}

fn optional(wire: LiteralType) -> LiteralType {
    let variants = vec![wire, tagged(simple(SimpleType::NONE), "none")];
    let union = UnionType { variants, ..Default::default() };
    LiteralType { r#type: Some(literal_type::Type::UnionType(Box::new(union))), ..Default::default() }
}

fn list_of(item: LiteralType) -> LiteralType {
    LiteralType { r#type: Some(literal_type::Type::CollectionType(Box::new(item))), ..Default::default() }
}

fn variables(inputs: &[(&str, LiteralType)]) -> VariableMap {
    let entry = |(key, wire): &(&str, LiteralType)| VariableEntry {
        key: (*key).to_owned(),
        value: Variable { r#type: wire.clone().into(), ..Default::default() }.into(),
        ..Default::default()
    };
    VariableMap { variables: inputs.iter().map(entry).collect(), ..Default::default() }
}

/// What one value of a type becomes, as JSON again; or why it is refused.
fn there_and_back(wire: &LiteralType, value: &Value) -> Result<Value, String> {
    let literal = values::to_literal("x", value, wire).map_err(|error| error.to_string())?;
    values::to_json("x", &literal).map_err(|error| error.to_string())
}

#[test]
fn schemas_are_those_of_the_client() {
    let vectors = vectors();
    let mut compared = 0;
    for record in records(&vectors, "json_schema") {
        let python = text(record, "python_type");
        let Some(case) =
            records(&vectors, "cases").iter().find(|case| case["python_type"] == record["python_type"])
        else {
            continue;
        };
        // The client folds an optional type into its only variant; a form keeps both, to know None.
        if python.contains("Optional[str]") {
            continue;
        }
        let ours = Value::Object(schema::of_type(
            &decode::<LiteralType>(case, "literal_type_b64"),
            super::Optionals::Kept,
        ));
        assert_eq!(numbers(&ours), numbers(&record["json_schema"]), "{python}");
        compared += 1;
    }
    for record in records(&vectors, "guess") {
        let name = text(record, "name");
        if ["union_untagged", "schema_deprecated", "pickle_union"].contains(&name) {
            continue;
        }
        let ours = Value::Object(schema::of_type(
            &decode::<LiteralType>(record, "literal_type_b64"),
            super::Optionals::Kept,
        ));
        assert_eq!(numbers(&ours), numbers(&record["json_schema"]), "{name}");
        compared += 1;
    }
    println!("{compared} schemas compared");
    assert!(compared > 35, "{compared}");
}

/// Numbers as doubles, since the client does not tell 2 and 2.0 apart inside structs.
fn numbers(value: &Value) -> Value {
    from_struct(&to_struct(value))
}

#[test]
fn every_value_of_the_client_has_a_form_that_gives_it_back() {
    let vectors = vectors();
    let (mut compared, mut without) = (0, 0);
    for record in records(&vectors, "cases") {
        let name = text(record, "name");
        let wire: LiteralType = decode(record, "literal_type_b64");
        let given: Literal = decode(record, "literal_b64");
        let named = NamedLiteral { name: "x".into(), value: given.clone().into(), ..Default::default() };
        let form = form_with_values(&variables(&[("x", wire.clone())]), &[named])
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        // What is pickled can be shown, but not written.
        if pickled(&wire) {
            without += 1;
            continue;
        }
        let Ok(back) = literals_of_form(&numbers(&form)) else {
            without += 1;
            continue;
        };
        let Some(back) = back.first() else {
            without += 1;
            continue;
        };
        let json =
            |literal: &Literal| numbers(&json!({"v": values::to_json("x", literal).expect("it has a form")}));
        assert_eq!(json(&back.value), json(&given), "{name}");
        compared += 1;
    }
    println!("{compared} values came back, {without} have no form of their own");
    assert!(compared > 120, "{compared}");
}

/// Does a type hold pickled values anywhere?
fn pickled(wire: &LiteralType) -> bool {
    match &wire.r#type {
        Some(literal_type::Type::CollectionType(inner) | literal_type::Type::MapValueType(inner)) => {
            pickled(inner)
        }
        Some(literal_type::Type::UnionType(union)) => union.variants.iter().any(pickled),
        Some(_) | None => wire.structure.tag == "FlytePickle",
    }
}

#[test]
fn simple_values_pass_and_others_are_refused_by_name() {
    let cases: [(SimpleType, Value, Result<Value, &str>); 18] = [
        (SimpleType::INTEGER, json!(5), Ok(json!(5))),
        (SimpleType::INTEGER, json!(5.0), Ok(json!(5))),
        (SimpleType::INTEGER, json!("9223372036854775807"), Ok(json!(i64::MAX))),
        (SimpleType::INTEGER, json!(5.5), Err("`x`: expected int, got a number")),
        (SimpleType::INTEGER, json!("five"), Err("`x`: expected int, got text that is none")),
        (SimpleType::FLOAT, json!(5), Ok(json!(5.0))),
        (SimpleType::FLOAT, json!("NaN"), Ok(json!("NaN"))),
        (SimpleType::STRING, json!(5), Err("`x`: expected str, got a whole number")),
        (SimpleType::BOOLEAN, json!(true), Ok(json!(true))),
        (SimpleType::BOOLEAN, json!("true"), Err("`x`: expected bool, got text that is none")),
        (SimpleType::DATETIME, json!("2024-01-02"), Ok(json!("2024-01-02T00:00:00Z"))),
        (SimpleType::DATETIME, json!("2024-01-02T03:04:05.5+01:00"), Ok(json!("2024-01-02T02:04:05.5Z"))),
        (SimpleType::DATETIME, json!("1969-12-31T23:59:59.25Z"), Ok(json!("1969-12-31T23:59:59.25Z"))),
        (SimpleType::DATETIME, json!("soon"), Err("`x`: expected datetime, got text that is none")),
        (SimpleType::DURATION, json!("PT1H30M"), Ok(json!("PT1H30M"))),
        (SimpleType::DURATION, json!("1h30m0s"), Ok(json!("PT1H30M"))),
        (SimpleType::DURATION, json!(90), Ok(json!("PT1M30S"))),
        (SimpleType::NONE, json!({"type": "null"}), Ok(Value::Null)),
    ];
    for (wire, value, expected) in cases {
        assert_eq!(there_and_back(&simple(wire), &value), expected.map_err(str::to_owned), "{value}");
    }
    assert_eq!(there_and_back(&simple(SimpleType::DURATION), &json!("P1D")), Ok(json!("PT24H")));
}

#[test]
fn a_wrong_value_deep_inside_is_named_by_its_path() {
    let inputs = variables(&[("grid", list_of(list_of(simple(SimpleType::FLOAT))))]);
    let error = literals_of_values(&inputs, &json!({"grid": [[1.0], [2.0, "x"]]})).expect_err("not a float");
    assert_eq!(error.to_string(), "`grid[1][1]`: expected float, got text that is none");
    let missing = literals_of_values(&inputs, &json!({})).expect_err("no value");
    assert_eq!(missing.to_string(), "`grid` is missing: expected list[list[float]]");
}

#[test]
fn an_optional_value_that_is_not_there_is_none() {
    let inputs = variables(&[("x", optional(tagged(simple(SimpleType::INTEGER), "int")))]);
    for values in [json!({}), json!({"x": null}), json!({"x": {"type": "null"}})] {
        let literals = literals_of_values(&inputs, &values).expect("it is optional");
        assert_eq!(values::to_json("x", &literals[0].value), Ok(Value::Null));
        assert!(crate::complete_inputs(&interface(&inputs), &[], given(&literals)).is_ok());
    }
    let wrong = literals_of_values(&inputs, &json!({"x": "five"})).expect_err("no int");
    assert_eq!(wrong.to_string(), "`x`: expected int, got text that is none");
}

fn interface(inputs: &VariableMap) -> TypedInterface {
    TypedInterface { inputs: inputs.clone().into(), ..Default::default() }
}

fn given(literals: &[NamedLiteral]) -> wingbeat_proto::flyteidl2::task::Inputs {
    wingbeat_proto::flyteidl2::task::Inputs { literals: literals.to_vec(), ..Default::default() }
}

#[test]
fn the_form_of_a_task_has_its_defaults_and_says_what_is_required() {
    let inputs = variables(&[
        ("lr", simple(SimpleType::FLOAT)),
        ("name", optional(tagged(simple(SimpleType::STRING), "str"))),
        ("seed", simple(SimpleType::INTEGER)),
    ]);
    let seven = values::to_literal("seed", &json!(7), &simple(SimpleType::INTEGER)).expect("an int");
    let default = NamedParameter {
        name: "seed".into(),
        parameter: Parameter {
            behavior: Some(parameter::Behavior::Default(Box::new(seven))),
            ..Default::default()
        }
        .into(),
        ..Default::default()
    };
    let template = TaskTemplate { interface: interface(&inputs).into(), ..Default::default() };
    let spec =
        TaskSpec { task_template: template.into(), default_inputs: vec![default], ..Default::default() };
    let form = form_of(&spec).expect("all have a form");
    assert_eq!(form["required"], json!(["lr"]));
    assert_eq!(form["properties"]["seed"], json!({"type": "integer", "default": 7}));
    assert_eq!(form["properties"]["name"]["oneOf"][1]["type"], json!("null"));
    // What was not filled in is left out, except None.
    let names: Vec<String> =
        literals_of_form(&form).expect("it can be read").into_iter().map(|one| one.name).collect();
    assert_eq!(names, ["name", "seed"]);
}

#[test]
fn objects_are_msgpack_with_whole_numbers() {
    let literal = values::to_literal("x", &json!({"a": 1.0, "b": [1.5, null]}), &simple(SimpleType::STRUCT));
    let literal = literal.expect("an object");
    let Some(literal::Value::Scalar(scalar)) = &literal.value else { panic!("a scalar") };
    let Some(scalar::Value::Binary(binary)) = &scalar.value else { panic!("msgpack") };
    assert_eq!((binary.tag.as_str(), binary.value[..4].to_vec()), ("msgpack", vec![0x82, 0xa1, b'a', 0x01]));
    assert_eq!(values::to_json("x", &literal), Ok(json!({"a": 1, "b": [1.5, null]})));
}

#[test]
fn a_file_needs_a_uri_and_may_not_be_a_folder() {
    let file = LiteralType { r#type: Some(literal_type::Type::Blob(Box::default())), ..Default::default() };
    assert!(there_and_back(&file, &json!("s3://b/a")).is_ok());
    assert!(there_and_back(&file, &json!({"uri": ""})).is_err());
    let folder = json!({"uri": "s3://b/a", "dimensionality": "MULTIPART"});
    assert_eq!(there_and_back(&file, &folder), Err("`x`: expected file, got an object".into()));
    // The form of a file that nobody named holds no value.
    let form = form_with_values(&variables(&[("x", file.clone())]), &[]).expect("it has a form");
    assert_eq!(literals_of_form(&form), Ok(vec![]));
}

#[test]
fn what_is_no_form_is_refused_with_the_part_that_is_wrong() {
    let say = |form: Value| literals_of_form(&form).expect_err("no form").to_string();
    assert_eq!(say(json!({})), "the form of `form` cannot be read: it has no `properties`");
    assert_eq!(
        say(json!({"properties": {"x": {"type": "array", "items": {"type": "date"}}}})),
        "the form of `x[]` cannot be read: no type is called `date`"
    );
    assert_eq!(
        say(json!({"properties": {"x": {}}})),
        "the form of `x` cannot be read: it has neither `type` nor `oneOf`"
    );
}

#[test]
fn values_that_no_variable_takes_are_left_out() {
    let inputs = variables(&[("x", simple(SimpleType::INTEGER))]);
    let literals = literals_of_values(&inputs, &json!({"x": 1, "old": 2})).expect("x is there");
    assert_eq!(literals.len(), 1);
    assert!(matches!(
        &literals[0].value.value,
        Some(literal::Value::Scalar(s)) if matches!(&s.value, Some(scalar::Value::Primitive(p)) if p.value == Some(primitive::Value::Integer(1)))
    ));
}
