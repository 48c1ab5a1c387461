//! Lists and dicts.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, Hash};

use serde_json::{Value as Json, json};
use wingbeat_proto::flyteidl2::core::{
    Literal, LiteralCollection, LiteralMap, LiteralType, literal, literal_type, scalar,
};

use super::literals::{self, kind_of, scalar_of};
use super::structs::unpacked_literal;
use super::{Packer, Unpacker, Value, ValueError};

impl<T: Value> Value for Vec<T> {
    const TAG: &'static str = "Typed List";

    fn literal_type() -> LiteralType {
        literals::of_type(literal_type::Type::CollectionType(Box::new(T::literal_type())))
    }

    fn to_literal(&self) -> Result<Literal, ValueError> {
        // Literals are large: a vector that grew would move them again and again.
        let mut literals = Vec::with_capacity(self.len());
        for (ix, item) in self.iter().enumerate() {
            literals.push(item.to_literal().map_err(|error| error.at(ix))?);
        }
        let list = LiteralCollection { literals, ..Default::default() };
        Ok(Literal { value: Some(literal::Value::Collection(Box::new(list))), ..Default::default() })
    }

    fn from_literal(literal: &Literal) -> Result<Self, ValueError> {
        match &literal.value {
            Some(literal::Value::Collection(list)) => {
                let items = list.literals.iter().enumerate();
                items.map(|(ix, item)| T::from_literal(item).map_err(|error| error.at(ix))).collect()
            }
            _ => elsewhere(literal, "list"),
        }
    }

    fn schema() -> Json {
        json!({"type": "array", "items": T::schema()})
    }

    fn pack(&self, out: &mut Packer) -> Result<(), ValueError> {
        out.array(self.len());
        self.iter().enumerate().try_for_each(|(ix, item)| item.pack(out).map_err(|error| error.at(ix)))
    }

    fn unpack(input: &mut Unpacker<'_>) -> Result<Self, ValueError> {
        input.list(T::unpack)
    }
}

/// A list or a dict that is not one of literals: msgpack, a console's JSON, or within a union.
fn elsewhere<T: Value>(literal: &Literal, expected: &str) -> Result<T, ValueError> {
    match scalar_of(literal) {
        Some(scalar::Value::Binary(_) | scalar::Value::Generic(_) | scalar::Value::Union(_)) => {
            unpacked_literal(literal)
        }
        _ => Err(ValueError::new(expected, kind_of(literal))),
    }
}

/// A key, with the words of errors about it.
fn keyed(key: &str) -> String {
    format!("[{key:?}]")
}

/// What the two maps of the standard library have in common.
trait StringMap: Sized + FromIterator<(String, Self::Item)> {
    type Item: Value;
    /// In the order of the keys: the same map has the same bytes.
    fn sorted(&self) -> Vec<(&String, &Self::Item)>;
}

impl<T: Value> StringMap for BTreeMap<String, T> {
    type Item = T;
    fn sorted(&self) -> Vec<(&String, &T)> {
        self.iter().collect()
    }
}

impl<T: Value, S: BuildHasher + Default> StringMap for HashMap<String, T, S>
where
    String: Eq + Hash,
{
    type Item = T;
    fn sorted(&self) -> Vec<(&String, &T)> {
        let mut entries: Vec<(&String, &T)> = self.iter().collect();
        entries.sort_unstable_by_key(|(key, _)| *key);
        entries
    }
}

fn map_to_literal<M: StringMap>(map: &M) -> Result<Literal, ValueError> {
    let entries = map.sorted().into_iter().map(|(key, item)| {
        let item = item.to_literal().map_err(|error| error.within(&keyed(key)))?;
        Ok((key.clone(), item))
    });
    let literals: BTreeMap<String, Literal> = entries.collect::<Result<_, ValueError>>()?;
    let map = LiteralMap { literals, ..Default::default() };
    Ok(Literal { value: Some(literal::Value::Map(Box::new(map))), ..Default::default() })
}

fn map_from_literal<M: StringMap + Value>(literal: &Literal) -> Result<M, ValueError> {
    match &literal.value {
        Some(literal::Value::Map(map)) => {
            let entries = map.literals.iter().map(|(key, item)| {
                let item = M::Item::from_literal(item).map_err(|error| error.within(&keyed(key)))?;
                Ok((key.clone(), item))
            });
            entries.collect()
        }
        _ => elsewhere(literal, "dict"),
    }
}

fn pack_map<M: StringMap>(map: &M, out: &mut Packer) -> Result<(), ValueError> {
    let entries = map.sorted();
    out.map(entries.len());
    entries.into_iter().try_for_each(|(key, item)| {
        out.key(key);
        item.pack(out).map_err(|error| error.within(&keyed(key)))
    })
}

fn unpack_map<M: StringMap>(input: &mut Unpacker<'_>) -> Result<M, ValueError> {
    let mut entries = Vec::new();
    input.map("dict", |key, input| {
        let item = M::Item::unpack(input).map_err(|error| error.within(&keyed(key)))?;
        entries.push((key.to_owned(), item));
        Ok(())
    })?;
    Ok(entries.into_iter().collect())
}

macro_rules! maps {
    ($([$($generics:tt)*] $ty:ty),*) => {$(
        impl<$($generics)*> Value for $ty {
            const TAG: &'static str = "Typed Dict";
            fn literal_type() -> LiteralType {
                literals::of_type(literal_type::Type::MapValueType(Box::new(T::literal_type())))
            }
            fn to_literal(&self) -> Result<Literal, ValueError> {
                map_to_literal(self)
            }
            fn from_literal(literal: &Literal) -> Result<Self, ValueError> {
                map_from_literal(literal)
            }
            fn schema() -> Json {
                json!({
                    "type": "object",
                    "additionalProperties": T::schema(),
                    "propertyNames": {"type": "string"},
                })
            }
            fn pack(&self, out: &mut Packer) -> Result<(), ValueError> {
                pack_map(self, out)
            }
            fn unpack(input: &mut Unpacker<'_>) -> Result<Self, ValueError> {
                unpack_map(input)
            }
        }
    )*};
}

maps!([T: Value] BTreeMap<String, T>, [T: Value, S: BuildHasher + Default + Send + 'static] HashMap<String, T, S>);
