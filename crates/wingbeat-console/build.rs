//! Lists what `make console` built, so that it becomes part of the program. Without it the list is empty: a plain
//! `cargo build` needs no node. It must never run node or reach outside `console/dist`.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let dist = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join("../../console/dist");
    // The folder is kept in the repository: a path that is not there would make every build a new one.
    println!("cargo::rerun-if-changed={}", dist.display());
    let mut files = Vec::new();
    if dist.is_dir() {
        collect(&dist, &mut files)?;
    }
    files.sort();
    let mut code = String::from("[\n");
    for file in files.iter().filter(|file| is_page_part(file)) {
        let name = file.strip_prefix(&dist)?.to_string_lossy().replace('\\', "/");
        let packed = file.with_file_name(format!("{}.br", file.file_name().unwrap_or_default().display()));
        let brotli =
            if files.contains(&packed) { format!("Some({})", included(&packed)?) } else { "None".into() };
        let (tag, plain) = (fingerprint(&fs::read(file)?), included(file)?);
        writeln!(code, "Asset {{ name: {name:?}, tag: \"{tag:016x}\", plain: {plain}, brotli: {brotli} }},")?;
    }
    code.push(']');
    fs::write(PathBuf::from(std::env::var("OUT_DIR")?).join("assets.rs"), code)?;
    Ok(())
}

/// Code that makes a file part of the program.
fn included(file: &Path) -> Result<String, Box<dyn Error>> {
    let path = file.canonicalize()?;
    let path = path.to_str().ok_or("the path of the repository is not UTF-8")?;
    Ok(format!("include_bytes!({path:?})"))
}

/// Compressed copies and hidden files are no parts of their own.
fn is_page_part(file: &Path) -> bool {
    let hidden = file.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    !hidden && file.extension().is_none_or(|extension| extension != "br")
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// FNV-1a: tells one build's file from another's, which is all that an entity tag has to do.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
