//! Rules about a file as a whole: its name, its size, its length, its opening.

use super::{Finding, is_rust, is_test};
use crate::repository::RepositoryFile;

const MAX_TRACKED_BYTES: u64 = 1024 * 1024;
const MAX_LINES: usize = 500;
/// Tables of cases are long without being hard to read.
const MAX_TEST_LINES: usize = 1_000;
/// A shared thing gets a name that says what it is.
const VAGUE_NAMES: [&str; 6] = ["utils.rs", "util.rs", "common.rs", "helpers.rs", "helper.rs", "misc.rs"];

pub(crate) fn check_name_and_size(file: &RepositoryFile) -> Vec<Finding> {
    let name = file.path.rsplit('/').next().unwrap_or(&file.path);
    let mut findings = Vec::new();
    if name == "mod.rs" {
        let advice = "name it after its folder: `foo.rs` beside `foo/`";
        findings.push(Finding::of_file(&file.path, 1, "no-mod-rs", advice));
    }
    if VAGUE_NAMES.contains(&name) {
        let advice = "give the module a name that says what is in it";
        findings.push(Finding::of_file(&file.path, 1, "vague-name", advice));
    }
    if file.size_bytes > MAX_TRACKED_BYTES {
        let advice = format!(
            "{} bytes are more than 1 MiB: build it, fetch it, or shrink it, but do not track it",
            file.size_bytes
        );
        findings.push(Finding::of_file(&file.path, 1, "file-size", advice));
    }
    findings
}

/// Rust and Python only: protos, lock files and data have their own shape.
pub(crate) fn check_length(path: &str, text: &str) -> Option<Finding> {
    let is_source = is_rust(path) || path.rsplit_once('.').is_some_and(|(_, extension)| extension == "py");
    let allowed = if is_test(path) { MAX_TEST_LINES } else { MAX_LINES };
    let n_lines = text.lines().count();
    (is_source && n_lines > allowed).then(|| {
        let advice = format!("{n_lines} lines, {allowed} are allowed: split it at a concept");
        Finding::of_file(path, allowed + 1, "file-length", advice)
    })
}

/// Every module opens with what it decides and what it must never do.
pub(crate) fn check_module_docs(path: &str, text: &str) -> Option<Finding> {
    let is_module = path.starts_with("xtask/src/") || (path.starts_with("crates/") && path.contains("/src/"));
    let opens_with_docs = text.lines().find(|line| !line.trim().is_empty()).is_some_and(|line| {
        // `//!` alone would open with an empty line.
        line.strip_prefix("//!").is_some_and(|rest| !rest.trim().is_empty())
    });
    // A test module that stands beside its subject is explained by it.
    let is_tests_beside_code = path.ends_with("/tests.rs");
    (is_module && !opens_with_docs && !is_tests_beside_code).then(|| {
        let advice = "open the module with `//!`: what it decides, what it must never do";
        Finding::of_file(path, 1, "module-docs", advice)
    })
}

#[cfg(test)]
mod tests {
    use super::{MAX_LINES, check_length, check_module_docs, check_name_and_size};
    use crate::repository::RepositoryFile;

    fn rules_for(path: &str, size_bytes: u64) -> Vec<&'static str> {
        let file = RepositoryFile { path: path.to_owned(), size_bytes, text: None };
        check_name_and_size(&file).into_iter().map(|finding| finding.rule).collect()
    }

    #[test]
    fn names_and_sizes_are_judged() {
        assert_eq!(rules_for("crates/a/src/mod.rs", 10), ["no-mod-rs"]);
        assert_eq!(rules_for("crates/a/src/utils.rs", 10), ["vague-name"]);
        assert_eq!(rules_for("bench/data.bin", 2 << 20), ["file-size"]);
        assert_eq!(rules_for("crates/a/src/model.rs", 10), [""; 0]);
    }

    #[test]
    fn production_files_have_the_tighter_limit() {
        let long = "x\n".repeat(MAX_LINES + 1);
        assert!(check_length("crates/a/src/b.rs", &long).is_some());
        assert!(check_length("examples/a.py", &long).is_none());
        assert!(check_length("crates/a/src/b/tests.rs", &long).is_none());
        assert!(check_length("proto/a.proto", &long).is_none());
    }

    #[test]
    fn a_module_opens_with_its_docs() {
        assert!(check_module_docs("crates/a/src/b.rs", "\n//! Decides.\n").is_none());
        assert!(check_module_docs("crates/a/src/b.rs", "use std::fmt;\n//! Late.\n").is_some());
        assert!(check_module_docs("crates/a/src/b.rs", "//!\n").is_some());
        assert!(check_module_docs("crates/a/tests/it/main.rs", "mod a;\n").is_none());
    }
}
