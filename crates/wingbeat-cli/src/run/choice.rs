//! Which program of a crate has the task, out of what `cargo metadata` says. Pure.

use std::path::Path;

use serde_json::Value as Json;

use crate::failure::Failure;

/// What the command line says of it.
pub(super) struct Wanted<'a> {
    pub(super) bin: Option<&'a str>,
    pub(super) example: Option<&'a str>,
}

/// One program of one crate.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Program {
    pub(super) package: String,
    pub(super) name: String,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Bin,
    Example,
}

impl Kind {
    /// Cargo's word for it.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Bin => "bin",
            Self::Example => "example",
        }
    }
}

/// The program that is meant; `manifest` is the crate's.
pub(super) fn choose(metadata: &Json, manifest: &Path, wanted: &Wanted<'_>) -> Result<Program, Failure> {
    let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let is_meant = |package: &&Json| {
        package["manifest_path"].as_str().is_some_and(|path| same_file(Path::new(path), manifest))
    };
    let Some(package) = packages.iter().find(is_meant) else {
        return Err(of_several_crates(packages, manifest));
    };
    let name = package["name"].as_str().unwrap_or_default();
    let program = |kind, one: &str| Program { package: name.to_owned(), name: one.to_owned(), kind };
    let (bins, examples) = (targets(package, Kind::Bin), targets(package, Kind::Example));
    let named = |kind: Kind, wanted: &str, all: &[&str]| {
        let unknown = || {
            Failure::usage(format!("the crate `{name}` has no {} `{wanted}`", kind.word()))
                .because(listed("there are", all))
        };
        all.contains(&wanted).then(|| program(kind, wanted)).ok_or_else(unknown)
    };
    if let Some(wanted) = wanted.example {
        return named(Kind::Example, wanted, &examples);
    }
    if let Some(wanted) = wanted.bin {
        return named(Kind::Bin, wanted, &bins);
    }
    match (package["default_run"].as_str(), bins.as_slice()) {
        (Some(default), _) => Ok(program(Kind::Bin, default)),
        (None, [only]) => Ok(program(Kind::Bin, only)),
        (None, []) => Err(without_binaries(name, &examples)),
        (None, several) => Err(Failure::usage(format!("the crate `{name}` has several binaries"))
            .because(several.join(", "))
            .advise("name one with --bin, or as `default-run` in its Cargo.toml")),
    }
}

fn same_file(one: &Path, other: &Path) -> bool {
    one.canonicalize().is_ok_and(|one| other.canonicalize().is_ok_and(|other| one == other))
}

fn targets(package: &Json, kind: Kind) -> Vec<&str> {
    let targets = package["targets"].as_array().into_iter().flatten();
    let is_kind = |target: &&Json| {
        target["kind"].as_array().into_iter().flatten().any(|one| one.as_str() == Some(kind.word()))
    };
    targets.filter(is_kind).filter_map(|target| target["name"].as_str()).collect()
}

fn listed(what: &str, names: &[&str]) -> String {
    if names.is_empty() { "there are none".to_owned() } else { format!("{what}: {}", names.join(", ")) }
}

fn of_several_crates(packages: &[Json], manifest: &Path) -> Failure {
    let names: Vec<&str> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    Failure::usage(format!("{} is a workspace, not a crate", manifest.display()))
        .because(listed("its crates are", &names))
        .advise("name the folder of one of them")
}

fn without_binaries(package: &str, examples: &[&str]) -> Failure {
    let failure = Failure::usage(format!("the crate `{package}` has no binary"));
    if examples.is_empty() {
        return failure.advise("give it a src/main.rs whose main calls wingbeat::main()");
    }
    failure.because(listed("it has examples", examples)).advise("name one with --example")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Kind, Program, Wanted, choose};

    const MANIFEST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");

    fn check(
        targets: &[(&str, &str)],
        default_run: Option<&str>,
        wanted: Wanted<'_>,
    ) -> Result<Program, String> {
        let targets: Vec<_> =
            targets.iter().map(|(name, kind)| json!({"name": name, "kind": [kind]})).collect();
        let package = json!({"name": "flow", "manifest_path": MANIFEST, "targets": targets, "default_run": default_run});
        choose(&json!({"packages": [package]}), MANIFEST.as_ref(), &wanted).map_err(|error| error.to_string())
    }

    fn program(name: &str, kind: Kind) -> Program {
        Program { package: "flow".to_owned(), name: name.to_owned(), kind }
    }

    const ANY: Wanted<'static> = Wanted { bin: None, example: None };

    #[test]
    fn the_only_binary_is_meant_unless_another_is_named() {
        let targets = [("flow", "lib"), ("main", "bin"), ("demo", "example")];
        assert_eq!(check(&targets, None, ANY), Ok(program("main", Kind::Bin)));
        assert_eq!(
            check(&targets, None, Wanted { example: Some("demo"), ..ANY }),
            Ok(program("demo", Kind::Example))
        );
        let two = [("a", "bin"), ("b", "bin")];
        assert_eq!(check(&two, Some("b"), ANY), Ok(program("b", Kind::Bin)));
        assert_eq!(check(&two, Some("b"), Wanted { bin: Some("a"), ..ANY }), Ok(program("a", Kind::Bin)));
    }

    #[test]
    fn a_choice_that_is_not_clear_names_what_there_is() {
        let several = check(&[("a", "bin"), ("b", "bin")], None, ANY).unwrap_err();
        assert!(
            several.contains("several binaries") && several.contains("a, b") && several.contains("--bin")
        );
        let none = check(&[("flow", "lib")], None, ANY).unwrap_err();
        assert!(none.contains("no binary") && none.contains("src/main.rs"), "{none}");
        let examples = check(&[("demo", "example")], None, ANY).unwrap_err();
        assert!(examples.contains("it has examples: demo") && examples.contains("--example"), "{examples}");
        let unknown = check(&[("a", "bin")], None, Wanted { bin: Some("z"), ..ANY }).unwrap_err();
        assert!(unknown.contains("no bin `z`") && unknown.contains("there are: a"), "{unknown}");
    }

    #[test]
    fn a_workspace_is_told_with_its_crates() {
        let packages = json!({"packages": [{"name": "one", "manifest_path": "/nowhere/Cargo.toml"}]});
        let said = choose(&packages, MANIFEST.as_ref(), &ANY).unwrap_err().to_string();
        assert!(said.contains("is a workspace") && said.contains("its crates are: one"), "{said}");
    }
}
