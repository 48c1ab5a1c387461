//! Is a literal of a type? Decided as the client's own reader would: lenient where it converts, strict where a
//! task would fail later, or silently read something else (an integer for a boolean reads as False).

use wingbeat_proto::flyteidl2::core::{
    Binary, Literal, LiteralType, Scalar, SimpleType, Union, UnionType, literal, literal_type, primitive,
    scalar,
};

use crate::InputError;
use crate::msgpack::MSGPACK;
use crate::wire::{primitive_of, scalar_of};
use crate::words::{kind_of, multipart, name_of};

/// Checks `value`, which stands at `path`.
pub(crate) fn fits(path: &str, value: &Literal, expected: &LiteralType) -> Result<(), InputError> {
    use literal_type::Type;
    // A literal without a value stands for None: clients send it for `x: int = None`.
    let Some(inner) = &value.value else { return Ok(()) };
    // What is stored elsewhere is looked at by whoever loads it.
    if matches!(inner, literal::Value::OffloadedMetadata(_)) {
        return Ok(());
    }
    match &expected.r#type {
        Some(Type::CollectionType(item)) => match inner {
            literal::Value::Collection(list) => {
                let mut items = list.literals.iter().enumerate();
                items.try_for_each(|(ix, one)| fits(&format!("{path}[{ix}]"), one, item))
            }
            literal::Value::Scalar(scalar) if is_msgpack(scalar) => Ok(()),
            literal::Value::Scalar(_) | literal::Value::Map(_) | literal::Value::OffloadedMetadata(_) => {
                Err(wrong(path, value, expected))
            }
        },
        Some(Type::MapValueType(item)) => match inner {
            literal::Value::Map(map) => {
                map.literals.iter().try_for_each(|(key, one)| fits(&format!("{path}[{key:?}]"), one, item))
            }
            literal::Value::Scalar(scalar) if is_msgpack(scalar) || is_generic(scalar) => Ok(()),
            literal::Value::Scalar(_)
            | literal::Value::Collection(_)
            | literal::Value::OffloadedMetadata(_) => Err(wrong(path, value, expected)),
        },
        Some(Type::UnionType(union)) => fits_union(path, value, expected, union),
        Some(_) => match inner {
            literal::Value::Scalar(scalar) if scalar_fits(scalar, expected) => Ok(()),
            literal::Value::Collection(_) if is_protobuf(expected) => Ok(()),
            literal::Value::Scalar(_)
            | literal::Value::Collection(_)
            | literal::Value::Map(_)
            | literal::Value::OffloadedMetadata(_) => Err(wrong(path, value, expected)),
        },
        None => Ok(()),
    }
}

fn wrong(path: &str, value: &Literal, expected: &LiteralType) -> InputError {
    let got = match (&expected.r#type, primitive_of(value)) {
        // An enum's value is told: it is what a user has to correct.
        (Some(literal_type::Type::EnumType(_)), Some(primitive::Value::StringValue(text))) => {
            format!("`{}`", text.chars().take(40).collect::<String>())
        }
        _ => kind_of(value),
    };
    InputError::WrongType { path: path.to_owned(), expected: name_of(expected), got }
}

/// A tagged value has to fit a variant with its tag; one without (a default, a pickled value) any variant.
fn fits_union(
    path: &str,
    value: &Literal,
    expected: &LiteralType,
    union: &UnionType,
) -> Result<(), InputError> {
    let tagged = match scalar_of(value) {
        Some(scalar::Value::Union(tagged)) => Some(&**tagged),
        _ => None,
    };
    let bare = tagged.map_or(value, |tagged| &*tagged.value);
    let candidates: Vec<&LiteralType> =
        union.variants.iter().filter(|variant| tagged.is_none_or(|tagged| may_be(tagged, variant))).collect();
    let mut failures = Vec::new();
    for variant in candidates.iter().filter(|variant| !is_none(variant) || is_none_value(bare)) {
        match fits(path, bare, variant) {
            Ok(()) => return Ok(()),
            Err(failure) => failures.push(failure),
        }
    }
    // With one candidate the reason lies inside it; else none of them is nearer than the others.
    match (failures.pop(), failures.is_empty()) {
        (Some(only), true) if !matches!(only, InputError::WrongType { path: ref at, .. } if at == path) => {
            Err(only)
        }
        _ => Err(wrong(path, bare, expected)),
    }
}

