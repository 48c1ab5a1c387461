//! The program from outside: what it says and how it ends when there is nothing to talk to.

mod controller;
mod frozen;
mod gateway;
mod logins;
mod platform;
mod remote;
mod run;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn wingbeat(home: &Path, line: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wingbeat"))
        .args(line)
        .env_clear()
        .env("HOME", home)
        .current_dir(home)
        .output()
        .expect("the program runs")
}

fn check(home: &Path, line: &[&str], status: i32, expected: &[&str]) {
    let output = wingbeat(home, line);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{line:?} said:\n{said}");
    for part in expected {
        assert!(said.contains(part), "{line:?} does not say `{part}`:\n{said}");
    }
    assert!(output.stdout.is_empty(), "{line:?} answered although it failed");
}

fn home() -> tempfile::TempDir {
    tempfile::tempdir().expect("temporary folder")
}

#[test]
fn without_a_server_every_command_says_how_to_get_one() {
    let home = home();
    for line in
        [&["status"][..], &["get", "run"], &["logs", "r1"], &["abort", "r1"], &["signal", "r1", "c", "1"]]
    {
        check(home.path(), line, 2, &["no server is named", "wingbeat up"]);
    }
}

#[test]
fn a_server_that_is_away_is_named() {
    let home = home();
    let line = ["get", "run", "--endpoint", "127.0.0.1:1"];
    check(home.path(), &line, 1, &["could not list runs", "http://127.0.0.1:1 does not answer", "refused"]);
}

#[test]
fn an_endpoint_that_is_none_is_a_mistake_of_the_caller() {
    let home = home();
    check(home.path(), &["status", "--endpoint", "ftp://h"], 2, &["flag --endpoint", "ftp://h"]);
    fs::create_dir(home.path().join(".flyte")).expect("folder");
    let config = home.path().join(".flyte/config.yaml");
    fs::write(&config, "admin:\n  endpoint: https://h\n  caCertFilePath: /no/such/ca.pem\n").expect("file");
    check(home.path(), &["status"], 2, &["/no/such/ca.pem"]);
    fs::write(&config, "admin:\n  endpoint: 'a b'\n").expect("file");
    check(home.path(), &["status"], 2, &["config.yaml", "`a b` is not an endpoint"]);
}

#[test]
fn words_that_are_no_command_are_a_mistake_of_the_caller() {
    let home = home();
    check(home.path(), &["fly"], 2, &["fly"]);
    check(home.path(), &["get", "run", "--limit", "0"], 2, &["--limit"]);
    check(home.path(), &["logs", "r1", "--attempt", "0"], 2, &["--attempt"]);
}

#[test]
fn up_tells_all_problems_of_its_settings_together() {
    let home = home();
    let line = ["up", "--listen", "nonsense", "--python", "no-python", "--parallelism", "many"];
    check(home.path(), &line, 2, &["nonsense", "no-python", "many", "flag --parallelism"]);
    check(home.path(), &["up", "--listen", "0.0.0.0:0"], 2, &["--no-auth"]);
    assert!(!home.path().join(".wingbeat").exists(), "nothing was made");
}

#[test]
fn up_refuses_a_data_folder_that_it_cannot_make() {
    let home = home();
    fs::write(home.path().join("file"), "").expect("file");
    check(home.path(), &["up", "--data", "file/data"], 1, &["file/data", "cannot be used", "--data"]);
}
