//! Turns the `.proto` tree into Rust at build time, without `protoc`.
//!
//! `protox` parses the sources into a descriptor set; `connectrpc-build` generates messages, views,
//! JSON and services from it. It must never read anything outside `proto/`.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use buffa_codegen::MapRepr;
use connectrpc_build::CodeGenConfig;
use protox::Compiler;

/// What gets Rust code. The rest is there for imports: `buf/validate` holds rules that are read from
/// the descriptors (its generated code does not compile outside its own crate), `google/api` only
/// annotates methods, and `google/protobuf` comes from `buffa-types`.
const GENERATED: [&str; 3] = ["flyteidl2", "google/rpc", "wingbeat"];

fn main() -> Result<(), Box<dyn Error>> {
    let crate_dir = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?);
    let root = crate_dir.join("../../proto").canonicalize()?;
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    println!("cargo::rerun-if-changed={}", root.display());

    let mut generated = Vec::new();
    for folder in GENERATED {
        collect_protos(&root, &root.join(folder), &mut generated)?;
    }
    generated.sort();

    let mut compiler = Compiler::new([&root])?;
    compiler.open_files(&generated)?;
    compiler.include_imports(true);

    // The embedded set carries no comments: the server sends it to reflection clients.
    compiler.include_source_info(false);
    fs::write(out.join("descriptors.binpb"), compiler.encode_file_descriptor_set())?;

    let with_comments = out.join("descriptors-with-comments.binpb");
    compiler.include_source_info(true);
    fs::write(&with_comments, compiler.encode_file_descriptor_set())?;

    let mut messages = CodeGenConfig::default();
    messages.generate_json = true;
    // Ordered maps: the same message has the same bytes in every process.
    messages.map_fields.push((".".to_owned(), MapRepr::BTreeMap));

    connectrpc_build::Config::new()
        .buffa_config(messages)
        .descriptor_set(with_comments)
        .files(&generated)
        .include_file("_connectrpc.rs")
        .emit_rerun_directives(false)
        .compile()?;
    Ok(())
}

/// Adds every `.proto` file below `folder`, named relative to `root`. A missing folder has none.
fn collect_protos(root: &Path, folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect_protos(root, &path, found)?;
        } else if path.extension().is_some_and(|ext| ext == "proto") {
            found.push(path.strip_prefix(root)?.to_path_buf());
        }
    }
    Ok(())
}
