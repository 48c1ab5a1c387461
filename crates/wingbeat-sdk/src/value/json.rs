//! JSON of any shape, Python's untyped `dict`; as a field, Python's `Any`.

use serde_json::{Map, Value as Json, json};
use wingbeat_proto::flyteidl2::core::{Literal, LiteralType};

use super::structs::{packed_literal, unpacked_literal, untyped};
use super::{Packer, Unpacker, Value, ValueError};

fn pack_json(value: &Json, out: &mut Packer) -> Result<(), ValueError> {
    match value {
        Json::Null => out.nil(),
        Json::Bool(flag) => out.bool(*flag),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => out.int(number),
            (None, _) if number.is_u64() => {
                return Err(ValueError::new(format!("int up to {}", i64::MAX), number.to_string()));
            }
            (None, number) => out.float(number.unwrap_or(f64::NAN)),
        },
        Json::String(text) => out.text(text),
        Json::Array(items) => {
            out.array(items.len());
            let mut items = items.iter().enumerate();
            items.try_for_each(|(ix, item)| pack_json(item, out).map_err(|error| error.at(ix)))?;
        }
        Json::Object(fields) => pack_object(fields, out)?,
    }
    Ok(())
}

fn pack_object(fields: &Map<String, Json>, out: &mut Packer) -> Result<(), ValueError> {
    out.map(fields.len());
    fields.iter().try_for_each(|(key, value)| {
        out.key(key);
        pack_json(value, out).map_err(|error| error.within(key))
    })
}

impl Value for Json {
    const TAG: &'static str = "Typed Dict";
    fn literal_type() -> LiteralType {
        untyped()
    }
    fn to_literal(&self) -> Result<Literal, ValueError> {
        packed_literal(self)
    }
    fn from_literal(literal: &Literal) -> Result<Self, ValueError> {
        unpacked_literal(literal)
    }
    fn schema() -> Json {
        json!({})
    }
    fn pack(&self, out: &mut Packer) -> Result<(), ValueError> {
        pack_json(self, out)
    }
    fn unpack(input: &mut Unpacker<'_>) -> Result<Self, ValueError> {
        input.json()
    }
}

impl Value for Map<String, Json> {
    const TAG: &'static str = "Typed Dict";
    fn literal_type() -> LiteralType {
        untyped()
    }
    fn to_literal(&self) -> Result<Literal, ValueError> {
        packed_literal(self)
    }
    fn from_literal(literal: &Literal) -> Result<Self, ValueError> {
        unpacked_literal(literal)
    }
    fn schema() -> Json {
        json!({"type": "object"})
    }
    fn pack(&self, out: &mut Packer) -> Result<(), ValueError> {
        pack_object(self, out)
    }
    fn unpack(input: &mut Unpacker<'_>) -> Result<Self, ValueError> {
        let Json::Object(fields) = input.json()? else {
            return Err(ValueError::new("dict", "another kind of JSON"));
        };
        Ok(fields)
    }
}
