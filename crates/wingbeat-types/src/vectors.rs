//! Golden vectors of the stock client as test data. They are recomputed, all of them, by `wingbeat-vectors`; the tests here
//! ask of the same types and values what no vector tells.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use buffa::Message;
use serde_json::Value;

/// Made by running `flyte` 2.12.1; `meta` in it says how to read it.
const VECTORS: &str = include_str!("../testdata/types-vectors.json");

pub(crate) fn vectors() -> Value {
    serde_json::from_str(VECTORS).expect("the test data is JSON")
}

/// The records of one part.
pub(crate) fn records<'v>(vectors: &'v Value, part: &str) -> &'v [Value] {
    vectors[part].as_array().map_or(&[], Vec::as_slice)
}

pub(crate) fn text<'v>(record: &'v Value, key: &str) -> &'v str {
    record[key].as_str().unwrap_or_default()
}

pub(crate) fn decode<M: Message>(record: &Value, key: &str) -> M {
    let bytes = STANDARD.decode(text(record, key)).expect("base64");
    M::decode_from_slice(&bytes).expect("the bytes are a message")
}
