//! Canonical msgpack: map keys sorted by their packed bytes, numbers in their smallest form.

use rmpv::Value;

/// The deepest nesting that is looked into.
const MAX_DEPTH: usize = 100;

/// Canonical bytes; `None` where the client's own rules leave the bytes as they are.
pub(crate) fn canonical(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut rest = bytes;
    let value = rmpv::decode::read_value_with_max_depth(&mut rest, MAX_DEPTH).ok()?;
    if !rest.is_empty() {
        return None;
    }
    let mut out = Vec::with_capacity(bytes.len());
    rmpv::encode::write_value(&mut out, &sort(value)?).ok()?;
    Some(out)
}

fn sort(value: Value) -> Option<Value> {
    Some(match value {
        Value::Map(entries) => {
            let mut packed = Vec::with_capacity(entries.len());
            for (key, item) in entries {
                if matches!(key, Value::Array(_) | Value::Map(_)) {
                    return None;
                }
                let key = sort(key)?;
                let mut bytes = Vec::new();
                rmpv::encode::write_value(&mut bytes, &key).ok()?;
                packed.push((bytes, key, sort(item)?));
            }
            packed.sort_by(|a, b| a.0.cmp(&b.0));
            // Of equal keys the last value counts, as in the client's own reader.
            packed.reverse();
            packed.dedup_by(|a, b| a.0 == b.0);
            packed.reverse();
            Value::Map(packed.into_iter().map(|(_, key, item)| (key, item)).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sort).collect::<Option<_>>()?),
        Value::F32(number) => Value::F64(f64::from(number)),
        Value::String(text) if text.is_err() => return None,
        other => other,
    })
}
