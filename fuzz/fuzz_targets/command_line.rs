//! Bytes for `wingbeat_types::entry::command_line`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| wingbeat_types::entry::command_line(bytes));
