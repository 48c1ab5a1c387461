use std::fs;
use std::path::Path;

use wingbeat_blob::bundle::{UnpackLimits, unpack};

use super::{BundleError, BundleFile, pack, pack_files};

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
