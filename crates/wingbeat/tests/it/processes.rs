//! A task process as a platform starts it: flags and variables of `a0`, files in a folder, an exit status.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};
use std::time::{Duration, Instant};

use buffa::Message;
use wingbeat::Value;
use wingbeat_proto::flyteidl2::core::{ErrorDocument, container_error, execution_error};
use wingbeat_proto::flyteidl2::task::{Inputs, NamedLiteral, Outputs};

/// A program of `examples/rust`, which cargo has built beside this test.
pub(crate) fn example(name: &str) -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let target = own.parent().and_then(Path::parent).unwrap();
    target.join("examples").join(name)
}

fn named(name: &str, value: &impl Value) -> NamedLiteral {
    NamedLiteral { name: name.to_owned(), value: value.to_literal().unwrap().into(), ..Default::default() }
}

/// Generous: the machine may be busy.
const PATIENCE: Duration = Duration::from_mins(2);

struct Attempt {
    folder: tempfile::TempDir,
}

impl Attempt {
    fn new(literals: Vec<NamedLiteral>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let inputs = Inputs { literals, ..Default::default() };
        std::fs::write(folder.path().join("inputs.pb"), inputs.encode_to_vec()).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The command of a platform, with nothing but what it has to set.
    fn command(&self, task: &str) -> Command {
        self.command_of("hello", task)
    }

    fn command_of(&self, program: &str, task: &str) -> Command {
        let mut command = Command::new(example(program));
        command.env_clear().current_dir(self.folder.path());
        for (name, value) in [
            ("ACTION_NAME", "a0"),
            ("RUN_NAME", "r1"),
            ("_U_ORG_NAME", "o"),
            ("FLYTE_INTERNAL_EXECUTION_PROJECT", "p"),
            ("FLYTE_INTERNAL_EXECUTION_DOMAIN", "d"),
            ("_U_RUN_BASE", "/nowhere"),
            ("FLYTE_ATTEMPT_NUMBER", "0"),
        ] {
            command.env(name, value);
        }
        command.arg("--inputs").arg(self.path("inputs.pb")).arg("--outputs-path").arg(self.path("out"));
        command.args(["--version", "v1", "--raw-data-path"]).arg(self.path("raw"));
        command.args(["--checkpoint-path", "cp", "--prev-checkpoint", "\"\"", "--run-name", "{{.runName}}"]);
        command.args(["--name", "{{.actionName}}", "--run-start-time", "{{.runStartTime}}"]);
        command.args(["--resolver", "wingbeat", "task", task]);
        command
    }

    fn run(&self, task: &str) -> Output {
        self.command(task).output().unwrap()
    }

    fn outputs(&self) -> Vec<NamedLiteral> {
        let bytes = std::fs::read(self.path("out/outputs.pb")).unwrap();
        assert!(!self.path("out/error.pb").exists());
        Outputs::decode_from_slice(&bytes).unwrap().literals
    }

    fn error(&self) -> ErrorDocument {
        assert!(!self.path("out/outputs.pb").exists());
        ErrorDocument::decode_from_slice(&std::fs::read(self.path("out/error.pb")).unwrap()).unwrap()
    }
}

#[test]
fn a_task_reads_its_inputs_and_leaves_its_outputs() {
    let attempt = Attempt::new(vec![named("a", &17_i64), named("b", &5_i64)]);
    let output = attempt.run("hello.divide");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(attempt.outputs(), [named("o0", &3_i64), named("o1", &2_i64)]);
}

#[test]
fn variables_of_others_need_not_be_text() {
    let attempt = Attempt::new(vec![named("a", &17_i64), named("b", &5_i64)]);
    let odd = OsStr::from_bytes(b"\xff");
    let output = attempt.command("hello.divide").env("ODD", odd).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(attempt.outputs().len(), 2);

    let output = Command::new(example("hello")).args(["run", "hello.greet", "--name"]).arg(odd).output();
    let output = output.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.starts_with("error: the argument"), "{said}");
}

