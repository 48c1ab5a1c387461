//! Decides which files of a folder are code: not version control, caches, builds and environments, and not what
//! `.gitignore` and `.flyteignore` name.
//!
//! Source: facts of the SDK (`_ignore.py`). Unlike there, a file that git tracks although `.gitignore` names it is
//! left out too: git is not asked, so that bundles are the same on a machine without it.

use std::path::Path;

use ignore::WalkBuilder;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::{BundleError, BundleFile};

/// Names of the user's own rules.
const OWN_RULES: &str = ".flyteignore";

/// What is never code.
const NEVER: [&str; 22] = [
    ".git",
    "*.pyc",
    "__pycache__",
    ".cache",
    ".venv",
    "venv",
    "env",
    ".idea",
    "*.log",
    ".env",
    "*.egg-info",
    "*.egg",
    "dist",
    "build",
    "*.whl",
    ".ruff_cache",
    ".mypy_cache",
    ".pytest_cache",
    ".flyte",
    // Of Rust and JavaScript.
    "target",
    "node_modules",
    ".DS_Store",
];

/// All files below `root` that are not ignored, links followed, in no particular order. Blocking.
///
/// # Errors
/// A folder cannot be read, links go round in a circle, or a name is no text.
pub fn files_below(root: &Path) -> Result<Vec<BundleFile>, BundleError> {
    let never = never(root)?;
    let mut walk = WalkBuilder::new(root);
    walk.standard_filters(false)
        .git_ignore(true)
        .require_git(false)
        .add_custom_ignore_filename(OWN_RULES)
        .follow_links(true)
        .filter_entry(move |entry| {
            let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            entry.depth() == 0 || !never.matched(entry.path(), is_folder).is_ignore()
        });
    let mut files = Vec::new();
    for entry in walk.build() {
        let entry = entry.map_err(|source| BundleError::Walk { path: root.to_owned(), source })?;
        // Sockets and pipes have nothing to be packed.
        if !entry.file_type().is_some_and(|kind| kind.is_file()) {
            continue;
        }
        let relative = entry.path().strip_prefix(root).unwrap_or(entry.path());
        let parts: Option<Vec<&str>> = relative.iter().map(|part| part.to_str()).collect();
        let parts = parts.ok_or_else(|| BundleError::NotUtf8 { path: entry.path().to_owned() })?;
        files.push(BundleFile { name: parts.join("/"), source: entry.path().to_owned() });
    }
    Ok(files)
}

fn never(root: &Path) -> Result<Gitignore, BundleError> {
    let mut rules = GitignoreBuilder::new(root);
    for rule in NEVER {
        rules.add_line(None, rule).expect("the rules above are well formed");
    }
    rules.build().map_err(|source| BundleError::Walk { path: root.to_owned(), source })
}
