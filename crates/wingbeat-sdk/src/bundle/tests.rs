use std::fs;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::{BundleError, BundleFile, UnpackError, UnpackLimits, pack, pack_files, unpack};

fn write(root: &Path, name: &str, content: &str) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn names_below(root: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        super::ignored::files_below(root).unwrap().into_iter().map(|file| file.name).collect();
    names.sort();
    names
}

#[test]
fn the_same_files_give_the_same_bytes_wherever_they_are() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for (name, content) in [("b/c.py", "c"), ("a.py", "a"), ("b/d.py", "d")] {
        write(one.path(), name, content);
    }
    for (name, content) in [("a.py", "a"), ("b/d.py", "d"), ("b/c.py", "c")] {
        write(two.path(), name, content);
    }
    let (first, second) = (pack(one.path()).unwrap(), pack(two.path()).unwrap());
    assert_eq!(first, second);
    assert_eq!((first.n_files, first.content_bytes, first.version().len()), (3, 3, 32));
    write(two.path(), "a.py", "b");
    let third = pack(two.path()).unwrap();
    assert_ne!(first.version(), third.version());
    assert_ne!(first.file_name, third.file_name);
}

#[test]
fn the_name_is_the_stock_sdks_digest_of_the_files() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), "a/b.py", "x");
    // MD5 of "x" and then "ab.py": content, and the path without separators.
    assert_eq!(pack(root.path()).unwrap().file_name, "fastcd32ac879988e50288f4c6eca7860b24.tar.gz");
}

#[test]
fn what_was_packed_comes_out_again_and_programs_stay_programs() {
    let root = tempfile::tempdir().unwrap();
    let long = format!("deep/{}/x.py", "long".repeat(50));
    for (name, content) in [("a.py", "print(1)\n"), (long.as_str(), ""), ("bin/run", "#!/bin/sh\n")] {
        write(root.path(), name, content);
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(root.path().join("bin/run"), fs::Permissions::from_mode(0o700)).unwrap();
    }
    let bundle = pack(root.path()).unwrap();
    let out = tempfile::tempdir().unwrap();
    let folder = out.path().join("new/folder");
    for _ in 0..2 {
        assert_eq!(unpack(&*bundle.archive, &folder, UnpackLimits::default()).unwrap(), 3);
    }
    assert_eq!(fs::read_to_string(folder.join("a.py")).unwrap(), "print(1)\n");
    assert!(folder.join(&long).is_file());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |name: &str| fs::metadata(folder.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("bin/run") & 0o500, mode("a.py") & 0o111), (0o500, 0));
    }
}

#[test]
fn what_is_no_code_stays_behind() {
    let root = tempfile::tempdir().unwrap();
    let files = [
        "main.py",
        ".hidden.py",
        "src/lib.py",
        "src/__pycache__/lib.pyc",
        "src/secret.txt",
        "data/big.csv",
        "keep/big.csv",
        "venv/bin/python",
        ".git/HEAD",
        "target/debug/x",
        "run.log",
        ".env",
    ];
    for name in files {
        write(root.path(), name, "x");
    }
    write(root.path(), ".gitignore", "/data\n");
    write(root.path(), "src/.flyteignore", "secret.*\n");
    assert_eq!(
        names_below(root.path()),
        [".gitignore", ".hidden.py", "keep/big.csv", "main.py", "src/.flyteignore", "src/lib.py"]
    );
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_circles_are_told() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), "real/a.py", "x");
    std::os::unix::fs::symlink("real", root.path().join("alias")).unwrap();
    assert_eq!(names_below(root.path()), ["alias/a.py", "real/a.py"]);
    std::os::unix::fs::symlink("..", root.path().join("real/up")).unwrap();
    assert!(matches!(pack(root.path()), Err(BundleError::Walk { .. })));
}

#[test]
fn a_folder_without_code_and_names_given_twice_are_refused() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), "x.log", "");
    assert!(matches!(pack(root.path()), Err(BundleError::Empty { .. })));
    assert!(matches!(pack(&root.path().join("none")), Err(BundleError::Walk { .. })));
    let file = BundleFile { name: "x".to_owned(), source: root.path().join("x.log") };
    assert!(matches!(pack_files(vec![file.clone(), file]), Err(BundleError::Twice { .. })));
}

/// An archive of one entry as somebody with bad intentions would write it.
fn evil(name: &str, kind: tar::EntryType, content: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    // The library's own setters refuse such names.
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(kind);
    header.set_size(content.len() as u64);
    header.set_mode(0o6777);
    if matches!(kind, tar::EntryType::Symlink | tar::EntryType::Link) {
        header.set_link_name("/etc/passwd").unwrap();
    }
    header.set_cksum();
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    archive.append(&header, content).unwrap();
    archive.into_inner().unwrap().finish().unwrap()
}

