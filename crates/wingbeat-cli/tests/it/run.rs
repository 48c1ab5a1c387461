//! `wingbeat run`: a real cargo with a crate that needs nothing, and a real task binary behind a cargo that has it
//! already. Both at once would compile the SDK a second time, with other features.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Says what it was started with, and how it was built.
const ECHO: &str = r#"fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    println!("{} debug={}", words.join(" "), cfg!(debug_assertions));
}"#;

struct Crate {
    folder: tempfile::TempDir,
}

impl Crate {
    fn new(manifest: &str, files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("temporary folder");
        let made = Self { folder };
        made.write("flow/Cargo.toml", manifest);
        for (path, text) in files {
            made.write(&format!("flow/{path}"), text);
        }
        made
    }

    fn echo() -> Self {
        Self::new("[package]\nname = \"flow\"\nedition = \"2024\"\n", &[("src/main.rs", ECHO)])
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("it has one")).expect("folder");
        fs::write(path, text).expect("file");
    }

    /// With the environment of this test: cargo finds its compiler by it.
    fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().expect("the program runs")
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wingbeat"));
        command.arg("run").args(words).current_dir(self.folder.path());
        command.env_remove("CARGO_TARGET_DIR").env_remove("CARGO_BUILD_TARGET_DIR");
        command
    }

    fn check(&self, words: &[&str], status: i32, expected: &[&str]) {
        said(&self.run(words), status, expected);
    }
}

fn said(output: &Output, status: i32, expected: &[&str]) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "it said:\n{said}");
    for part in expected {
        assert!(said.contains(part), "it does not say `{part}`:\n{said}");
    }
}

fn answer(output: &Output) -> String {
    said(output, 0, &[]);
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[test]
fn a_crate_is_built_and_its_binary_gets_the_task_and_its_inputs() {
    let flow = Crate::echo();
    let output = flow.run(&["--no-cache", "--set", "team=red", "flow::square", "--x", "3", "--release"]);
    // What stands behind the task is the task's, also where it looks like an option of ours.
    assert_eq!(answer(&output), "run --no-cache --set=team=red square --x 3 --release debug=true");
    let shown = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(shown.contains("Compiling flow"), "cargo's output is shown: {shown}");
    assert!(flow.path("flow/target/debug/flow").exists());

    let words = ["--remote", "--detach", "--endpoint", "localhost:1", "flow/Cargo.toml::env.square"];
    let remote = answer(&flow.run(&words));
    assert_eq!(remote, "run --remote --detach --endpoint=localhost:1 env.square debug=false");
}

#[test]
fn what_cannot_be_built_is_told() {
    let broken = Crate::new(
        "[package]\nname = \"flow\"\nedition = \"2024\"\n",
        &[("src/main.rs", "fn main() { nonsense() }")],
    );
    broken.check(
        &["flow::square"],
        1,
        &["cannot find function `nonsense`", "could not build `flow` of the crate `flow`"],
    );
    broken.write("flow/Cargo.toml", "[package\n");
    broken.check(&["flow::square"], 1, &["could not read", "flow/Cargo.toml", "cargo says why"]);
    broken.check(
        &["elsewhere::square"],
        2,
        &["there is no Cargo.toml in `elsewhere`", "path/to/crate::task"],
    );
    broken.check(&["flow"], 2, &["names no task", "cargo run -- list"]);
    broken.check(&["--endpoint", "localhost:1", "flow::square"], 2, &["--remote"]);
}

#[test]
fn a_crate_with_several_binaries_is_told_with_their_names() {
    let files = [("src/bin/one.rs", ECHO), ("src/bin/two.rs", ECHO), ("examples/demo.rs", ECHO)];
    let flow = Crate::new("[package]\nname = \"flow\"\nedition = \"2024\"\n", &files);
    flow.check(&["flow::square"], 2, &["several binaries", "one, two", "--bin"]);
    flow.check(&["--bin", "three", "flow::square"], 2, &["no bin `three`", "one, two"]);
    assert_eq!(answer(&flow.run(&["--example", "demo", "flow::square"])), "run square debug=true");

    flow.write("Cargo.toml", "[workspace]\nmembers = [\"flow\"]\nresolver = \"3\"\n");
    flow.check(&["::square"], 2, &["is a workspace", "its crates are: flow"]);
}

#[test]
fn without_cargo_it_says_how_to_get_it() {
    let flow = Crate::echo();
    let output =
        flow.command(&["flow::square"]).env("CARGO", flow.path("no-cargo")).output().expect("it runs");
    said(&output, 1, &["no-cargo", "https://rustup.rs"]);
}

/// A cargo that has built `program` already, as the only binary of the crate.
fn cargo_with(program: &Path, flow: &Crate) -> PathBuf {
    let manifest = flow.path("flow/Cargo.toml");
    let target = r#"{"name":"flow","kind":["bin"]}"#;
    let metadata = format!(
        r#"{{"packages":[{{"name":"flow","manifest_path":"{}","targets":[{target}]}}]}}"#,
        manifest.display()
    );
    let artifact =
        format!(r#"{{"reason":"compiler-artifact","target":{target},"executable":"{}"}}"#, program.display());
    let script = format!(
        "#!/bin/sh\ncase $1 in\nmetadata) echo '{metadata}';;\nbuild) echo 'from a build script'; echo '{artifact}';;\nesac\n"
    );
    flow.write("cargo", &script);
    fs::set_permissions(flow.path("cargo"), fs::Permissions::from_mode(0o755)).expect("it is ours");
    flow.path("cargo")
}

#[test]
fn a_task_of_a_real_binary_runs_here() {
    let own = std::env::current_exe().expect("a test has a path");
    let hello = own.parent().and_then(Path::parent).expect("target folder").join("examples/hello");
    let flow = Crate::echo();
    let cargo = cargo_with(&hello, &flow);
    let run = |words: &[&str]| {
        flow.command(words).env("CARGO", &cargo).env("HOME", flow.path("home")).output().expect("it runs")
    };
    assert_eq!(
        answer(&run(&["--data", "files", "flow::squares", "--n", "4"])).replace(char::is_whitespace, ""),
        "[0,1,4,9]"
    );
    assert_eq!(answer(&run(&["--data", "files", "flow::length", "--point", r#"{"x": 3, "y": 4}"#])), "5.0");
    assert!(flow.path("files/cache").is_dir(), "paths are those of the caller's folder");
    said(&run(&["flow::nobody"]), 1, &["there is no task `nobody`", "hello.greet"]);
    said(&run(&["flow::divide", "--a", "1", "--b", "0"]), 1, &["DivisionByZero"]);
}
