use std::fs;
use std::path::Path;

use clap::Parser;
use wingbeat_client::Surroundings;

use super::{ExecutorKind, UpConfig};
use crate::arguments::UpArguments;
use crate::failure::Failure;
use crate::up::origin::Origin;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    up: UpArguments,
}

fn resolve(root: &Path, line: &[&str], variables: &[(&str, &str)]) -> Result<UpConfig, Failure> {
    let arguments = Line::parse_from(["up"].iter().chain(line));
    let around = Surroundings {
        variables: variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        working_folder: Some(root.to_owned()),
        home: Some(root.to_owned()),
    };
    UpConfig::resolve(&arguments.up, &around)
}

fn complaint(root: &Path, line: &[&str], variables: &[(&str, &str)]) -> String {
    resolve(root, line, variables).expect_err("problems").to_string()
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("temporary folder")
}

#[test]
fn without_a_word_the_defaults_hold() {
    let root = folder();
    let config = resolve(root.path(), &[], &[]).expect("defaults");
    assert_eq!(config.data, root.path().join(".wingbeat"));
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.executor, ExecutorKind::Process);
    assert_eq!((config.python, config.parallelism, config.no_auth), (None, None, false));
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let root = folder();
    let data = root.path().join("data");
    fs::create_dir_all(&data).expect("folder");
    fs::write(
        data.join("config.toml"),
        "parallelism = 3\nexecutor = \"simulated\"\nallowed_hosts = [\"a\", \"b\"]\n",
    )
    .expect("file");
    let variables = [("WINGBEAT_DATA", data.to_str().expect("text")), ("WINGBEAT_PARALLELISM", "5")];
    let config = resolve(root.path(), &[], &variables).expect("config");
    assert_eq!((config.parallelism, config.executor), (Some(5), ExecutorKind::Simulated));
    assert_eq!(config.allowed_hosts, ["a", "b"]);
    let flags = ["--parallelism", "7", "--executor", "process", "--allowed-host", "c"];
    let config = resolve(root.path(), &flags, &variables).expect("config");
    assert_eq!((config.parallelism, config.executor), (Some(7), ExecutorKind::Process));
    assert_eq!(config.allowed_hosts, ["c"]);
}

#[test]
fn how_tasks_are_kept_apart_is_a_setting() {
    let root = folder();
    let config = resolve(root.path(), &[], &[]).expect("defaults");
    assert_eq!((config.isolation.name(), config.warm_idle_seconds), ("reuse", 300));
    let variables = [("WINGBEAT_ISOLATION", "warm"), ("WINGBEAT_WARM_IDLE", "20")];
    let config = resolve(root.path(), &["--isolation", "process"], &variables).expect("config");
    assert_eq!((config.isolation.name(), config.warm_idle_seconds), ("process", 20));
    let text = complaint(root.path(), &["--isolation", "hot", "--warm-idle", "0"], &[]);
    assert!(text.contains("write reuse, warm or process") && text.contains("write whole seconds"), "{text}");
}

#[test]
fn an_address_that_was_picked_once_is_kept() {
    let root = folder();
    fs::create_dir_all(root.path().join(".wingbeat")).expect("folder");
    fs::write(root.path().join(".wingbeat/listen"), "127.0.0.1:4711\n").expect("file");
    let config = resolve(root.path(), &[], &[]).expect("config");
    assert_eq!(config.listen.to_string(), "127.0.0.1:4711");
    assert!(matches!(config.listen_origin, Origin::Kept(_)));
    let config = resolve(root.path(), &["--listen", "localhost:0"], &[]).expect("config");
    assert_eq!(config.listen.to_string(), "127.0.0.1:0");
}

#[test]
fn all_problems_are_told_together_and_each_names_its_place() {
    let root = folder();
    fs::create_dir_all(root.path().join(".wingbeat")).expect("folder");
    let file = root.path().join(".wingbeat/config.toml");
    fs::write(&file, "# mine\nlisten = 5\nparalelism = 2\nexecutor = \"docker\"\n").expect("file");
    let told = complaint(
        root.path(),
        &["--listen", "nonsense", "--python", "no-python"],
        &[("WINGBEAT_PARALLELISM", "0")],
    );
    let place = |line: usize| format!("{}, line {line}", file.display());
    for expected in [
        "listen = \"nonsense\" (flag --listen)".to_owned(),
        "no-python\" (flag --python): it does not exist".to_owned(),
        "parallelism = \"0\" (environment variable WINGBEAT_PARALLELISM)".to_owned(),
        format!("listen ({}): write a text", place(2)),
        format!("paralelism ({}): unknown", place(3)),
        format!("executor = \"docker\" ({})", place(4)),
    ] {
        assert!(told.contains(&expected), "no `{expected}` in:\n{told}");
    }
}

#[test]
fn a_file_that_is_no_toml_is_named_with_its_line() {
    let root = folder();
    let file = root.path().join("mine.toml");
    fs::write(&file, "listen = \"127.0.0.1:1\"\nparallelism = = 2\n").expect("file");
    let told = complaint(root.path(), &["--config", "mine.toml"], &[]);
    assert!(told.contains("mine.toml, line 2"), "{told}");
    assert!(complaint(root.path(), &["--config", "other.toml"], &[]).contains("other.toml"));
}

#[test]
fn the_world_is_let_in_only_when_asked_for() {
    let root = folder();
    assert!(complaint(root.path(), &["--listen", "0.0.0.0:80"], &[]).contains("--no-auth"));
    assert!(resolve(root.path(), &["--listen", "0.0.0.0:80", "--no-auth"], &[]).is_ok());
}

#[test]
fn a_virtual_environment_is_a_python_too() {
    let root = folder();
    fs::create_dir_all(root.path().join("venv/bin")).expect("folder");
    assert!(complaint(root.path(), &["--python", "venv"], &[]).contains("no Python interpreter"));
    fs::write(root.path().join("venv/bin/python"), "").expect("file");
    let config = resolve(root.path(), &["--python", "venv"], &[]).expect("config");
    assert_eq!(config.python, Some(root.path().join("venv")));
}

#[test]
fn a_database_is_named_by_its_address_and_no_complaint_repeats_it() {
    let root = folder();
    let secret = root.path().join("secret");
    fs::write(&secret, "hush\n").expect("file");
    let named = ("WINGBEAT_DATABASE", "postgres://ada@db.example.org/flows");
    let config = resolve(root.path(), &["--database-password-file", "secret"], &[named]).expect("config");
    let address = config.database.as_ref().map(ToString::to_string);
    assert_eq!(address.as_deref(), Some("database flows at db.example.org:5432 as ada"));
    assert!(!format!("{config:?}").contains("hush"));
    assert_ne!(resolve(root.path(), &[], &[named]).expect("config").database, config.database);

    let refused = complaint(root.path(), &["--database", "mysql://ada:hush@db/flows"], &[]);
    assert!(refused.contains("flag --database") && refused.contains("postgres://"), "{refused}");
    assert!(!refused.contains("hush"), "{refused}");
    let missing = complaint(root.path(), &["--database-password-file", "nowhere"], &[named]);
    assert!(missing.contains("nowhere"), "{missing}");
}
