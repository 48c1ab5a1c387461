//! What holds for every value and every input: what was written reads back, hashes do not depend on how the same thing is
//! written, and no bytes make a decoder panic or take memory that they do not pay for.

use buffa::Message as _;
use proptest::prelude::{Strategy, any, prop, prop_oneof, proptest};
use wingbeat_idl::canonical;
use wingbeat_proto::flyteidl2::core::{Literal, LiteralType, scalar};
use wingbeat_proto::flyteidl2::task::{Inputs, NamedLiteral};

use crate::entry;
use crate::ty::{Default as FieldDefault, Field, StructType, Type};
use crate::value::{Record, Value};
use crate::wire::{packed_literal, scalar_of};
use crate::{from_literal, inputs_hash, of_json, to_literal, to_literal_type};

/// A type and a value of it. None stands alone in a test of its own: a list of nothing but None is refused.
fn typed() -> impl Strategy<Value = (Type, Value)> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(|number| (Type::Int, Value::Int(i128::from(number)))),
        any::<f64>()
            .prop_filter("NaN is equal to nothing", |number| !number.is_nan())
            .prop_map(|number| (Type::Float, Value::Float(number))),
        any::<bool>().prop_map(|flag| (Type::Bool, Value::Bool(flag))),
        ".{0,12}".prop_map(|text| (Type::Str, Value::Str(text))),
        (-1_000_000_000_000_i64..1_000_000_000_000)
            .prop_map(|micros| (Type::Duration, Value::Duration(micros))),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            (inner.clone(), 0_usize..4)
                .prop_map(|((ty, value), count)| { (Type::list(ty), Value::List(vec![value; count])) }),
            (inner.clone(), prop::collection::btree_set(".{0,6}", 0..4)).prop_map(|((ty, value), keys)| {
                let entries = keys.into_iter().map(|key| (Value::Str(key), value.clone())).collect();
                (Type::map(ty), Value::Map(entries))
            }),
            prop::collection::vec(inner, 1..5).prop_map(structure),
        ]
    })
}

/// A struct with these fields.
fn structure(fields: Vec<(Type, Value)>) -> (Type, Value) {
    let (types, values): (Vec<Type>, Vec<Value>) = fields.into_iter().unzip();
    let each = types.into_iter().enumerate();
    let fields =
        each.map(|(ix, ty)| Field::with_default(&format!("f{ix}"), ty, FieldDefault::Required)).collect();
    let ty = std::sync::Arc::new(StructType::dataclass("Made", fields));
    let record = Record { ty: ty.clone(), values, unknown: Vec::new() };
    (Type::Struct(ty), Value::Struct(Box::new(record)))
}

fn hash_of(value: Literal) -> String {
    let named = NamedLiteral { name: "x".to_owned(), value: value.into(), ..Default::default() };
    inputs_hash(&Inputs { literals: vec![named], ..Default::default() }, &[])
}

proptest! {
    #[test]
    fn what_was_written_reads_back((ty, value) in typed()) {
        let literal = to_literal(&value, &ty).expect("the value is of its type");
        let bytes = literal.encode_to_vec();
        let again = Literal::decode_from_slice(&bytes).expect("a literal is a message");
        assert_eq!(from_literal(&again, &ty), Ok(value));
        assert!(to_literal_type(&ty).is_ok());
    }

    #[test]
    fn an_optional_value_reads_back((ty, value) in typed()) {
        let optional = Type::optional(ty);
        if let Ok(literal) = to_literal(&value, &optional) {
            assert_eq!(from_literal(&literal, &optional), Ok(value));
        }
    }

    #[test]
    fn the_order_of_a_dictionary_does_not_change_its_hash(entries in prop::collection::btree_map(".{0,6}", any::<i64>(), 0..6)) {
        let ty = Type::Dict(None, crate::ty::Spelling::Builtin);
        let mut entries: Vec<(Value, Value)> =
            entries.into_iter().map(|(key, number)| (Value::Str(key), Value::Int(i128::from(number)))).collect();
        let forward = hash_of(to_literal(&Value::Map(entries.clone()), &ty).expect("a dictionary"));
        entries.reverse();
        assert_eq!(forward, hash_of(to_literal(&Value::Map(entries), &ty).expect("a dictionary")));
    }

    /// Hashing takes them as they are.
    #[test]
    fn the_bytes_of_a_primitive_are_canonical((ty, value) in typed()) {
        let literal = to_literal(&value, &ty).expect("the value is of its type");
        if let Some(scalar::Value::Primitive(_)) = scalar_of(&literal) {
            let bytes = literal.encode_to_vec();
            assert_eq!(canonical::encode("flyteidl2.core.Literal", &bytes), bytes);
        }
    }

    #[test]
    fn the_width_of_a_number_does_not_change_its_hash(number in 0_u8..128) {
        let wide = [vec![0xcf], u64::from(number).to_be_bytes().to_vec()].concat();
        assert_eq!(hash_of(packed_literal(wide)), hash_of(packed_literal(vec![number])));
    }

    #[test]
    fn json_of_any_shape_is_coerced_or_refused(text in "[\\[\\]{}\",:0-9a-z ]{0,40}", (ty, _) in typed()) {
        if let Ok(json) = serde_json::from_str::<serde_json::Value>(&text) {
            let coerced = crate::coerce_json(of_json(&json), &ty, None);
            if let Ok(value) = coerced {
                assert!(to_literal(&value, &ty).map_or_else(|error| !error.message.is_empty(), |_| true));
            }
        }
    }

    #[test]
    fn no_bytes_make_a_decoder_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        entry::literal(&bytes);
        entry::literal_type(&bytes);
        entry::msgpack(&bytes);
        entry::command_line(&bytes);
        entry::schema(&bytes);
        entry::json(&bytes);
    }

    #[test]
    fn no_text_of_json_or_yaml_makes_a_decoder_panic(text in "[-a-z0-9:.,\\[\\]{}&*!\"' \n]{0,60}") {
        entry::command_line(text.as_bytes());
        entry::schema(text.as_bytes());
        entry::json(text.as_bytes());
    }

    #[test]
    fn no_literal_with_such_msgpack_panics(bytes in prop::collection::vec(any::<u8>(), 0..100), (ty, _) in typed()) {
        let literal = packed_literal(bytes);
        let _ = from_literal(&literal, &ty);
        assert!(!hash_of(literal).is_empty());
    }
}

#[test]
fn none_reads_back() {
    for ty in [Type::None, Type::optional(Type::Int)] {
        let literal = to_literal(&Value::None, &ty).expect("it takes None");
        assert_eq!(from_literal(&literal, &ty), Ok(Value::None));
    }
    assert!(to_literal_type(&Type::list(Type::None)).is_err());
}

#[test]
fn a_type_nested_without_end_is_refused() {
    let mut wire = LiteralType::default();
    for _ in 0..150 {
        let kind = wingbeat_proto::flyteidl2::core::literal_type::Type::CollectionType(Box::new(wire));
        wire = crate::wire::of_type(kind);
    }
    assert_eq!(crate::guess(&wire).map_err(|error| error.kind), Err(crate::ConvertErrorKind::Limit));
}
