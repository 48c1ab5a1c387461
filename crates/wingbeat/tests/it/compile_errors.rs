//! What the compiler says about tasks that cannot be: the user's own words, at the user's own place.
//!
//! The compiler is called on one file against the crate that cargo has built for this test, which takes a second; a
//! project of its own would build every dependency again.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The newest build of the crate, in the folder of this test.
fn library(folder: &Path) -> PathBuf {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let built = entries.filter(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("libwingbeat-") && name.ends_with(".rlib")
    });
    built
        .max_by_key(|path| path.metadata().unwrap().modified().unwrap())
        .expect("cargo has built the library")
}

/// What the compiler says about the program; empty if it is fine.
fn said_about(program: &str) -> String {
    let deps = std::env::current_exe().unwrap().parent().unwrap().to_owned();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("program.rs");
    std::fs::write(&file, program).unwrap();
    let output = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .args(["--edition", "2024", "--crate-type", "lib", "--emit", "metadata", "--crate-name", "program"])
        .arg("--out-dir")
        .arg(folder.path())
        .arg("--extern")
        .arg(format!("wingbeat={}", library(&deps).display()))
        .arg("-L")
        .arg(format!("dependency={}", deps.display()))
        .arg(&file)
        .env("CARGO_CRATE_NAME", "program")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.success(), !said.contains("error"), "{said}");
    said
}

fn refused(program: &str, expected: &[&str]) {
    let said = said_about(program);
    for part in expected {
        assert!(said.contains(part), "the compiler does not say `{part}` about\n{program}\nbut\n{said}");
    }
}

#[test]
fn a_good_program_compiles() {
    let said = said_about("#[wingbeat::task]\npub async fn fine(x: i64) -> wingbeat::Result<i64> { Ok(x) }");
    assert!(!said.contains("error"), "{said}");
}

#[test]
fn types_that_cannot_travel_are_named_where_they_stand() {
    let wire = "cannot be an input, an output or a field of one: it has no wire form";
    refused(
        "#[wingbeat::task]\npub async fn f(place: std::path::PathBuf) -> i64 { 0 }",
        &["`PathBuf`", wire, "program.rs:2:23", "#[derive(wingbeat::Value)]"],
    );
    refused(
        "pub struct Own;\n#[wingbeat::task]\npub async fn f() -> Own { Own }",
        &["`Own` cannot be the result of a task", "program.rs:3:21"],
    );
    refused(
        "#[derive(wingbeat::Value)]\npub struct S {\n    at: std::time::Instant,\n}",
        &["`Instant`", wire, "program.rs:3:9"],
    );
}

#[test]
fn fields_that_are_no_outputs_or_columns_are_named_where_they_stand() {
    refused(
        "#[derive(wingbeat::Outputs)]\npub struct S {\n    at: std::time::Instant,\n}",
        &["`Instant`", "it has no wire form", "program.rs:3:9"],
    );
    refused(
        "#[derive(wingbeat::Columns)]\npub struct S {\n    at: std::time::Instant,\n}",
        &["`Instant` cannot be in a column of a table", "program.rs:3:9", "jiff::Timestamp"],
    );
}

#[test]
fn a_struct_that_only_names_columns_is_no_dead_code() {
    let said = said_about(
        "#[derive(wingbeat::Columns)]\nstruct S {\n    x: i64,\n}\n\
         #[wingbeat::task]\npub async fn f(table: wingbeat::Table<S>) -> String { table.uri.clone() }",
    );
    assert!(!said.contains("never"), "{said}");
}

#[test]
fn what_the_macros_refuse_is_said_in_words() {
    refused("#[wingbeat::task]\npub async fn f(x: &str) -> i64 { 0 }", &["take String instead"]);
    refused("#[wingbeat::task]\npub async fn f<T>(x: T) -> i64 { 0 }", &["a task cannot be generic"]);
    refused(
        "#[wingbeat::task(retry = 2)]\npub async fn f() {}",
        &["`retry` is not an option of a task", "retries"],
    );
    refused(
        "#[wingbeat::task(timeout = \"5 parsecs\")]\npub async fn f() {}",
        &["`5 parsecs` is not a time"],
    );
    refused("#[wingbeat::task(cache = \"always\")]\npub async fn f() {}", &["no cache behaviour"]);
    refused("#[derive(wingbeat::Value)]\npub struct P(i64);", &["fields need names"]);
    let twice = "pub struct P {\n    a: i64,\n    #[value(name = \"a\")]\n    b: i64,\n}";
    for derive in ["Value", "Outputs", "Columns"] {
        let program = format!("#[derive(wingbeat::{derive})]\n{twice}");
        refused(&program, &["two fields are called `a`", "program.rs:4:5"]);
    }
    let named = "#[value(name = \"Q\")]\npub struct P {\n    a: i64,\n}";
    refused(
        &format!("#[derive(wingbeat::Outputs)]\n{named}"),
        &["`name` means nothing here", "program.rs:2:9"],
    );
    refused(
        "#[derive(wingbeat::Columns)]\n#[value(default)]\npub struct P {\n    a: i64,\n}",
        &["`default` means nothing here", "program.rs:2:9"],
    );
    refused("#[derive(wingbeat::Outputs)]\npub struct P {}", &["a task that gives nothing returns ()"]);
    refused("#[derive(wingbeat::Columns)]\npub struct P {}", &["a table of any columns is a DataFrame"]);
    refused("#[derive(wingbeat::Outputs)]\npub struct P(i64);", &["a struct with named fields"]);
    refused("#[derive(wingbeat::Value)]\npub enum E { A(i64) }", &["carry no data"]);
    refused(
        "#[derive(wingbeat::Value)]\npub enum E {\n    A,\n    #[value(value = \"A\")]\n    B,\n}",
        &["have the value `A`", "program.rs:4:5"],
    );
}
