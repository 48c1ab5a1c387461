//! Dependency arrows: the table in ARCHITECTURE.md says what a crate may use, `cargo metadata` says what it does use.
//! Dev-dependencies are left alone: a test may reach for more than the code it tests.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{ARCHITECTURE, Finding};

/// Adapters' libraries that may stand in one manifest each, so that no other crate can reach around the port.
const ONE_MANIFEST_EACH: [(&str, &[&str]); 3] =
    [("SQL", &["rusqlite", "sqlx"]), ("Kubernetes", &["kube", "kube-client"]), ("Python", &["pyo3"])];

/// What crates without I/O may take from outside the workspace: types, encodings and hashes.
const PURE_CRATES: [(&str, &[&str]); 3] = [
    ("wingbeat-model", &["base64", "bytes", "jiff", "serde", "sha2", "thiserror"]),
    (
        "wingbeat-types",
        &[
            "base64",
            "buffa",
            "buffa-types",
            "bytes",
            "jiff",
            "md-5",
            "regex",
            "rmp",
            "rmpv",
            "saphyr-parser",
            "serde",
            "serde_json",
            "sha2",
            "thiserror",
        ],
    ),
    ("wingbeat-engine", &["serde", "thiserror"]),
];

struct Manifest {
    name: String,
    path: String,
    uses: Vec<Dependency>,
}

struct Dependency {
    name: String,
    place: Place,
    role: Role,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Workspace,
    Registry,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Normal and build dependencies.
    Product,
    Test,
}

struct Row {
    line: usize,
    may_use: Allowed,
}

enum Allowed {
    All,
    Only(BTreeSet<String>),
}

pub(crate) fn check(architecture: &str, metadata: &str) -> Result<Vec<Finding>> {
    let table = parse_table(architecture);
    ensure!(!table.is_empty(), "{ARCHITECTURE} has no table with a column `may use`");
    let manifests = parse_metadata(metadata)?;
    let mut findings = check_rows(&table, &manifests);
    for manifest in &manifests {
        if let Some(row) = table.get(&manifest.name) {
            findings.extend(check_arrows(manifest, row));
        }
        findings.extend(check_pure(manifest));
    }
    findings.extend(check_one_manifest(&manifests));
    Ok(findings)
}

fn check_rows(table: &BTreeMap<String, Row>, manifests: &[Manifest]) -> Vec<Finding> {
    let missing_rows =
        manifests.iter().filter(|manifest| !table.contains_key(&manifest.name)).map(|manifest| {
            let advice = format!("`{}` has no row in the crate table of {ARCHITECTURE}", manifest.name);
            Finding::of_file(&manifest.path, 1, "arrows", advice)
        });
    let is_member = |name: &str| manifests.iter().any(|manifest| manifest.name == name);
    let missing_crates = table.iter().filter(|(name, _)| !is_member(name)).map(|(name, row)| {
        let advice = format!("there is no crate `{name}`: a row appears with its crate");
        Finding::of_file(ARCHITECTURE, row.line, "arrows", advice)
    });
    let unknown_names = table.iter().filter_map(|(name, row)| {
        let Allowed::Only(allowed) = &row.may_use else { return None };
        let unknown = allowed.iter().find(|used| !is_member(used))?;
        let advice = format!("`{name}` may use `{unknown}`, which is not a crate of the workspace");
        Some(Finding::of_file(ARCHITECTURE, row.line, "arrows", advice))
    });
    missing_rows.chain(missing_crates).chain(unknown_names).collect()
}

fn check_arrows(manifest: &Manifest, row: &Row) -> Vec<Finding> {
    let Allowed::Only(allowed) = &row.may_use else { return Vec::new() };
    let product = manifest.uses.iter().filter(|used| used.role == Role::Product);
    product
        .filter(|used| used.place == Place::Workspace && !allowed.contains(&used.name))
        .map(|used| {
            let advice = format!(
                "`{}` may not use `{}`: turn the arrow round, or write an ADR and change {ARCHITECTURE}:{}",
                manifest.name, used.name, row.line
            );
            Finding::of_file(&manifest.path, 1, "arrows", advice)
        })
        .collect()
}

