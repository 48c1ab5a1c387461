//! Bytes as a code bundle: whatever they are, nothing may lie outside the folder afterwards.
#![no_main]

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use wingbeat_blob::bundle::{UnpackLimits, unpack};

/// Of a header of tar: where its checksum stands, and how long it is itself.
const CHECKSUM: std::ops::Range<usize> = 148..156;
const HEADER: usize = 512;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    try_to_unpack(bytes);
    try_to_unpack(&believable(bytes.to_vec()));
});

fn try_to_unpack(archive: &[u8]) {
    let out = tempfile::tempdir().expect("a temporary folder");
    let limits = UnpackLimits { max_bytes: 1 << 20, max_entries: 100 };
    drop(unpack(archive, &out.path().join("folder"), limits));
    let n_entries = std::fs::read_dir(out.path()).expect("it is there").count();
    assert!(n_entries <= 1, "something lies beside the folder");
}

/// As an archive whose checksums are right: noise would come no further than to them.
fn believable(mut tar: Vec<u8>) -> Vec<u8> {
    for header in tar.chunks_exact_mut(HEADER).filter(|block| block[257..262] == *b"ustar") {
        header[CHECKSUM].fill(b' ');
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[CHECKSUM].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&tar).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}
