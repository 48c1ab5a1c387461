//! Bytes as a code bundle: whatever they are, nothing may lie outside the folder afterwards.
#![no_main]

use wingbeat_blob::bundle::{UnpackLimits, unpack};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let out = tempfile::tempdir().expect("a temporary folder");
    let limits = UnpackLimits { max_bytes: 1 << 20, max_entries: 100 };
    drop(unpack(bytes, &out.path().join("folder"), limits));
    let n_entries = std::fs::read_dir(out.path()).expect("it is there").count();
    assert!(n_entries <= 1, "something lies beside the folder");
});
