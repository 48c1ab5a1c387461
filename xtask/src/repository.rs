//! Where the repository is and which files belong to it. Reads only; never changes the tree.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// The folder that holds the workspace's `Cargo.toml`.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is a folder of the workspace")
}

/// A file of the repository with its text, or no text when it is binary.
#[derive(Debug, Clone)]
pub(crate) struct RepositoryFile {
    /// Relative to the root, with `/`.
    pub(crate) path: String,
    pub(crate) size_bytes: u64,
    pub(crate) text: Option<String>,
}

/// Files that git tracks or would track: a new file is checked before it is added.
pub(crate) fn files() -> Result<Vec<RepositoryFile>> {
    let listed = output("git", &["ls-files", "-z", "--cached", "--others", "--exclude-standard"])?;
    let mut paths: Vec<&str> = listed.split('\0').filter(|path| !path.is_empty()).collect();
    paths.sort_unstable();
    paths.dedup();
    paths.into_iter().filter_map(|path| read(path).transpose()).collect()
}

/// `None` for what git still lists but the tree no longer has, and for links.
fn read(path: &str) -> Result<Option<RepositoryFile>> {
    let full: PathBuf = root().join(path);
    let Ok(metadata) = full.symlink_metadata() else { return Ok(None) };
    if !metadata.is_file() {
        return Ok(None);
    }
    let bytes = std::fs::read(&full).with_context(|| format!("could not read {path}"))?;
    let text = if bytes.contains(&0) { None } else { String::from_utf8(bytes).ok() };
    Ok(Some(RepositoryFile { path: path.to_owned(), size_bytes: metadata.len(), text }))
}

/// Runs a program in the root and returns what it wrote to stdout.
pub(crate) fn output(program: &str, arguments: &[&str]) -> Result<String> {
    let shown = || format!("`{program} {}`", arguments.join(" "));
    let output = Command::new(program)
        .args(arguments)
        .current_dir(root())
        .output()
        .with_context(|| format!("could not run {}", shown()))?;
    ensure!(
        output.status.success(),
        "{} failed: {}",
        shown(),
        String::from_utf8_lossy(&output.stderr).trim_end()
    );
    String::from_utf8(output.stdout).with_context(|| format!("{} wrote text that is not UTF-8", shown()))
}