/// Does the tag of the value name this variant? Variants without tags are tried.
fn may_be(tagged: &Union, variant: &LiteralType) -> bool {
    variant.structure.tag.is_empty() || variant.structure.tag == tagged.r#type.structure.tag
}

fn is_none(wire: &LiteralType) -> bool {
    matches!(&wire.r#type, Some(literal_type::Type::Simple(simple)) if *simple == SimpleType::NONE)
}

fn is_none_value(value: &Literal) -> bool {
    match &value.value {
        None => true,
        Some(literal::Value::Scalar(_)) => {
            matches!(scalar_of(value), Some(scalar::Value::NoneType(_)) | None)
        }
        Some(_) => false,
    }
}

fn is_msgpack(scalar: &Scalar) -> bool {
    matches!(&scalar.value, Some(scalar::Value::Binary(binary)) if binary.tag == MSGPACK)
}

fn is_generic(scalar: &Scalar) -> bool {
    matches!(scalar.value, Some(scalar::Value::Generic(_)))
}

/// Types of protobuf messages: a `ListValue` is written as a collection.
fn is_protobuf(wire: &LiteralType) -> bool {
    wire.metadata.fields.contains_key("pb_type")
}

fn scalar_fits(scalar: &Scalar, expected: &LiteralType) -> bool {
    use literal_type::Type;
    let Some(value) = &scalar.value else { return true };
    match (&expected.r#type, value) {
        (Some(kind), scalar::Value::Binary(binary)) => binary_fits(binary, kind),
        (Some(Type::Simple(simple)), value) => simple_fits(simple.as_known(), value),
        (Some(Type::EnumType(values)), scalar::Value::Primitive(primitive)) => match &primitive.value {
            // Of a `Literal["a", "b"]` the command line sends the name of the member, which is in capitals.
            Some(primitive::Value::StringValue(text)) => {
                values.values.iter().any(|value| value == text || value.to_uppercase() == *text)
            }
            _ => false,
        },
        (Some(Type::Blob(wanted)), scalar::Value::Blob(given)) => {
            multipart(wanted) == multipart(&given.metadata.r#type)
        }
        (_, scalar::Value::Error(_))
        | (Some(Type::StructuredDatasetType(_)), scalar::Value::StructuredDataset(_))
        | (Some(Type::Schema(_)), scalar::Value::Schema(_) | scalar::Value::StructuredDataset(_)) => true,
        _ => false,
    }
}

/// Msgpack stands for anything but files and dataframes; bytes without a tag are a pickled value.
fn binary_fits(binary: &Binary, expected: &literal_type::Type) -> bool {
    use literal_type::Type;
    match expected {
        Type::Simple(simple) if *simple == SimpleType::BINARY => true,
        Type::Simple(_) | Type::EnumType(_) => binary.tag == MSGPACK,
        Type::Blob(_)
        | Type::StructuredDatasetType(_)
        | Type::Schema(_)
        | Type::CollectionType(_)
        | Type::MapValueType(_)
        | Type::UnionType(_) => false,
    }
}

fn simple_fits(expected: Option<SimpleType>, value: &scalar::Value) -> bool {
    use primitive::Value as P;
    let scalar::Value::Primitive(primitive) = value else {
        return match expected {
            Some(SimpleType::NONE) => matches!(value, scalar::Value::NoneType(_)),
            Some(SimpleType::STRUCT) => matches!(value, scalar::Value::Generic(_)),
            _ => false,
        };
    };
    // Launch forms send floats for ints and ints for floats; the client's reader takes both.
    matches!(
        (expected, &primitive.value),
        (_, None)
            | (None, _)
            | (Some(SimpleType::INTEGER | SimpleType::FLOAT), Some(P::Integer(_) | P::FloatValue(_)))
            | (Some(SimpleType::STRING), Some(P::StringValue(_)))
            | (Some(SimpleType::BOOLEAN), Some(P::Boolean(_)))
            | (Some(SimpleType::DATETIME), Some(P::Datetime(_)))
            | (Some(SimpleType::DURATION), Some(P::Duration(_)))
    )
}
