//! Values and types against bytes that the Python SDK wrote for the same (`golden.json`).

use std::collections::{BTreeMap, HashMap};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use buffa::{Message, MessageName};
use wingbeat::jiff::{SignedDuration, Timestamp};
use wingbeat::serde_json::{Value as Json, json};
use wingbeat::{DataFrame, Dir, File, Value};
use wingbeat_proto::flyteidl2::core::{Literal, LiteralType};

#[derive(Value, Debug, Clone, PartialEq)]
struct Pt {
    x: i64,
    #[value(default = 1.5)]
    y: f64,
    #[value(default = "n")]
    name: String,
}

#[derive(Value, Debug, Clone, PartialEq)]
struct Mixin {
    a: i64,
    #[value(default)]
    b: Option<String>,
}

#[derive(Value, Debug, Clone, PartialEq)]
struct Node {
    v: i64,
    #[value(default)]
    next: Option<Box<Node>>,
}

#[derive(Value, Debug, Clone, PartialEq)]
#[value(name = "Box")]
struct Boxed<T> {
    item: T,
    #[value(default = 0)]
    n: i64,
}

#[derive(Value, Debug, Clone, PartialEq)]
#[value(name = "EmptyDC")]
struct Empty {}

#[derive(Value, Debug, Clone, PartialEq)]
#[value(name = "WithIO")]
struct WithFiles {
    f: File,
    d: Dir,
    df: DataFrame,
    #[value(default)]
    of: Option<File>,
}

#[derive(Value, Debug, Clone, Copy, PartialEq)]
enum Color {
    #[value(name = "RED", value = "red")]
    Red,
    #[value(name = "GREEN", value = "green")]
    Green,
}

fn pt(x: i64) -> Pt {
    Pt { x, y: 1.5, name: "n".to_owned() }
}

fn golden(name: &str) -> (Vec<u8>, Vec<u8>) {
    let all: Json = wingbeat::serde_json::from_str(include_str!("golden.json")).unwrap();
    let bytes = |part: &str| STANDARD.decode(all[name][part].as_str().unwrap()).unwrap();
    (bytes("type"), bytes("literal"))
}

fn canonical<M: Message + MessageName>(message: &M) -> Vec<u8> {
    wingbeat_idl::canonical::encode(M::FULL_NAME, &message.encode_to_vec())
}

/// The value has Python's type and Python's bytes, and comes back from them.
fn check<T: Value + PartialEq + std::fmt::Debug>(name: &str, value: T) {
    let (wire_type, wire_literal) = golden(name);
    let own = T::literal_type();
    let expected = LiteralType::decode_from_slice(&wire_type).unwrap();
    assert_eq!(canonical(&own), canonical(&expected), "{name}: the type is {own:?}, Python's {expected:?}");
    let own = value.to_literal().unwrap();
    let expected = Literal::decode_from_slice(&wire_literal).unwrap();
    assert_eq!(canonical(&own), wire_literal, "{name}: the literal is {own:?}, Python's {expected:?}");
    assert_eq!(T::from_literal(&expected).unwrap(), value, "{name} read back");
}

#[test]
fn plain_values_are_pythons() {
    check("int_one", 1_i64);
    check("int_min", i64::MIN);
    check("float_one", 1.5_f64);
    check("float_negzero", -0.0_f64);
    check("bool_true", true);
    check("str_simple", "hello".to_owned());
    check("str_empty", String::new());
    check("enum_member", Color::Red);
}

#[test]
fn times_are_pythons() {
    check("datetime_utc", "2024-01-02T03:04:05Z".parse::<Timestamp>().unwrap());
    check("datetime_pre_epoch", "1969-12-31T23:59:59.5Z".parse::<Timestamp>().unwrap());
    check("timedelta_pos", SignedDuration::new(86_402, 3_000));
}

#[test]
fn lists_dicts_and_optional_values_are_pythons() {
    check("list_int", vec![1_i64, 2, 3]);
    check("dict_str_int", BTreeMap::from([("b".to_owned(), 2_i64), ("a".to_owned(), 1)]));
    check("opt_int_none", None::<i64>);
    check("opt_list", Some(vec![1_i64]));
    check("opt_enum", Some(Color::Red));
    check("opt_str", Some(String::new()));
    check("opt_dataclass", Some(pt(1)));
    check("opt_file", Some(File::at("s3://b/a.txt")));
    check("opt_dir", None::<Dir>);
}

#[test]
fn structs_are_dataclasses() {
    check("dc_simple", pt(1));
    check("dc_mixin", Mixin { a: 1, b: None });
    check("dc_empty", Empty {});
    check("dc_generic_dc", Boxed { item: pt(1), n: 0 });
    let inner = Node { v: 2, next: None };
    check("dc_recursive", Node { v: 1, next: Some(Box::new(inner)) });
    check(
        "dc_io",
        WithFiles {
            f: File::at("s3://b/a.txt"),
            d: Dir::at("s3://b/d"),
            df: DataFrame::at("s3://b/x", "parquet"),
            of: None,
        },
    );
}

