//! Msgpack: read from bytes that anyone may have sent, and made canonical, as clients do before they hash: map keys sorted
//! by their packed bytes, numbers in their smallest form. What their library cannot read stays as it is.

mod read;

use std::collections::HashMap;

use rmpv::{Integer, Value};

pub(crate) use read::read;
pub use read::{Reader, Token};

/// Tag of values that are msgpack.
pub const MSGPACK: &str = "msgpack";

/// The deepest nesting that is looked into: a little less than where the client's own code gives up.
pub(crate) const MAX_DEPTH: usize = 400;

/// Type of the extension that holds times.
const TIMESTAMP: i8 = -1;

/// Canonical bytes; `None` where the client's own rules leave the bytes as they are.
pub(crate) fn canonical(bytes: &[u8]) -> Option<Vec<u8>> {
    if holds_reserved(bytes)? {
        return None;
    }
    let mut rest = bytes;
    let value = rmpv::decode::read_value_with_max_depth(&mut rest, MAX_DEPTH).ok()?;
    if !rest.is_empty() {
        return None;
    }
    let mut out = Vec::with_capacity(bytes.len());
    rmpv::encode::write_value(&mut out, &sort(value)?).ok()?;
    Some(out)
}

/// Is the byte that msgpack reserves used as a marker? Our decoder reads it as nil, the client's refuses it.
/// `None` for bytes that end too early.
fn holds_reserved(bytes: &[u8]) -> Option<bool> {
    let mut rest = bytes;
    while let Some((&marker, after)) = rest.split_first() {
        let length = |width: usize| {
            let (head, _) = after.split_at_checked(width)?;
            Some(head.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte)))
        };
        // How many bytes follow the marker that are no markers themselves: lists and maps have only their count.
        let skipped = match marker {
            0xc1 => return Some(true),
            0xa0..=0xbf => usize::from(marker & 0x1f),
            0xc4 | 0xd9 => 1 + length(1)?,
            0xc5 | 0xda => 2 + length(2)?,
            0xc6 | 0xdb => 4 + length(4)?,
            0xc7 => 2 + length(1)?,
            0xc8 => 3 + length(2)?,
            0xc9 => 5 + length(4)?,
            0xcc | 0xd0 => 1,
            0xcd | 0xd1 | 0xdc | 0xde => 2,
            0xca | 0xce | 0xd2 | 0xdd | 0xdf => 4,
            0xcb | 0xcf | 0xd3 => 8,
            0xd4..=0xd8 => 1 + (1 << (marker - 0xd4)),
            _ => 0,
        };
        rest = after.get(skipped..)?;
    }
    Some(false)
}

fn sort(value: Value) -> Option<Value> {
    Some(match value {
        Value::Map(entries) => sort_map(entries)?,
        Value::Array(items) => Value::Array(items.into_iter().map(sort).collect::<Option<_>>()?),
        Value::Ext(TIMESTAMP, data) => Value::Ext(TIMESTAMP, timestamp(&data)?),
        // Of other extensions the client's reader makes a pair.
        Value::Ext(code, data) => {
            Value::Array(vec![Value::Integer(Integer::from(code)), Value::Binary(data)])
        }
        Value::Nil
        | Value::Boolean(_)
        | Value::Integer(_)
        | Value::F32(_)
        | Value::F64(_)
        | Value::String(_)
        | Value::Binary(_) => leaf(value)?,
    })
}

fn leaf(value: Value) -> Option<Value> {
    match value {
        Value::F32(number) => Some(Value::F64(f64::from(number))),
        Value::String(text) if text.is_err() => None,
        // As the key of a map these cannot be hashed.
        Value::Array(_) | Value::Map(_) => None,
        Value::Ext(TIMESTAMP, data) => Some(Value::Ext(TIMESTAMP, timestamp(&data)?)),
        Value::Nil
        | Value::Boolean(_)
        | Value::Integer(_)
        | Value::F64(_)
        | Value::String(_)
        | Value::Binary(_)
        | Value::Ext(..) => Some(value),
    }
}

/// Keys that are equal to the client are one: the first key with the last value.
fn sort_map(entries: Vec<(Value, Value)>) -> Option<Value> {
    let mut known: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut packed: Vec<(Vec<u8>, Value, Value)> = Vec::with_capacity(entries.len());
    for (key, item) in entries {
        let key = leaf(key)?;
        let item = sort(item)?;
        let mut bytes = Vec::new();
        rmpv::encode::write_value(&mut bytes, &key).ok()?;
        let equal = equality(&key, &bytes);
        if let Some(&ix) = known.get(&equal) {
            packed[ix].2 = item;
        } else {
            known.insert(equal, packed.len());
            packed.push((bytes, key, item));
        }
    }
    packed.sort_by(|a, b| a.0.cmp(&b.0));
    Some(Value::Map(packed.into_iter().map(|(_, key, item)| (key, item)).collect()))
}

/// Bytes that are the same for keys that are equal: 1, 1.0 and True are, the text `1` is not.
fn equality(key: &Value, packed: &[u8]) -> Vec<u8> {
    let number = match key {
        Value::Boolean(flag) => Some(i128::from(*flag)),
        Value::Integer(number) => number.as_i64().map(i128::from).or(number.as_u64().map(i128::from)),
        #[allow(clippy::cast_possible_truncation, reason = "checked: whole and far below the limit")]
        Value::F64(number) if number.fract() == 0.0 && number.abs() < 1e30 => Some(*number as i128),
        Value::Nil
        | Value::F32(_)
        | Value::F64(_)
        | Value::String(_)
        | Value::Binary(_)
        | Value::Array(_)
        | Value::Map(_)
        | Value::Ext(..) => None,
    };
    // No packed value starts with this byte: msgpack never uses it.
    number.map_or_else(|| packed.to_vec(), |number| [&[0xc1], &number.to_be_bytes()[..]].concat())
}

/// The shortest form of a time; `None` for what is no time.
fn timestamp(data: &[u8]) -> Option<Vec<u8>> {
    let (seconds, nanos) = match data.len() {
        4 => (i64::from(u32::from_be_bytes(data.try_into().ok()?)), 0),
        8 => {
            let both = u64::from_be_bytes(data.try_into().ok()?);
            (i64::try_from(both & 0x3_ffff_ffff).ok()?, u32::try_from(both >> 34).ok()?)
        }
        12 => {
            let (nanos, seconds) = data.split_at(4);
            (i64::from_be_bytes(seconds.try_into().ok()?), u32::from_be_bytes(nanos.try_into().ok()?))
        }
        _ => return None,
    };
    if nanos > 999_999_999 {
        return None;
    }
    let Some(short) = u64::try_from(seconds).ok().filter(|seconds| seconds >> 34 == 0) else {
        return Some([&nanos.to_be_bytes()[..], &seconds.to_be_bytes()].concat());
    };
    let both = u64::from(nanos) << 34 | short;
    Some(match u32::try_from(both) {
        Ok(four) => four.to_be_bytes().to_vec(),
        Err(_) => both.to_be_bytes().to_vec(),
    })
}