#[test]
fn nothing_is_written_outside_the_folder() {
    let out = tempfile::tempdir().unwrap();
    let folder = out.path().join("folder");
    for name in ["../escaped", "/escaped", "a/../../escaped", ".."] {
        let archive = evil(name, tar::EntryType::Regular, b"x");
        let error = unpack(&*archive, &folder, UnpackLimits::default()).unwrap_err();
        assert!(matches!(error, UnpackError::Escapes { .. }), "{name}: {error}");
    }
    for kind in [tar::EntryType::Symlink, tar::EntryType::Link, tar::EntryType::Fifo, tar::EntryType::Char] {
        let error = unpack(&*evil("x", kind, b""), &folder, UnpackLimits::default()).unwrap_err();
        assert!(matches!(error, UnpackError::Kind { .. }), "{kind:?}: {error}");
    }
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn links_that_lie_in_the_folder_lead_nowhere() {
    let out = tempfile::tempdir().unwrap();
    let folder = out.path().join("folder");
    fs::create_dir_all(out.path().join("outside")).unwrap();
    fs::create_dir_all(&folder).unwrap();
    std::os::unix::fs::symlink(out.path().join("outside"), folder.join("link")).unwrap();
    let archive = evil("link/x", tar::EntryType::Regular, b"x");
    assert!(unpack(&*archive, &folder, UnpackLimits::default()).is_err());
    assert_eq!(fs::read_dir(out.path().join("outside")).unwrap().count(), 0);
}

#[test]
fn bounds_hold_for_bytes_and_entries() {
    let out = tempfile::tempdir().unwrap();
    let archive = evil("x", tar::EntryType::Regular, &vec![0; 100_000]);
    let small = UnpackLimits { max_bytes: 50_000, max_entries: 9 };
    assert!(matches!(unpack(&*archive, out.path(), small), Err(UnpackError::TooLarge { .. })));
    let none = UnpackLimits { max_entries: 0, ..UnpackLimits::default() };
    assert!(matches!(unpack(&*archive, out.path(), none), Err(UnpackError::TooLarge { .. })));
}

#[test]
fn what_is_no_archive_is_said_to_be_damaged() {
    let out = tempfile::tempdir().unwrap();
    let whole = evil("x", tar::EntryType::Regular, &[7; 3_000]);
    for broken in [&b"not gzip"[..], &whole[..whole.len() / 2]] {
        let error = unpack(broken, out.path(), UnpackLimits::default()).unwrap_err();
        assert!(matches!(error, UnpackError::Damaged(_) | UnpackError::Write { .. }), "{error}");
    }
}

/// Everything below `folder`, links not followed.
fn all_below(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        found.push(entry.path());
        if entry.file_type().unwrap().is_dir() {
            found.extend(all_below(&entry.path()));
        }
    }
    found
}

#[test]
fn a_damaged_archive_does_no_harm_whatever_is_broken() {
    let root = tempfile::tempdir().unwrap();
    for name in ["a.py", "deep/er/b.py", &format!("{}/c.py", "long".repeat(40))] {
        write(root.path(), name, "content of a file\n");
    }
    let bundle = pack(root.path()).unwrap();
    let mut plain = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&*bundle.archive), &mut plain).unwrap();
    let n_outcomes = (0..300_u64).map(|seed| attack(seed, plain.clone())).filter(|held| *held).count();
    assert!(n_outcomes > 0, "no damage was noticed at all");
}

/// Breaks an archive by a seed and takes it out. Gives whether that was refused.
fn attack(seed: u64, mut plain: Vec<u8>) -> bool {
    use rand::{Rng as _, SeedableRng as _};
    use std::io::Write as _;
    let mut rng = rand::rngs::StdRng::seed_from_u64(seed);
    for _ in 0..rng.random_range(1..20) {
        let at = rng.random_range(0..plain.len());
        let parts: [&[u8]; 6] = [b"../", b"/", b"\0", b"2", b"77777777777", &[rng.random()]];
        let part = parts[rng.random_range(0..parts.len())];
        let end = (at + part.len()).min(plain.len());
        plain[at..end].copy_from_slice(&part[..end - at]);
    }
    // The sum of a header is the first thing that such damage would be found by; somebody evil would set it.
    for header in plain.chunks_exact_mut(512) {
        if &header[257..262] == b"ustar" {
            header[148..156].fill(b' ');
            let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
            header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        }
    }
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&plain).unwrap();
    let out = tempfile::tempdir().unwrap();
    let folder = out.path().join("folder");
    let limits = UnpackLimits { max_bytes: 1 << 20, max_entries: 100 };
    let refused = unpack(&*gzip.finish().unwrap(), &folder, limits).is_err();
    for path in all_below(out.path()) {
        assert!(path.starts_with(&folder), "seed {seed}: {} was written", path.display());
        assert!(!path.is_symlink(), "seed {seed}: {} is a link", path.display());
    }
    refused
}
