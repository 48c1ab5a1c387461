//! Msgpack straight into the shape of a type: what stands there as declared is never a general value first.

#![allow(clippy::wildcard_enum_match_arm, reason = "kinds that are not named are alike: not meant here")]

use std::sync::Arc;

use rmp::Marker;

use super::{Shaper, Source};
use crate::error::ConvertError;
use crate::msgpack::{Reader, Token};
use crate::python;
use crate::ty::{Dialect, StructType, Type};
use crate::value::{Record, Value};

/// One msgpack value of a type.
pub(crate) fn unpack(bytes: &[u8], ty: &Type, source: Source) -> Result<Value, ConvertError> {
    let mut reader = Reader::new(bytes);
    let mut shaper = Shaper { source, scope: Vec::new() };
    let value = shaper.read(&mut reader, ty)?;
    reader.finish()?;
    Ok(value)
}

impl Shaper {
    fn read(&mut self, reader: &mut Reader<'_>, ty: &Type) -> Result<Value, ConvertError> {
        if let Some(value) = read_scalar(reader, ty)? {
            return Ok(value);
        }
        match (ty, reader.peek()) {
            (Type::Struct(ty), Some(Marker::FixMap(_) | Marker::Map16 | Marker::Map32))
                if ty.dialect == Dialect::Dataclass && self.source == Source::Msgpack =>
            {
                self.read_fields(reader, ty)
            }
            (Type::List(item, _), Some(Marker::FixArray(_) | Marker::Array16 | Marker::Array32)) => {
                let Token::Array(len) = reader.token()? else { return Ok(Value::None) };
                let mut items = Vec::with_capacity(len);
                reader.deeper(|reader| {
                    for ix in 0..len {
                        let item = self.read(reader, item);
                        items.push(item.map_err(|error| error.inside(format_args!("[{ix}]")))?);
                    }
                    Ok(())
                })?;
                Ok(Value::List(items))
            }
            (ty, _) => {
                let value = reader.value()?;
                self.shape(value, ty)
            }
        }
    }

    fn read_fields(&mut self, reader: &mut Reader<'_>, ty: &Arc<StructType>) -> Result<Value, ConvertError> {
        let Token::Map(len) = reader.token()? else { return Ok(Value::None) };
        let mut given: Vec<Option<Value>> = vec![None; ty.fields.len()];
        self.scope.push(ty.clone());
        reader.deeper(|reader| {
            let mut next = 0;
            for _ in 0..len {
                let Token::Str(name) = reader.token()? else {
                    // Keys that are no text name no field.
                    reader.value()?;
                    continue;
                };
                let Some(ix) = place(ty, name, next) else {
                    reader.value()?;
                    continue;
                };
                next = ix + 1;
                let field = &ty.fields[ix];
                if field.init {
                    let mut before = reader.clone();
                    let value = self.read(reader, &field.ty).map_err(|error| {
                        // What stands there is read once more, for the message.
                        let shown = before.value().map(|value| python::repr(&value)).unwrap_or_default();
                        self.invalid(error, &shown, field, ty)
                    });
                    given[ix] = Some(value?);
                } else {
                    reader.value()?;
                }
            }
            Ok(())
        })?;
        self.scope.pop();
        // In this order of the two the values stay where they are.
        let each = given.into_iter().zip(&ty.fields);
        let values = each
            .map(|(value, field)| value.map_or_else(|| self.missing(field, ty), Ok))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Value::Struct(Box::new(Record { ty: ty.clone(), values, unknown: Vec::new() })))
    }
}

/// Fields mostly come in the order of the type.
fn place(ty: &StructType, name: &str, next: usize) -> Option<usize> {
    if ty.fields.get(next).is_some_and(|field| field.name == name) { Some(next) } else { ty.position(name) }
}

/// A scalar that is just what was declared.
fn read_scalar(reader: &mut Reader<'_>, ty: &Type) -> Result<Option<Value>, ConvertError> {
    let Some(marker) = reader.peek() else { return Ok(None) };
    let expected = match ty {
        Type::Bool => matches!(marker, Marker::True | Marker::False),
        Type::Float => matches!(marker, Marker::F64 | Marker::F32),
        Type::Int => is_whole(marker),
        Type::Str => matches!(marker, Marker::FixStr(_) | Marker::Str8 | Marker::Str16 | Marker::Str32),
        _ => false,
    };
    if !expected {
        return Ok(None);
    }
    Ok(match reader.token()? {
        Token::Bool(flag) => Some(Value::Bool(flag)),
        Token::Int(number) => Some(Value::Int(number)),
        Token::Float(number) => Some(Value::Float(number)),
        Token::Str(text) => Some(Value::Str(text.to_owned())),
        Token::Nil | Token::Bin(_) | Token::Array(_) | Token::Map(_) | Token::Ext(..) => None,
    })
}

fn is_whole(marker: Marker) -> bool {
    let small = matches!(marker, Marker::FixPos(_) | Marker::FixNeg(_) | Marker::U8 | Marker::I8);
    small
        || matches!(marker, Marker::U16 | Marker::U32 | Marker::U64 | Marker::I16 | Marker::I32 | Marker::I64)
}
