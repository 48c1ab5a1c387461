//! Rust tasks on a real platform, whose machine has no Python: nothing at all is on its PATH.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use wingbeat::serde_json::{Value as Json, json};

use crate::processes::example;

/// Generous: the machine may be busy with other tests.
const PATIENCE: Duration = Duration::from_mins(2);

struct Platform {
    folder: tempfile::TempDir,
    process: Child,
}

impl Platform {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = example("").parent().unwrap().join("wingbeat");
        let log = |name: &str| std::fs::File::create(folder.path().join(name)).unwrap();
        let process = Command::new(program)
            .args(["up", "--parallelism", "4", "--listen", "127.0.0.1:0", "--data"])
            .arg(folder.path().join("data"))
            .env_clear()
            .env("HOME", folder.path())
            .env("PATH", folder.path().join("nothing"))
            .stdin(Stdio::null())
            .stdout(log("out"))
            .stderr(log("err"))
            .spawn()
            .unwrap();
        let platform = Self { folder, process };
        let deadline = Instant::now() + PATIENCE;
        while !platform.said("out").contains("Wingbeat is ready") {
            assert!(Instant::now() < deadline, "the platform is not ready: {}", platform.said("err"));
            std::thread::sleep(Duration::from_millis(20));
        }
        platform
    }

    fn said(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }

    fn address(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("data/address")).unwrap().trim().to_owned()
    }

    /// `EXAMPLE run --remote … TASK INPUTS`.
    fn run(&self, program: &Path, how: &[&str], task: &[&str]) -> Output {
        Command::new(program)
            .args(["run", "--remote", "--endpoint", &self.address()])
            .args(how)
            .args(task)
            .env_clear()
            .env("HOME", self.folder.path())
            .output()
            .unwrap()
    }

    /// What a run of a program that is there already gives.
    fn outputs(&self, name: &str, task: &[&str]) -> Json {
        let program = example(name);
        let output = self.run(&program, &["--version", "v1", "--program", program.to_str().unwrap()], task);
        json_of(&output, self)
    }
}

fn json_of(output: &Output, platform: &Platform) -> Json {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{err}\nthe platform said:\n{}", platform.said("err"));
    wingbeat::serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error} in `{out}`"))
}

impl Drop for Platform {
    fn drop(&mut self) {
        // The executor is a process of its own, which ends with the server only when that may end by itself.
        let asked = Command::new("/bin/kill").arg(self.process.id().to_string()).status();
        let deadline = Instant::now() + PATIENCE;
        while asked.is_ok() && matches!(self.process.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
        }
        drop(self.process.kill());
    }
}

#[test]
fn tasks_run_on_a_platform_without_python() {
    let platform = Platform::start();
    assert_eq!(platform.outputs("hello", &["greet", "--name", "Ann"]), json!("Hello, Ann!"));
    // A parent with children, each in a process of its own.
    assert_eq!(platform.outputs("hello", &["squares", "--n", "4"]), json!([0, 1, 4, 9]));
    // The first attempt dies after the first step; the second one finds the step's result.
    let shop = platform.outputs("durable", &["shop", "--customer", "ann"]);
    assert_eq!(shop, json!({"o0": "parcel for receipt-ann-999-of-attempt-0", "o1": 1}));
    assert_eq!(platform.outputs("durable", &["resume", "--n", "3"]), json!(3));

    let program = example("hello");
    let how = ["--version", "v1", "--program", program.to_str().unwrap()];
    let failed = platform.run(&program, &how, &["divide", "--a", "1", "--b", "0"]);
    let said = String::from_utf8_lossy(&failed.stderr).into_owned();
    assert!(!failed.status.success() && said.contains("DivisionByZero: the divisor is 0"), "{said}");

    // The binary travels in a code bundle, and the executor unpacks it, for the parent and for its children.
    let bundled = platform.run(&program, &[], &["squares", "--n", "2"]);
    assert_eq!(json_of(&bundled, &platform), json!([0, 1]));
}

#[test]
fn tasks_are_deployed_as_often_as_one_likes_and_outputs_have_their_names() {
    let platform = Platform::start();
    let program = example("hello");
    for _ in 0..2 {
        let output = Command::new(&program)
            .args(["deploy", "--endpoint", &platform.address(), "--version", "v1", "--program"])
            .arg(&program)
            .env_clear()
            .env("HOME", platform.folder.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("hello.divide_by v1"));
    }
    let answer = platform.outputs("hello", &["divide_by", "--a", "17", "--b", "5"]);
    assert_eq!(answer, json!({"quotient": 3, "rest": 2}));
}
