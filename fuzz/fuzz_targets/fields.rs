//! Bytes for `wingbeat_sdk::entry::fields`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| wingbeat_sdk::entry::fields(bytes));
