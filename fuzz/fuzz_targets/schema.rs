//! Bytes for `wingbeat_types::entry::schema`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| wingbeat_types::entry::schema(bytes));
