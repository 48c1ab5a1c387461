//! A real Python with a small stand-in for the package `flyte`; the stock package is used in `tests/stock_client`.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use super::{Code, NotTaken, WarmPool};
use crate::environment::MARKER;
use crate::folder::DataFolder;
use crate::outcome::Exit;
use crate::process::{Launch, TaskProcess};
use crate::tasks::Tasks;

mod forks;
mod libraries;

const LONG: Duration = Duration::from_mins(1);
const NEVER: Duration = Duration::from_hours(1);

/// The parts of `flyte` and `fsspec` that the preloaded program itself relies on.
const SYNCIFY: &str = "
import asyncio, threading
class _BackgroundLoop:
    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(name='flyte_syncify', target=self._run, daemon=True)
        self.thread.start()
    def _run(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()
background = _BackgroundLoop()
";

struct Stage {
    root: TempDir,
    pool: WarmPool,
    folder: Arc<DataFolder>,
    tasks: Tasks,
}

impl Stage {
    /// `flyte` is what `import flyte` runs, `a0` what the script does.
    async fn new(flyte: &str, a0: &str, idle: Duration) -> Self {
        let root = tempfile::tempdir().unwrap();
        let modules = root.path().join("modules");
        for (path, text) in [
            (
                "flyte/__init__.py",
                format!("import os\nos.getenv('SEEN')\nfrom flyte import syncify\n{flyte}\n"),
            ),
            ("flyte/syncify/__init__.py", "from flyte.syncify import _api\n".to_owned()),
            ("flyte/syncify/_api.py", SYNCIFY.to_owned()),
            ("fsspec/__init__.py", String::new()),
            ("fsspec/config.py", String::new()),
        ] {
            let path = modules.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let script = root.path().join("bin/a0");
        fs::create_dir_all(script.parent().unwrap()).unwrap();
        fs::write(&script, format!("#!{}\n{a0}\n", python().display())).unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
        let folder = Arc::new(DataFolder::open(&root.path().join("data")).await.unwrap());
        // The orphans of the preloaded interpreter must become children of the tests' process.
        crate::process::adopt_orphans().unwrap();
        let tasks = Tasks::default();
        let pool = WarmPool::new(Arc::clone(&folder), tasks.clone(), idle);
        Self { root, pool, folder, tasks }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Where attempts run.
    fn work(&self) -> PathBuf {
        Some(self.path("bundle"))
            .filter(|bundle| bundle.is_dir())
            .unwrap_or_else(|| self.root.path().to_owned())
    }

    fn env(&self, more: &[(&str, &str)]) -> BTreeMap<String, String> {
        let mut env: BTreeMap<String, String> =
            more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        env.insert("PYTHONPATH".to_owned(), self.python_path());
        env.insert("PATH".to_owned(), std::env::var("PATH").unwrap());
        env.insert(MARKER.to_owned(), format!("{:032x}", rand::random::<u128>()));
        env
    }

    /// What is on the first path counts as the user's own, what is on the second as installed.
    fn python_path(&self) -> String {
        format!("{}:{}", self.path("modules").display(), self.path("site-packages").display())
    }

    async fn start(&self, env: BTreeMap<String, String>) -> Result<TaskProcess, String> {
        self.start_code(env, None).await.map(|(process, _isolation)| process)
    }

    /// As the executor starts an attempt.
    async fn start_code(
        &self,
        env: BTreeMap<String, String>,
        code: Option<&Code>,
    ) -> Result<(TaskProcess, String), String> {
        let shared = code.and_then(|code| self.pool.with_libraries(code, &env));
        let script = self.path("bin/a0");
        let interpreter = match shared {
            Some(interpreter) => interpreter,
            None => timeout(LONG, self.pool.interpreter(&script, &env)).await.unwrap()?,
        };
        let isolation = interpreter.isolation();
        let mut fork = timeout(LONG, self.pool.fork(interpreter)).await.unwrap()?;
        let marker = env[MARKER].clone();
        assert!(fork.process(&marker).mark().leader.is_some());
        let (work, stdout, stderr) = (self.work(), self.path("stdout"), self.path("stderr"));
        let launch = Launch {
            program: self.path("bin/a0"),
            args: code.map_or_else(|| vec!["first".to_owned(), "second one".to_owned()], Code::words),
            env,
            folder: &work,
            stdin: None,
            stdout: &stdout,
            stderr: &stderr,
            marker,
        };
        let asked = code.filter(|code| self.pool.ask(code));
        let (process, line) = fork.run(&launch, asked.is_some()).await.map_err(|error| match error {
            NotTaken::Refused(reason) | NotTaken::Unknown(reason) => reason,
        })?;
        if let Some(code) = asked {
            self.pool.hear(code.clone(), line);
        }
        Ok((process, isolation))
    }

    async fn run(&self, more: &[(&str, &str)]) -> Exit {
        let mut process = self.start(self.env(more)).await.unwrap();
        let exit = timeout(LONG, process.wait()).await.unwrap();
        process.kill_family().await;
        exit
    }

    fn stdout(&self) -> String {
        fs::read_to_string(self.path("stdout")).unwrap_or_default()
    }

    /// Process numbers of the interpreters that are there.
    fn templates(&self) -> Vec<i32> {
        let families = self.folder.leftovers();
        families.into_iter().filter_map(|left| left.family?.leader.map(|leader| leader.pid)).collect()
    }

    /// Forked processes of this stage's interpreters that wait for an attempt.
    fn waiting(&self) -> usize {
        let interpreters = self.templates();
        let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| Some(entry.ok()?.path()));
        processes.filter(|process| interpreters.iter().any(|parent| self.waits(process, *parent))).count()
    }

    fn waits(&self, process: &Path, parent: i32) -> bool {
        let read = |name| fs::read(process.join(name)).unwrap_or_default();
        let modules = format!("PYTHONPATH={}", self.python_path());
        let holds = |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
        holds(&read("cmdline"), "waits for an attempt")
            && holds(&read("environ"), &modules)
            && holds(&read("status"), &format!("PPid:\t{parent}\n"))
    }

    async fn end(self) {
        self.pool.close();
        timeout(LONG, self.tasks.join()).await.unwrap();
        assert!(self.templates().is_empty());
    }
}

fn python() -> PathBuf {
    let path = std::env::var("PATH").unwrap();
    let mut found = path.split(':').map(|folder| Path::new(folder).join("python3"));
    found.find(|file| file.is_file()).expect("python3 on PATH").canonicalize().unwrap()
}

#[tokio::test]
async fn a_fork_is_what_a_fresh_process_would_be() {
    let a0 = "
import os, sys
print(sys.argv[1:], os.environ['WHO'], 'LEFT' in os.environ, os.getcwd(), os.getpgid(0) == os.getpid())
print([e for e in open('/proc/self/environ').read().split(chr(0)) if e.startswith('WHO')])
print([e for e in open('/proc/self/cmdline').read().split(chr(0)) if e][2:], os.read(0, 1))
sys.stderr.write('aside')
";
    let stage = Stage::new("", a0, NEVER).await;
    assert_eq!(stage.run(&[("WHO", "one"), ("LEFT", "1")]).await, Exit::Code(0));
    fs::remove_file(stage.path("stdout")).unwrap();
    assert_eq!(stage.run(&[("WHO", "two")]).await, Exit::Code(0));
    let here = stage.root.path().display();
    let seen =
        format!("['first', 'second one'] two False {here} True\n['WHO=two']\n['first', 'second one'] b''\n");
    assert_eq!(stage.stdout(), seen);
    assert!(fs::read_to_string(stage.path("stderr")).unwrap().contains("aside"));
    assert_eq!(stage.templates().len(), 1);
    stage.end().await;
}

#[tokio::test]
async fn every_end_of_a_fork_is_known_and_the_interpreter_survives_it() {
    let a0 = "
import os, sys, atexit, signal
how = os.environ['HOW']
atexit.register(print, 'at exit')
if how == 'exit': sys.exit(3)
if how == 'now': os._exit(4)
if how == 'raise': raise ValueError('no')
if how == 'kill': os.kill(os.getpid(), signal.SIGKILL)
if how == 'segv': os.kill(os.getpid(), signal.SIGSEGV)
";
    let stage = Stage::new("", a0, NEVER).await;
    let ends = [
        ("exit", Exit::Code(3)),
        ("now", Exit::Code(4)),
        ("raise", Exit::Code(1)),
        ("kill", Exit::Signal(9)),
        ("segv", Exit::Signal(11)),
        ("", Exit::Code(0)),
    ];
    for (how, exit) in ends {
        assert_eq!(stage.run(&[("HOW", how)]).await, exit, "{how}");
    }
    assert_eq!(stage.stdout(), "at exit\n".repeat(3));
    assert!(fs::read_to_string(stage.path("stderr")).unwrap().contains("ValueError: no"));
    assert_eq!(stage.templates().len(), 1);
    stage.end().await;
}

#[tokio::test]
async fn the_background_loop_and_the_random_numbers_are_a_forks_own() {
    let a0 = "
import asyncio, random
from flyte.syncify import _api
async def answer(): return 42
print(asyncio.run_coroutine_threadsafe(answer(), _api.background.loop).result(30), random.random())
";
    let stage = Stage::new("import random; random.seed(1)", a0, NEVER).await;
    assert_eq!(stage.run(&[]).await, Exit::Code(0));
    assert_eq!(stage.run(&[]).await, Exit::Code(0));
    let said = stage.stdout();
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines.len() == 2 && lines.iter().all(|line| line.starts_with("42 ")), "{said}");
    assert_ne!(lines[0], lines[1]);
    stage.end().await;
}

#[tokio::test]
async fn memory_that_attempts_write_to_is_copied_before_they_come() {
    let a0 = "
import flyte, os, resource
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for place in range(0, len(flyte.SHARED), 4096): flyte.SHARED[place] = 1
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
";
    let stage = Stage::new("SHARED = bytearray(b'x' * (8 << 20))", a0, NEVER).await;
    for _ in 0..3 {
        assert_eq!(stage.run(&[]).await, Exit::Code(0));
        until("a process was forked ahead", || stage.waiting() == 1).await;
    }
    let said = stage.stdout();
    let faults: Vec<u32> = said.lines().map(|line| line.parse().unwrap()).collect();
    // The second was forked before the first had ended.
    assert!(faults[0] > 2_000 && faults[2] < 100, "{faults:?}");
    stage.end().await;
}

#[tokio::test]
async fn git_is_asked_only_where_it_could_find_settings() {
    let flyte = "
import sys, types
git = sys.modules['flyte.git'] = types.ModuleType('flyte.git')
git.config_from_root = lambda path: 'asked'
";
    let a0 = "
import os
from flyte.git import config_from_root
print(config_from_root())
os.environ['GIT_DIR'] = '/elsewhere'
print(config_from_root())
del os.environ['GIT_DIR']
os.makedirs('.flyte'); open('.flyte/config.yaml', 'w').close(); os.makedirs('below'); os.chdir('below')
print(config_from_root())
os.rmdir(os.getcwd())
print(config_from_root())
";
    let stage = Stage::new(flyte, a0, NEVER).await;
    assert_eq!(stage.run(&[]).await, Exit::Code(0));
    assert_eq!(stage.stdout(), "None\nasked\nasked\nNone\n");
    stage.end().await;
}

#[tokio::test]
async fn a_variable_that_was_read_at_import_gets_an_interpreter_of_its_own() {
    let stage = Stage::new("", "import os; print(os.environ.get('SEEN'))", NEVER).await;
    for value in ["1", "1", "2"] {
        assert_eq!(stage.run(&[("SEEN", value), ("OTHER", value)]).await, Exit::Code(0));
    }
    assert_eq!(stage.stdout(), "1\n1\n2\n");
    // The first was started before it was known that the variable is read.
    assert_eq!(stage.templates().len(), 3);
    stage.end().await;
}

#[tokio::test]
async fn a_thread_that_import_leaves_running_is_a_reason() {
    let flyte = "import threading; threading.Thread(target=threading.Event().wait, daemon=True).start()";
    let stage = Stage::new(flyte, "", NEVER).await;
    let first = stage.start(stage.env(&[])).await.unwrap_err();
    assert!(first.contains("left threads running"), "{first}");
    // Not tried again at once.
    assert_eq!(stage.start(stage.env(&[])).await.unwrap_err(), first);
    assert!(stage.templates().is_empty());
    stage.end().await;
}

#[tokio::test]
async fn a_script_without_the_package_is_a_reason() {
    let stage = Stage::new("raise ImportError('broken installation')", "", NEVER).await;
    let reason = stage.start(stage.env(&[])).await.unwrap_err();
    assert!(reason.contains("broken installation"), "{reason}");
    stage.end().await;
}

#[tokio::test]
async fn an_edited_module_is_not_taken_from_memory() {
    let stage = Stage::new("", "import flyte; print(getattr(flyte, 'NEW', 0))", NEVER).await;
    assert_eq!(stage.run(&[]).await, Exit::Code(0));
    until("a process was forked ahead", || stage.waiting() == 1).await;
    let module = stage.path("modules/flyte/__init__.py");
    let text = fs::read_to_string(&module).unwrap();
    fs::write(&module, format!("{text}\nNEW = 1\n")).unwrap();
    let newer = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(4_000_000_000);
    fs::File::options().write(true).open(&module).unwrap().set_modified(newer).unwrap();
    let reason = stage.start(stage.env(&[])).await.unwrap_err();
    assert!(reason.contains("has changed"), "{reason}");
    until("the interpreter is gone", || stage.templates().is_empty()).await;
    assert_eq!(stage.run(&[]).await, Exit::Code(0));
    assert_eq!(stage.stdout(), "0\n1\n");
    stage.end().await;
}

#[tokio::test]
async fn a_killed_interpreter_is_replaced_and_its_forks_go_on() {
    let a0 = "import sys, os, time\nprint('up', flush=True)\nwhile not os.path.exists('go'): time.sleep(0.01)\nsys.exit(7)";
    let stage = Stage::new("", a0, NEVER).await;
    let mut process = stage.start(stage.env(&[])).await.unwrap();
    until("the fork runs", || stage.stdout().contains("up")).await;
    let killed = stage.templates();
    assert_eq!(killed.len(), 1);
    signal(killed[0], Signal::KILL);
    until("the interpreter is gone", || stage.templates().is_empty()).await;
    fs::write(stage.path("go"), "").unwrap();
    assert_eq!(timeout(LONG, process.wait()).await.unwrap(), Exit::Code(7));
    assert_eq!(stage.run(&[]).await, Exit::Code(7));
    stage.end().await;
}

#[tokio::test]
async fn an_interpreter_that_does_not_say_how_a_fork_ended_is_killed() {
    let stage = Stage::new("", "import sys\nsys.exit(7)", NEVER).await;
    assert_eq!(stage.run(&[]).await, Exit::Code(7));
    until("a process waits", || stage.waiting() == 1).await;
    let stopped = stage.templates();
    signal(stopped[0], Signal::STOP);
    assert_eq!(stage.run(&[]).await, Exit::Code(7));
    until("it is gone", || !stage.templates().contains(&stopped[0])).await;
    assert_eq!(stage.run(&[]).await, Exit::Code(7));
    stage.end().await;
}

#[tokio::test]
async fn an_unused_interpreter_goes() {
    let stage = Stage::new("", "", Duration::from_millis(300)).await;
    assert_eq!(stage.run(&[]).await, Exit::Code(0));
    until("the interpreter is gone", || stage.templates().is_empty()).await;
    assert_eq!(stage.run(&[]).await, Exit::Code(0));
    stage.end().await;
}

fn signal(pid: i32, signal: Signal) {
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, signal).unwrap();
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let wait = async {
        while !holds() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(timeout(LONG, wait).await.is_ok(), "never saw: {what}");
}
