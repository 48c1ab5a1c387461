//! `Option`, Python's `Optional`: a union with None. And boxes, which are what they hold.

use serde_json::{Value as Json, json};
use wingbeat_proto::flyteidl2::core::{Literal, LiteralType, SimpleType, UnionType, literal_type, scalar};

use super::literals::{self, scalar_of};
use super::structs::from_msgpack;
use super::{Packer, Unpacker, Value, ValueError};

const NONE: &str = "none";

fn none_type() -> LiteralType {
    literals::with_tag(literals::of_simple(SimpleType::NONE), NONE)
}

impl<T: Value> Value for Option<T> {
    const TAG: &'static str = "Typed Union";

    fn literal_type() -> LiteralType {
        let variants = vec![literals::with_tag(T::literal_type(), T::TAG), none_type()];
        let union = UnionType { variants, ..Default::default() };
        literals::of_type(literal_type::Type::UnionType(Box::new(union)))
    }

    fn to_literal(&self) -> Result<Literal, ValueError> {
        Ok(match self {
            Some(value) => {
                literals::tagged(value.to_literal()?, literals::with_tag(T::literal_type(), T::TAG))
            }
            None => literals::tagged(literals::none_literal(), none_type()),
        })
    }

    fn from_literal(literal: &Literal) -> Result<Self, ValueError> {
        // A literal without a value stands for None: Python sends it for `x: int = None`.
        if literal.value.is_none() {
            return Ok(None);
        }
        match scalar_of(literal) {
            Some(scalar::Value::NoneType(_)) => Ok(None),
            Some(scalar::Value::Union(union)) => match union.r#type.structure.tag.as_str() {
                NONE => Ok(None),
                tag if tag.is_empty() || tag == T::TAG => Self::from_literal(&union.value),
                tag => Err(ValueError::new(format!("`{}` or None", T::TAG), format!("the variant `{tag}`"))),
            },
            Some(scalar::Value::Binary(binary)) if *binary.value == [0xc0] => from_msgpack(&binary.value),
            _ => T::from_literal(literal).map(Some),
        }
    }

    fn schema() -> Json {
        json!({"anyOf": [T::schema(), {"type": "null"}]})
    }

    fn pack(&self, out: &mut Packer) -> Result<(), ValueError> {
        let Some(value) = self else {
            out.nil();
            return Ok(());
        };
        value.pack(out)
    }

    fn unpack(input: &mut Unpacker<'_>) -> Result<Self, ValueError> {
        if input.nil() { Ok(None) } else { T::unpack(input).map(Some) }
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: Value> Value for Box<T> {
    const TAG: &'static str = T::TAG;
    fn literal_type() -> LiteralType {
        T::literal_type()
    }
    fn to_literal(&self) -> Result<Literal, ValueError> {
        T::to_literal(self)
    }
    fn from_literal(literal: &Literal) -> Result<Self, ValueError> {
        T::from_literal(literal).map(Self::new)
    }
    fn schema() -> Json {
        T::schema()
    }
    fn pack(&self, out: &mut Packer) -> Result<(), ValueError> {
        T::pack(self, out)
    }
    fn unpack(input: &mut Unpacker<'_>) -> Result<Self, ValueError> {
        T::unpack(input).map(Self::new)
    }
    fn absent() -> Option<Self> {
        T::absent().map(Self::new)
    }
}