#[test]
fn a_default_stands_for_an_input_that_is_not_given() {
    let attempt = Attempt::new(Vec::new());
    let output = attempt.run("hello.greet");
    assert_eq!(attempt.outputs(), [named("o0", &"Hello, world!".to_owned())]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "greeting world\n");
}

#[test]
fn a_failure_is_told_in_a_file_and_the_status_is_zero() {
    let attempt = Attempt::new(vec![named("text", &"x".to_owned())]);
    assert_eq!(attempt.run("hello.parse").status.code(), Some(0));
    let error = attempt.error().error;
    assert_eq!(
        (error.code.as_str(), error.message.as_str()),
        ("ParseIntError", "invalid digit found in string")
    );
    assert_eq!(error.origin, execution_error::ErrorKind::USER);
    assert_eq!(error.kind, container_error::Kind::RECOVERABLE);

    let attempt = Attempt::new(vec![named("a", &1_i64), named("b", &0_i64)]);
    assert_eq!(attempt.run("hello.divide").status.code(), Some(0));
    let error = attempt.error().error;
    assert_eq!(error.code, "DivisionByZero");
    assert_eq!(error.kind, container_error::Kind::NON_RECOVERABLE);
}

#[test]
fn a_panic_is_a_failure_with_its_place() {
    let attempt = Attempt::new(Vec::new());
    assert_eq!(attempt.run("hello.panics").status.code(), Some(0));
    let error = attempt.error().error;
    assert_eq!(
        (error.code.as_str(), error.origin.as_known()),
        ("Panic", Some(execution_error::ErrorKind::USER))
    );
    assert!(error.message.contains("hello.rs:") && error.message.contains("index is 3"), "{}", error.message);
}

#[test]
fn an_input_of_another_type_is_told_by_its_name() {
    let attempt = Attempt::new(vec![named("x", &"seven".to_owned())]);
    assert_eq!(attempt.run("hello.square").status.code(), Some(0));
    let error = attempt.error().error;
    assert_eq!(
        (error.code.as_str(), error.message.as_str()),
        ("DataValidationError", "`x`: expected int, got str")
    );
}

#[test]
fn a_task_that_is_not_there_is_an_error_of_loading() {
    let attempt = Attempt::new(Vec::new());
    assert_eq!(attempt.run("hello.nobody").status.code(), Some(1));
    let error = attempt.error().error;
    assert_eq!(
        (error.code.as_str(), error.origin.as_known()),
        ("TaskNotFound", Some(execution_error::ErrorKind::UNKNOWN))
    );
    assert!(error.message.contains("hello.greet"), "{}", error.message);
}

#[test]
fn without_inputs_or_identity_nothing_is_written() {
    let attempt = Attempt::new(Vec::new());
    std::fs::remove_file(attempt.path("inputs.pb")).unwrap();
    let output = attempt.run("hello.greet");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("inputs.pb"));
    assert!(!attempt.path("out").exists());

    let output = attempt.command("hello.greet").env_remove("_U_ORG_NAME").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--org"));
}

#[test]
fn a_call_of_another_task_without_a_platform_says_so() {
    let attempt = Attempt::new(vec![named("n", &2_i64)]);
    let output = attempt.command("hello.squares").env("_U_EP_OVERRIDE", "ftp://nowhere:1").output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let error = attempt.error().error;
    assert_eq!(
        (error.code.as_str(), error.origin.as_known()),
        ("NoPlatform", Some(execution_error::ErrorKind::SYSTEM))
    );
}

/// Starts a task that takes a lock, sends it away when it has it, and tells its status.
fn terminated(attempt: &Attempt, task: &str) -> Option<i32> {
    let mut process = attempt.command_of("durable", task).spawn().unwrap();
    let lock = attempt.path("lock");
    wait_until(&mut process, "the task begins", |_| lock.exists());
    assert!(Command::new("/bin/kill").arg(process.id().to_string()).status().unwrap().success());
    wait_until(&mut process, "the process ends", |process| process.try_wait().unwrap().is_some());
    process.wait().unwrap().code()
}