fn check_pure(manifest: &Manifest) -> Vec<Finding> {
    let Some((_, allowed)) = PURE_CRATES.iter().find(|(name, _)| *name == manifest.name) else {
        return Vec::new();
    };
    let product = manifest.uses.iter().filter(|used| used.role == Role::Product);
    product
        .filter(|used| used.place == Place::Registry && !allowed.contains(&used.name.as_str()))
        .map(|used| {
            let advice = format!(
                "`{}` does no I/O and may not use `{}`; if it is pure, add it to PURE_CRATES in xtask",
                manifest.name, used.name
            );
            Finding::of_file(&manifest.path, 1, "pure-crate", advice)
        })
        .collect()
}

fn check_one_manifest(manifests: &[Manifest]) -> Vec<Finding> {
    let check = |(what, names): &(&str, &[&str])| -> Vec<Finding> {
        let is_user =
            |manifest: &&Manifest| manifest.uses.iter().any(|used| names.contains(&used.name.as_str()));
        let users: Vec<&Manifest> = manifests.iter().filter(is_user).collect();
        let extra = if users.len() > 1 { users.as_slice() } else { &[] };
        extra
            .iter()
            .map(|manifest| {
                let advice =
                    format!("{what} ({}) stands in {} manifests, not one", names.join(", "), users.len());
                Finding::of_file(&manifest.path, 1, "one-manifest", advice)
            })
            .collect()
    };
    ONE_MANIFEST_EACH.iter().flat_map(check).collect()
}

/// Rows of the first table whose last column is `may use`, by crate name.
fn parse_table(architecture: &str) -> BTreeMap<String, Row> {
    let rows = architecture.lines().enumerate().map(|(ix, text)| (ix + 1, cells(text)));
    rows.skip_while(|(_, cells)| cells.last().is_none_or(|last| *last != "may use"))
        .skip(2)
        .take_while(|(_, cells)| !cells.is_empty())
        .filter_map(|(line, cells)| {
            let name = cells.first()?.trim_matches('`').to_owned();
            Some((name, Row { line, may_use: parse_allowed(cells.last()?) }))
        })
        .collect()
}

fn cells(line: &str) -> Vec<&str> {
    let inner = line.trim().strip_prefix('|').and_then(|rest| rest.strip_suffix('|'));
    inner.map(|inner| inner.split('|').map(str::trim).collect()).unwrap_or_default()
}

fn parse_allowed(cell: &str) -> Allowed {
    match cell {
        "all" => Allowed::All,
        "–" | "" => Allowed::Only(BTreeSet::new()),
        names => Allowed::Only(names.split(',').map(|name| format!("wingbeat-{}", name.trim())).collect()),
    }
}

fn parse_metadata(metadata: &str) -> Result<Vec<Manifest>> {
    let metadata: Value = serde_json::from_str(metadata).context("`cargo metadata` wrote no JSON")?;
    let root = metadata["workspace_root"].as_str().context("no workspace_root in cargo metadata")?;
    let packages = metadata["packages"].as_array().context("no packages in cargo metadata")?;
    packages.iter().map(|package| parse_package(package, root)).collect()
}

fn parse_package(package: &Value, root: &str) -> Result<Manifest> {
    let name = package["name"].as_str().context("a package without a name")?;
    let path = package["manifest_path"].as_str().context("a package without a manifest")?;
    let path = path.strip_prefix(root).unwrap_or(path).trim_start_matches('/');
    let dependencies = package["dependencies"].as_array().context("a package without dependencies")?;
    let uses = dependencies.iter().map(|dependency| Dependency {
        name: dependency["name"].as_str().unwrap_or_default().to_owned(),
        place: if dependency["path"].is_string() { Place::Workspace } else { Place::Registry },
        role: if dependency["kind"] == "dev" { Role::Test } else { Role::Product },
    });
    Ok(Manifest { name: name.to_owned(), path: path.to_owned(), uses: uses.collect() })
}

#[cfg(test)]
mod tests;
