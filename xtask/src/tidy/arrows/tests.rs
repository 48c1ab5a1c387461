//! Tables of manifests against a small ARCHITECTURE.md.

use serde_json::{Value, json};

use super::check as check_arrows;

const ARCHITECTURE: &str = "\
# Title

| word | meaning |
|---|---|
| `wingbeat-nothing` | not the crate table |

| crate | one line | may use |
|---|---|---|
| `wingbeat-model` | ids | – |
| `wingbeat-engine` | decisions | model |
| `wingbeat-store-sql` | SQL | model |
| `wingbeat-cli` | the binary | all |

After the table.
";

fn package(name: &str, dependencies: &[Value]) -> Value {
    json!({
        "name": name,
        "manifest_path": format!("/repo/crates/{name}/Cargo.toml"),
        "dependencies": dependencies,
    })
}

fn own(name: &str) -> Value {
    json!({ "name": name, "path": format!("/repo/crates/{name}"), "kind": null })
}

fn foreign(name: &str) -> Value {
    json!({ "name": name, "path": null, "kind": null })
}

fn dev(name: &str) -> Value {
    json!({ "name": name, "path": format!("/repo/crates/{name}"), "kind": "dev" })
}

/// Four crates that follow the table, with one of them replaced.
fn check(changed: &str, dependencies: &[Value], expected: &[&str]) {
    let names = ["wingbeat-model", "wingbeat-engine", "wingbeat-store-sql", "wingbeat-cli"];
    let packages: Vec<Value> = names
        .iter()
        .map(|name| package(name, if *name == changed { dependencies } else { &[] }))
        .chain((!names.contains(&changed)).then(|| package(changed, dependencies)))
        .collect();
    let metadata = json!({ "workspace_root": "/repo", "packages": packages }).to_string();
    let findings = check_arrows(ARCHITECTURE, &metadata).expect("the sample is well formed");
    let shown: Vec<String> = findings.iter().map(|f| format!("{}: {}", f.path, f.rule)).collect();
    assert_eq!(shown, expected, "{findings:#?}");
}

#[test]
fn arrows_of_the_table_pass() {
    check("wingbeat-engine", &[own("wingbeat-model"), foreign("thiserror")], &[]);
    check("wingbeat-cli", &[own("wingbeat-engine"), own("wingbeat-store-sql"), foreign("tokio")], &[]);
}

#[test]
fn an_arrow_that_the_table_lacks_fails() {
    check("wingbeat-engine", &[own("wingbeat-store-sql")], &["crates/wingbeat-engine/Cargo.toml: arrows"]);
}

#[test]
fn tests_may_reach_for_more() {
    check("wingbeat-engine", &[dev("wingbeat-cli")], &[]);
}

#[test]
fn a_crate_without_a_row_fails() {
    check("wingbeat-new", &[], &["crates/wingbeat-new/Cargo.toml: arrows"]);
}

#[test]
fn a_pure_crate_may_not_take_a_runtime() {
    check("wingbeat-engine", &[foreign("tokio")], &["crates/wingbeat-engine/Cargo.toml: pure-crate"]);
}

#[test]
fn sql_stands_in_one_manifest() {
    check("wingbeat-store-sql", &[foreign("rusqlite"), foreign("sqlx")], &[]);
    let packages = [
        package("wingbeat-model", &[]),
        package("wingbeat-engine", &[]),
        package("wingbeat-store-sql", &[foreign("rusqlite")]),
        package("wingbeat-cli", &[foreign("sqlx")]),
    ];
    let metadata = json!({ "workspace_root": "/repo", "packages": packages }).to_string();
    let findings = check_arrows(ARCHITECTURE, &metadata).expect("the sample is well formed");
    assert!(findings.len() == 2 && findings.iter().all(|f| f.rule == "one-manifest"), "{findings:#?}");
}

#[test]
fn a_row_without_its_crate_fails() {
    let packages = [package("wingbeat-model", &[])];
    let metadata = json!({ "workspace_root": "/repo", "packages": packages }).to_string();
    let findings = check_arrows(ARCHITECTURE, &metadata).expect("the sample is well formed");
    assert_eq!(findings.len(), 3, "{findings:#?}");
}