fn wait_until(process: &mut Child, what: &str, mut is_so: impl FnMut(&mut Child) -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so(process) {
        if Instant::now() > deadline {
            drop(process.kill());
            panic!("not in time: {what}");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn an_attempt_that_is_sent_away_is_dropped_where_it_waits() {
    for (task, is_cleaned_up) in [("durable.hold", true), ("durable.hold_blocking", false)] {
        let attempt = Attempt::new(Vec::new());
        let lock = attempt.path("lock").to_str().unwrap().to_owned();
        let inputs = Inputs { literals: vec![named("path", &lock)], ..Default::default() };
        std::fs::write(attempt.path("inputs.pb"), inputs.encode_to_vec()).unwrap();
        assert_eq!(terminated(&attempt, task), Some(143), "{task}");
        assert_eq!(!attempt.path("lock").exists(), is_cleaned_up, "{task}");
        // Whoever sent the signal tells what the attempt came to.
        assert!(!attempt.path("out/outputs.pb").exists() && !attempt.path("out/error.pb").exists(), "{task}");
    }
}

#[test]
fn outputs_with_names_are_told_by_them() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(example("hello"))
        .args(["run", "--data"])
        .arg(folder.path())
        .args(["divide_by", "--a", "17", "--b", "5"])
        .output()
        .unwrap();
    let json: wingbeat::serde_json::Value = wingbeat::serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json, wingbeat::serde_json::json!({"quotient": 3, "rest": 2}));
}

#[test]
fn tasks_are_listed_for_people_and_for_programs() {
    let list = |words: &[&str]| {
        let output = Command::new(example("hello")).arg("list").args(words).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let text = list(&[]);
    for line in [
        "hello.greet(name: str = …) -> str",
        "hello.divide(a: int, b: int) -> (int, int)",
        "hello.divide_by(a: int, b: int) -> (quotient: int, rest: int)",
        "hello.length(point: Point) -> float",
        "hello.panics()",
    ] {
        assert!(text.lines().any(|one| one == line), "`{line}` is not in\n{text}");
    }
    let tasks: Vec<wingbeat::serde_json::Value> =
        list(&["--json"]).lines().map(|line| wingbeat::serde_json::from_str(line).unwrap()).collect();
    assert_eq!(tasks.len(), text.lines().count());
    let of = |name: &str| tasks.iter().find(|task| task["name"] == name).unwrap();
    let greet = of("hello.greet");
    assert_eq!(greet["docs"], "Greets somebody.");
    assert_eq!(greet["inputs"]["properties"]["name"]["type"], "string");
    assert_eq!(greet["inputs"]["properties"]["name"]["default"], "world");
    let point = &of("hello.length")["inputs"]["properties"]["point"];
    assert_eq!(point["properties"]["x"]["type"], "number", "{point}");
    assert!(of("hello.divide")["inputs"]["required"].as_array().unwrap().len() == 2);
    assert!(of("hello.divide")["module"].as_str().unwrap().contains("hello"));
}

#[test]
fn words_of_real_files_are_counted_and_plotted() {
    let folder = tempfile::tempdir().unwrap();
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs");
    let output = Command::new(example("word_count"))
        .args(["run", "--data"])
        .arg(folder.path())
        .args(["count", "--folder", docs, "--most", "3"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let counts: wingbeat::serde_json::Value = wingbeat::serde_json::from_slice(&output.stdout).unwrap();
    assert!(counts["the"].as_i64().unwrap() > 10, "{counts}");
    let run = std::fs::read_dir(folder.path().join("runs")).unwrap().next().unwrap().unwrap().path();
    let report = std::fs::read_to_string(run.join("a0/1/report.html")).unwrap();
    assert!(report.contains("<svg") && report.contains(">the</text>"), "{report}");
}
