//! Bytes for `wingbeat_types::entry::json`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| wingbeat_types::entry::json(bytes));
