use jiff::civil;

use super::{CliError, CliOption, Surroundings};
use crate::ty::{Default, Dialect, Field, Spelling, StructType, Type};
use crate::value::Value;

/// A world with one file, at noon.
struct Noon;

impl Surroundings for Noon {
    fn now(&self) -> civil::DateTime {
        civil::date(2024, 5, 6).at(12, 0, 0, 0)
    }
    fn read(&self, path: &str) -> Option<String> {
        (path == "list.json").then(|| "[1, 2]".to_owned())
    }
    fn exists(&self, path: &str) -> bool {
        path == "list.json"
    }
}

fn parse(ty: &Type, text: &str) -> Result<Value, String> {
    let option = CliOption::new("x", ty, None).expect("an option");
    option.value_of(text, &Noon).map_err(|error| error.to_string())
}

#[test]
fn text_means_what_its_type_says() {
    assert_eq!(parse(&Type::Int, "5"), Ok(Value::Int(5)));
    assert_eq!(
        parse(&Type::Int, "1.0"),
        Err("Invalid value for '--x': '1.0' is not a valid integer.".into())
    );
    assert_eq!(parse(&Type::Duration, "1 minute|30 seconds"), Ok(Value::Duration(90_000_000)));
    assert_eq!(parse(&Type::Duration, ":22"), Err("Could not parse duration: :22".into()));
    assert_eq!(parse(&Type::Duration, "P1DT2H3M4S"), Ok(Value::Duration(93_784_000_000)));
    let list = Type::list(Type::Int);
    assert_eq!(parse(&list, "list.json"), Ok(Value::List(vec![Value::Int(1), Value::Int(2)])));
    assert!(
        parse(&list, "1,2").expect_err("no JSON").contains("error: Extra data: line 1 column 2 (char 1)")
    );
    let either = Type::Union(vec![Type::Str, Type::Int], Spelling::Typing);
    assert_eq!(parse(&either, "5"), Ok(Value::Int(5)));
    assert_eq!(parse(&either, "a"), Ok(Value::Str("a".into())));
}

#[test]
fn moments_are_counted_from_the_given_clock() {
    let Ok(Value::Datetime(at)) = parse(&Type::Datetime, "now - PT2H") else { panic!("a moment") };
    assert_eq!(at.civil, civil::date(2024, 5, 6).at(10, 0, 0, 0));
    assert_eq!(parse(&Type::Date, "today"), Ok(Value::Date(civil::date(2024, 5, 6))));
}

#[test]
fn given_fields_are_laid_over_the_default() {
    let fields = vec![
        Field::required("x", Type::Int),
        Field::with_default("y", Type::Int, Default::Shown(Value::Int(1))),
    ];
    let ty = Type::of(StructType::dataclass("Pt", fields));
    let whole = CliOption::new("x", &ty, None).expect("an option");
    let default = whole.value_of("{\"x\": 9, \"y\": 8}", &Noon).expect("a struct");
    let option = CliOption::new("x", &ty, Some(default)).expect("an option");
    let merged = option.value_of("{\"x\": 1}", &Noon).expect("a struct");
    assert_eq!((merged.field("x"), merged.field("y")), (Some(&Value::Int(1)), Some(&Value::Int(8))));
    assert_eq!(option.shown_default(), "'{\"x\": 9, \"y\": 8}'");
    let missing = whole.value_of("{\"y\": 8}", &Noon).map_err(|error| error.to_string());
    assert_eq!(missing, Err("Pt.__init__() missing 1 required positional argument: 'x'".into()));
}

#[test]
fn a_name_with_capitals_is_no_option() {
    assert!(matches!(CliOption::new("Xy", &Type::Int, None), Err(CliError::Unsupported(_))));
}

#[test]
fn an_option_that_is_none_is_told_with_what_may_be_meant() {
    let option = CliOption::new("rate", &Type::Int, None).expect("an option");
    let told = |arguments: &[&str]| {
        let arguments: Vec<String> = arguments.iter().map(|one| (*one).to_owned()).collect();
        option.parse(&arguments, &Noon).expect_err("it is refused").to_string()
    };
    assert_eq!(told(&["--rat", "1"]), "No such option '--rat'. Did you mean '--rate'?");
    assert_eq!(told(&["--zzz"]), "No such option '--zzz'.");
    assert_eq!(told(&["-rx"]), "No such option '-r'.");
    assert_eq!(told(&["--rate"]), "Option '--rate' requires an argument.");
}

#[test]
fn a_default_is_converted_as_text_is() {
    let value = |ty: &Type, default: Value| {
        let option = CliOption::new("x", ty, Some(default)).expect("an option");
        option.parse(&[], &Noon).map_err(|error| error.to_string())
    };
    assert_eq!(value(&Type::Float, Value::Int(1)), Ok(Value::Float(1.0)));
    assert_eq!(value(&Type::Bool, Value::None), Ok(Value::Bool(false)));
    assert_eq!(value(&Type::Int, Value::None), Ok(Value::None));
    let refused = "Invalid value for '--x': 'a' is not a valid integer.";
    assert_eq!(value(&Type::Int, Value::Str("a".into())), Err(refused.into()));
}

#[test]
fn a_moment_with_a_space_is_iso_or_a_sum_inside_the_calendar() {
    let told = |text: &str| parse(&Type::Datetime, text).expect_err("it is none");
    assert_eq!(told("2020-01-01 25:00:00"), "hour must be in 0..23");
    assert_eq!(told("0001-01-01 - P1D"), "date value out of range");
    assert!(told("2020-01-01  + P1D").contains("'2020-01-01 ' does not match the formats"));
    assert!(parse(&Type::Datetime, "2020-01-01 +  P1D").is_ok());
}

#[test]
fn a_tuple_inside_a_tuple_is_counted_too() {
    let inner = Type::Tuple(vec![Type::Int, Type::Int], Spelling::Builtin);
    let fields = vec![Field::required("item_0", inner), Field::required("item_1", Type::Str)];
    let ty = Type::of(StructType { dialect: Dialect::Tuple, ..StructType::dataclass("tuple", fields) });
    assert!(parse(&ty, "[[1, 2], \"a\"]").is_ok());
    let refused = "Invalid value for '--x': Expected 2 elements for tuple, got 1";
    assert_eq!(parse(&ty, "[[1], \"a\"]"), Err(refused.into()));
}

#[test]
fn a_default_is_shown_in_the_order_and_form_of_its_class() {
    let inner =
        StructType::dataclass("In", vec![Field::required("z", Type::Int), Field::required("a", Type::Float)]);
    let model = |ty: StructType| StructType { dialect: Dialect::Model, ..ty };
    let outer = StructType::dataclass("Out", vec![Field::required("i", Type::of(model(inner)))]);
    let shown = |ty: StructType, text: &str| {
        let ty = Type::of(ty);
        let default =
            CliOption::new("x", &ty, None).expect("an option").value_of(text, &Noon).expect("a struct");
        CliOption::new("x", &ty, Some(default)).expect("an option").shown_default()
    };
    assert_eq!(shown(model(outer), "{\"i\": {\"z\": 1, \"a\": 2}}"), "'{\"i\":{\"z\":1,\"a\":2.0}}'");
}
