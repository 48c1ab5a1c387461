use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use proptest::prelude::{any, prop, proptest};
use tar::EntryType;

use super::{UnpackError, UnpackLimits, unpack};

/// Entries as somebody with bad intentions would write them.
fn evil(entries: &[(&str, EntryType, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for (name, kind, content) in entries {
        let mut header = tar::Header::new_gnu();
        // The library's own setters refuse such names.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(*kind);
        header.set_size(content.len() as u64);
        header.set_mode(0o6077);
        if matches!(kind, EntryType::Symlink | EntryType::Link) {
            header.set_link_name("/etc/passwd").unwrap();
        }
        header.set_cksum();
        archive.append(&header, *content).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

fn one(name: &str, kind: EntryType, content: &[u8]) -> Vec<u8> {
    evil(&[(name, kind, content)])
}

#[test]
fn files_come_out_with_their_folders() {
    let out = tempfile::tempdir().unwrap();
    let folder = out.path().join("new/folder");
    let archive = evil(&[
        ("a/", EntryType::Directory, b""),
        ("a/old/", EntryType::Regular, b""),
        ("./a/b/x.py", EntryType::Regular, b"x"),
        ("y.py", EntryType::Regular, b""),
    ]);
    for _ in 0..2 {
        assert_eq!(unpack(&*archive, &folder, UnpackLimits::default()).unwrap(), 2);
    }
    assert_eq!(fs::read_to_string(folder.join("a/b/x.py")).unwrap(), "x");
    assert!(folder.join("y.py").is_file());
}

#[cfg(unix)]
#[test]
fn modes_lend_no_rights_and_take_none_from_the_owner() {
    use std::os::unix::fs::PermissionsExt as _;
    let out = tempfile::tempdir().unwrap();
    let archive = evil(&[("shut/", EntryType::Directory, b""), ("shut/x", EntryType::Regular, b"x")]);
    unpack(&*archive, out.path(), UnpackLimits::default()).unwrap();
    let mode = |name: &str| fs::metadata(out.path().join(name)).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode("shut/x"), 0o677, "no set-user-id; the owner reads and writes");
    assert_eq!(mode("shut") & 0o700, 0o700);
}

#[test]
fn nothing_is_written_outside_the_folder() {
    let out = tempfile::tempdir().unwrap();
    let folder = out.path().join("folder");
    for name in ["../escaped", "/escaped", "a/../../escaped", ".."] {
        let error =
            unpack(&*one(name, EntryType::Regular, b"x"), &folder, UnpackLimits::default()).unwrap_err();
        assert!(matches!(error, UnpackError::Escapes { .. }), "{name}: {error}");
    }
    let kinds = [
        EntryType::Symlink,
        EntryType::Link,
        EntryType::Fifo,
        EntryType::Char,
        EntryType::Block,
        EntryType::Continuous,
        EntryType::XGlobalHeader,
    ];
    for kind in kinds {
        let error = unpack(&*one("x", kind, b""), &folder, UnpackLimits::default()).unwrap_err();
        assert!(matches!(error, UnpackError::Kind { .. }), "{kind:?}: {error}");
    }
    let error = unpack(&*one(".", EntryType::Regular, b""), &folder, UnpackLimits::default()).unwrap_err();
    assert!(matches!(error, UnpackError::Kind { .. }), "the folder itself: {error}");
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn links_that_lie_in_the_folder_lead_nowhere() {
    let out = tempfile::tempdir().unwrap();
    let folder = out.path().join("folder");
    let outside = out.path().join("outside");
    fs::create_dir_all(&outside).unwrap();
    fs::create_dir_all(&folder).unwrap();
    fs::write(outside.join("kept"), "kept").unwrap();
    std::os::unix::fs::symlink(&outside, folder.join("link")).unwrap();
    std::os::unix::fs::symlink(outside.join("kept"), folder.join("file")).unwrap();
    assert!(unpack(&*one("link/x", EntryType::Regular, b"x"), &folder, UnpackLimits::default()).is_err());
    assert_eq!(unpack(&*one("file", EntryType::Regular, b"x"), &folder, UnpackLimits::default()).unwrap(), 1);
    assert_eq!(
        fs::read_to_string(outside.join("kept")).unwrap(),
        "kept",
        "the link was replaced, not followed"
    );
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
}

#[test]
fn bounds_hold_for_bytes_and_entries() {
    let out = tempfile::tempdir().unwrap();
    let archive = one("x", EntryType::Regular, &vec![0; 100_000]);
    let limits = |max_bytes, max_entries| UnpackLimits { max_bytes, max_entries };
    for small in [limits(50_000, 9), limits(100_100, 9), limits(1 << 20, 0)] {
        let error = unpack(&*archive, out.path(), small).unwrap_err();
        assert!(matches!(error, UnpackError::TooLarge { .. }), "{small:?}: {error}");
    }
    // A header, the content, and two empty blocks at the end.
    assert_eq!(unpack(&*archive, out.path(), limits(512 * 199, 1)).unwrap(), 1);
}

#[test]
fn what_is_no_archive_is_said_to_be_damaged() {
    let out = tempfile::tempdir().unwrap();
    let whole = one("x", EntryType::Regular, &[7; 3_000]);
    for broken in [&b"not gzip"[..], &whole[..whole.len() / 2]] {
        let error = unpack(broken, out.path(), UnpackLimits::default()).unwrap_err();
        assert!(matches!(error, UnpackError::Damaged { .. } | UnpackError::Write { .. }), "{error}");
    }
}

/// Everything below `folder`, links not followed.
fn all_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        found.push(entry.path());
        if entry.file_type().unwrap().is_dir() {
            found.extend(all_below(&entry.path()));
        }
    }
    found
}

/// Takes out what may be anything, and looks for harm. Gives whether it was refused.
fn attack(archive: &[u8]) -> bool {
    let out = tempfile::tempdir().unwrap();
    let folder = out.path().join("folder");
    let refused = unpack(archive, &folder, UnpackLimits { max_bytes: 1 << 20, max_entries: 100 }).is_err();
    for path in all_below(out.path()) {
        assert!(path.starts_with(&folder), "{} was written", path.display());
        assert!(!path.is_symlink(), "{} is a link", path.display());
    }
    refused
}

/// A bundle without its gzip, with some bytes replaced, and with headers that add up again: such damage would be found
/// by the sum first, and somebody evil would set it.
fn broken(damages: &[(usize, Vec<u8>)]) -> Vec<u8> {
    let whole = evil(&[
        ("a.py", EntryType::Regular, b"content of a file\n"),
        ("deep/er/b.py", EntryType::Regular, b"content of a file\n"),
        ("c.py", EntryType::Regular, &[b'x'; 600]),
    ]);
    let mut plain = Vec::new();
    GzDecoder::new(&*whole).read_to_end(&mut plain).unwrap();
    for (at, part) in damages {
        let at = at % plain.len();
        let end = (at + part.len()).min(plain.len());
        plain[at..end].copy_from_slice(&part[..end - at]);
    }
    for header in plain.chunks_exact_mut(512).filter(|block| &block[257..262] == b"ustar") {
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&plain).unwrap();
    gzip.finish().unwrap()
}

proptest! {
    #[test]
    fn a_damaged_archive_does_no_harm_whatever_is_broken(
        damages in prop::collection::vec((any::<usize>(), prop::sample::select(vec![
            b"../".to_vec(), b"/".to_vec(), b"\0".to_vec(), b"2".to_vec(), b"L".to_vec(), b"77777777777".to_vec(), vec![0xff],
        ])), 1..20)
    ) {
        attack(&broken(&damages));
    }

    #[test]
    fn bytes_that_are_no_archive_are_refused(bytes in prop::collection::vec(any::<u8>(), 1..300)) {
        assert!(attack(&bytes));
    }
}

#[test]
fn damage_of_a_kind_or_a_name_is_noticed() {
    assert!(!attack(&broken(&[])), "it was whole");
    assert!(attack(&broken(&[(0, b"../a.py".to_vec())])));
    assert!(attack(&broken(&[(156, b"2".to_vec())])));
}