/// A struct that is read from what `value` writes.
fn reread<T: Value>(value: &Json) -> Result<T, wingbeat::ValueError> {
    T::from_literal(&value.to_literal().unwrap())
}

#[test]
fn fields_are_read_as_python_reads_them() {
    assert_eq!(reread::<Pt>(&json!({"x": 1.0, "y": 2})).unwrap(), Pt { y: 2.0, ..pt(1) });
    assert_eq!(reread::<Mixin>(&json!({"a": 1, "unknown": [1, {}]})).unwrap(), Mixin { a: 1, b: None });
    let map: HashMap<String, Vec<Color>> = reread(&json!({"k": ["red", "green"]})).unwrap();
    assert_eq!(map["k"], [Color::Red, Color::Green]);
}

#[test]
fn what_does_not_fit_is_told_with_its_place() {
    let text = |error: wingbeat::ValueError| error.to_string();
    let error = reread::<Boxed<Vec<Pt>>>(&json!({"item": [{"x": 1}, {"x": "a"}]})).unwrap_err();
    assert_eq!(text(error), "`item[1].x`: expected int, got str");
    let error = reread::<Pt>(&json!({"y": 1.0})).unwrap_err();
    assert_eq!(text(error), "expected the field `x` of Pt, got no such field");
    let error = reread::<Color>(&json!("blue")).unwrap_err();
    assert_eq!(text(error), "expected one of red, green, got `blue`");
    let error = u8::from_literal(&300_i64.to_literal().unwrap()).unwrap_err();
    assert_eq!(text(error), "expected int from 0 to 255, got 300");
    assert!(u64::MAX.to_literal().is_err());
    let error = Vec::<i64>::from_literal(&true.to_literal().unwrap()).unwrap_err();
    assert_eq!(text(error), "expected list, got bool");
    let nested = vec![Some(1_i64), None].to_literal().unwrap();
    assert_eq!(Vec::<Option<i64>>::from_literal(&nested).unwrap(), [Some(1), None]);
    let other = Some("text".to_owned()).to_literal().unwrap();
    let error = Option::<i64>::from_literal(&other).unwrap_err();
    assert_eq!(text(error), "expected `int` or None, got the variant `str`");
}

#[test]
fn msgpack_that_is_cut_off_or_too_deep_is_refused() {
    let literal = |bytes: Vec<u8>| {
        let mut wire = json!({}).to_literal().unwrap();
        replace_binary(&mut wire, bytes);
        wire
    };
    // A list of four thousand million items, in five bytes.
    for bytes in
        [vec![0xdd, 0xff, 0xff, 0xff, 0xff], vec![0x91; 100_000], vec![0xc1], vec![0x81, 0xa1], vec![]]
    {
        assert!(Json::from_literal(&literal(bytes.clone())).is_err(), "{:?}", &bytes[..bytes.len().min(8)]);
        assert!(Boxed::<Vec<i64>>::from_literal(&literal(bytes)).is_err());
    }
}

#[test]
fn text_that_is_no_utf_8_is_refused_with_its_place() {
    let refused = |bytes: &[u8]| {
        let mut wire = json!({}).to_literal().unwrap();
        replace_binary(&mut wire, bytes.to_vec());
        Pt::from_literal(&wire).unwrap_err().to_string()
    };
    // As the value of a field, and as its name.
    let value = refused(b"\x82\xa1x\x01\xa4name\xa2a\xff");
    assert!(value.contains("name") && value.contains("UTF-8 from byte 1 on"), "{value}");
    assert!(refused(b"\x81\xa1\xff\x01").contains("no UTF-8"));
}

#[tokio::test]
async fn a_file_that_is_gone_is_told_by_its_place() {
    for uri in ["/nowhere/at-all.txt", "file:///nowhere/at-all.txt"] {
        let error = File::at(uri).read().await.unwrap_err();
        assert_eq!(error.code(), "FileNotFound");
        assert!(error.message().contains("/nowhere/at-all.txt"), "{error}");
    }
    let error = Dir::at("/nowhere/folder").files().await.unwrap_err();
    assert_eq!(error.code(), "FileNotFound");
}

fn replace_binary(wire: &mut Literal, bytes: Vec<u8>) {
    use wingbeat_proto::flyteidl2::core::{literal, scalar};
    let Some(literal::Value::Scalar(scalar)) = &mut wire.value else { panic!("not a scalar") };
    let Some(scalar::Value::Binary(binary)) = &mut scalar.value else { panic!("not binary") };
    binary.value = bytes;
}
