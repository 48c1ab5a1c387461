//! Numbers, flags and text.

use serde_json::{Value as Json, json};
use wingbeat_proto::flyteidl2::core::{Literal, LiteralType, SimpleType, primitive, scalar};

use super::literals::{self, kind_of, msgpack_of, primitive_of, scalar_of};
use super::structs::from_msgpack;
use super::{Packer, Unpacker, Value, ValueError};

/// The primitive in a literal, also in the variant of a union; `unpack` reads a literal that is msgpack.
pub(super) fn read<T: Value>(
    literal: &Literal,
    expected: &str,
    of: impl Fn(&primitive::Value) -> Option<Result<T, ValueError>>,
) -> Result<T, ValueError> {
    if let Some(value) = primitive_of(literal).and_then(of) {
        return value;
    }
    if let Some(scalar::Value::Union(union)) = scalar_of(literal) {
        return T::from_literal(&union.value);
    }
    match msgpack_of(literal) {
        Some(bytes) => from_msgpack(bytes),
        None => Err(ValueError::new(expected, kind_of(literal))),
    }
}

/// Integers of other widths than the wire's; what does not fit is refused, in both directions.
macro_rules! integers {
    ($($ty:ty),*) => {$(
        impl Value for $ty {
            const TAG: &'static str = "int";
            fn literal_type() -> LiteralType {
                literals::of_simple(SimpleType::INTEGER)
            }
            fn to_literal(&self) -> Result<Literal, ValueError> {
                Ok(literals::primitive_literal(primitive::Value::Integer(to_wire(*self)?)))
            }
            fn from_literal(literal: &Literal) -> Result<Self, ValueError> {
                read(literal, "int", |value| whole(value).map(in_range))
            }
            fn schema() -> Json {
                json!({"type": "integer"})
            }
            fn pack(&self, out: &mut Packer) -> Result<(), ValueError> {
                out.int(to_wire(*self)?);
                Ok(())
            }
            fn unpack(input: &mut Unpacker<'_>) -> Result<Self, ValueError> {
                in_range(input.int()?)
            }
        }

        impl Bounded for $ty {
            const BOUNDS: (i128, i128) = (<$ty>::MIN as i128, <$ty>::MAX as i128);
        }
    )*};
}

/// A whole number; also of a float, whose fraction goes as in Python: a console sends every number as a float.
fn whole(value: &primitive::Value) -> Option<i128> {
    if let primitive::Value::Integer(number) = value {
        return Some(i128::from(*number));
    }
    #[allow(clippy::cast_possible_truncation, reason = "what is too large is refused by its range")]
    number(value).filter(|number| number.is_finite()).map(|number| number as i128)
}

/// A number, whole or not.
fn number(value: &primitive::Value) -> Option<f64> {
    if let primitive::Value::FloatValue(number) = value {
        return Some(*number);
    }
    #[allow(clippy::cast_precision_loss, reason = "what Python's float() does as well")]
    if let primitive::Value::Integer(number) = value { Some(*number as f64) } else { None }
}

/// The smallest and the largest value of an integer type.
trait Bounded: TryFrom<i128> {
    const BOUNDS: (i128, i128);
}

integers!(i8, i16, i32, i64, isize, u8, u16, u32, u64, usize);

fn in_range<T: Bounded>(number: i128) -> Result<T, ValueError> {
    T::try_from(number).map_err(|_| {
        let (least, most) = T::BOUNDS;
        ValueError::new(format!("int from {least} to {most}"), number.to_string())
    })
}

fn to_wire<T: TryInto<i64> + Copy + std::fmt::Display>(number: T) -> Result<i64, ValueError> {
    number
        .try_into()
        .map_err(|_| ValueError::new(format!("int from {} to {}", i64::MIN, i64::MAX), number.to_string()))
}

macro_rules! floats {
    ($($ty:ty),*) => {$(
        impl Value for $ty {
            const TAG: &'static str = "float";
            fn literal_type() -> LiteralType {
                literals::of_simple(SimpleType::FLOAT)
            }
            fn to_literal(&self) -> Result<Literal, ValueError> {
                Ok(literals::primitive_literal(primitive::Value::FloatValue(f64::from(*self))))
            }
            #[allow(clippy::cast_possible_truncation, reason = "the width that was asked for")]
            fn from_literal(literal: &Literal) -> Result<Self, ValueError> {
                read(literal, "float", |value| number(value).map(|number| Ok(number as $ty)))
            }
            fn schema() -> Json {
                json!({"type": "number"})
            }
            fn pack(&self, out: &mut Packer) -> Result<(), ValueError> {
                out.float(f64::from(*self));
                Ok(())
            }
            #[allow(clippy::cast_possible_truncation, reason = "the width that was asked for")]
            fn unpack(input: &mut Unpacker<'_>) -> Result<Self, ValueError> {
                Ok(input.float()? as $ty)
            }
        }
    )*};
}

floats!(f32, f64);

impl Value for bool {
    const TAG: &'static str = "bool";
    fn literal_type() -> LiteralType {
        literals::of_simple(SimpleType::BOOLEAN)
    }
    fn to_literal(&self) -> Result<Literal, ValueError> {
        Ok(literals::primitive_literal(primitive::Value::Boolean(*self)))
    }
    fn from_literal(literal: &Literal) -> Result<Self, ValueError> {
        read(literal, "bool", |value| {
            if let primitive::Value::Boolean(flag) = value { Some(Ok(*flag)) } else { None }
        })
    }
    fn schema() -> Json {
        json!({"type": "boolean"})
    }
    fn pack(&self, out: &mut Packer) -> Result<(), ValueError> {
        out.bool(*self);
        Ok(())
    }
    fn unpack(input: &mut Unpacker<'_>) -> Result<Self, ValueError> {
        input.bool()
    }
}

impl Value for String {
    const TAG: &'static str = "str";
    fn literal_type() -> LiteralType {
        literals::of_simple(SimpleType::STRING)
    }
    fn to_literal(&self) -> Result<Literal, ValueError> {
        Ok(literals::text_literal(self.as_str()))
    }
    fn from_literal(literal: &Literal) -> Result<Self, ValueError> {
        read(literal, "str", |value| {
            if let primitive::Value::StringValue(text) = value { Some(Ok(text.clone())) } else { None }
        })
    }
    fn schema() -> Json {
        json!({"type": "string"})
    }
    fn pack(&self, out: &mut Packer) -> Result<(), ValueError> {
        out.text(self);
        Ok(())
    }
    fn unpack(input: &mut Unpacker<'_>) -> Result<Self, ValueError> {
        input.text().map(ToOwned::to_owned)
    }
}
