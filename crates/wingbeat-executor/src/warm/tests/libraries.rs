//! Libraries that attempts share, made up: what each does when it is imported.

use std::fs;

use tokio::time::{Duration, sleep, timeout};

use super::{LONG, NEVER, Stage, until};
use crate::outcome::Exit;
use crate::warm::Code;

/// The stock runtime's part that loads a task.
const ENTRYPOINTS: &str = "
import importlib
def load_task(name):
    return importlib.import_module(name)
";

/// Loads the code and says what is left of the libraries' imports.
const A0: &str = "
import os, sys
sys.path.insert(0, os.getcwd())
from flyte._internal.runtime import entrypoints
before = set(sys.modules)
work = entrypoints.load_task('work')
print(*work.told(), *sorted(name for name in work.NAMES if name in before))
";

/// So much work that it is worth sharing.
const HEAVY: &str = "sum(range(20_000_000))\n";

async fn stage(libraries: &[(&str, &str)], work: &str) -> Stage {
    let stage = Stage::new("", A0, NEVER).await;
    let write = |path: &str, text: &str| {
        let path = stage.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    for package in ["flyte/_internal", "flyte/_internal/runtime"] {
        write(&format!("modules/{package}/__init__.py"), "");
    }
    write("modules/flyte/_internal/runtime/entrypoints.py", ENTRYPOINTS);
    // As an installer leaves it, so that the first import changes nothing in the folder.
    write("site-packages/__pycache__/kept", "");
    for (name, text) in libraries {
        write(&format!("site-packages/{name}"), text);
    }
    write("bundle/work.py", work);
    stage
}

impl Stage {
    fn code(&self) -> Code {
        self.code_of("s3://bucket/1.tar.gz")
    }

    fn code_of(&self, bundle: &str) -> Code {
        let args = ["--tgz", bundle, "mod", "work"].map(ToOwned::to_owned);
        Code::of(&self.path("bin/a0"), &args).unwrap()
    }

    /// How an attempt was started, and what it said.
    async fn attempt(&self) -> (String, String) {
        self.attempt_of(&self.code()).await
    }

    async fn attempt_of(&self, code: &Code) -> (String, String) {
        let _first = fs::remove_file(self.path("stdout"));
        let (mut process, isolation) = self.start_code(self.env(&[]), Some(code)).await.unwrap();
        assert_eq!(timeout(LONG, process.wait()).await.unwrap(), Exit::Code(0), "{}", self.stderr());
        process.kill_family().await;
        (isolation, self.stdout())
    }

    /// The first attempt that finds libraries in memory.
    async fn shared_attempt(&self, code: &Code) -> (String, String) {
        for _ in 0..600 {
            let (isolation, said) = self.attempt_of(code).await;
            if isolation != "warm" {
                return (isolation, said);
            }
            sleep(Duration::from_millis(50)).await;
        }
        panic!("no libraries are shared: {}", self.logs());
    }

    fn stderr(&self) -> String {
        fs::read_to_string(self.path("stderr")).unwrap_or_default()
    }

    fn logs(&self) -> String {
        let logs = |number| self.path(&format!("data/executor/templates/{number}.log"));
        (0..4).filter_map(|number| fs::read_to_string(logs(number)).ok()).collect()
    }
}

/// What each does when it is imported.
const MANY: &[(&str, &str)] = &[
    (
        "good/__init__.py",
        "import os, random, sys\nsys.modules['never'] = None\nclass Own(random.Random):\n    def seed(self, more):\n        super().seed()\nG = random.Random()\nOwn(1)\nos.environ['SET_BY_GOOD'] = '1'\n",
    ),
    ("good/part.py", HEAVY),
    (
        "torch.py",
        "class default_generator:\n    seeded = 0\n    @classmethod\n    def seed(cls):\n        cls.seeded += 1\n",
    ),
    ("asks.py", "import importlib.util\nTHERE = importlib.util.find_spec('draws') is not None\n"),
    ("draws.py", "import uuid\nID = uuid.uuid4().hex\n"),
    ("copes.py", "try:\n    import draws\nexcept ImportError:\n    draws = None\n"),
    ("looks.py", "import os\nHERE = os.getcwd()\n"),
    ("reads.py", "import os\nALL = dict(os.environ)\n"),
    ("finds.py", "import os\nIS_THERE = os.path.exists('work.py')\n"),
    ("misses.py", "import os\nIS_THERE = os.path.exists('settings.ini')\n"),
    ("makes.py", "with open('made', 'w'):\n    pass\n"),
    ("holds.py", "FILE = open(__file__)\n"),
    ("starts.py", "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n"),
    ("tempers.py", "import tempfile\nFOLDER = tempfile.mkdtemp()\n"),
    ("places.py", "import os, tempfile\nCACHE = os.path.join(tempfile.gettempdir(), 'cache')\n"),
    ("seeds.py", "import random\nrandom.seed(42)\n"),
    ("chooses.py", "import multiprocessing\nmultiprocessing.get_start_method()\n"),
    ("locks.py", "import multiprocessing\nLOCK = multiprocessing.get_context('fork').Lock()\n"),
    ("spawns.py", "import subprocess\nHELPER = subprocess.Popen(['sleep', '1'])\n"),
    ("tells.py", "import logging\nlogging.root.addHandler(logging.NullHandler())\n"),
    ("shadowed.py", "import sched\n"),
    ("wants.py", "try:\n    import local_settings\nexcept ImportError:\n    local_settings = None\n"),
    (
        "writes.py",
        "FILE = None\ndef write():\n    global FILE\n    FILE = open('written', 'w')\n    FILE.write('all')\n",
    ),
];

const MANY_IMPORTED: &str = "
NAMES = 'good good.part torch asks draws copes looks reads finds misses makes holds starts tempers'.split()
import good.part, torch, asks, copes, looks, reads, finds, misses, makes, holds, starts, tempers, draws, os
import places, chooses, locks, spawns, tells, shadowed, wants, writes, seeds
import random, multiprocessing, local_settings, sched
assert random.random() == random.Random(42).random()
assert places.CACHE == os.path.join('/tmp', 'cache')
assert shadowed.sched.OWN and wants.local_settings is local_settings
spawns.HELPER.wait()
writes.write()
def told():
    yield good.G.random()
    yield draws.ID
    yield torch.default_generator.seeded
    assert looks.HERE == os.getcwd() and copes.draws is draws and asks.THERE
    assert finds.IS_THERE and not misses.IS_THERE
    assert os.environ['SET_BY_GOOD'] == '1' and reads.ALL['PYTHONPATH']
";

/// Why most of them are not shared.
const REASONS: &[&str] = &[
    "copes: it imports draws",
    "draws: it draws random numbers",
    "holds: it keeps ",
    "looks: it looks at the working folder",
    "finds: it looks at work.py in the working folder",
    "makes: it looks at made in the working folder",
    "reads: it looks at all variables",
    "starts: it starts a thread",
    "tempers: it ",
    "places: it asks for the folder of temporary files",
    "seeds: it draws random numbers, or seeds them",
    "chooses: it chooses how processes are started",
    "locks: it makes a lock of several processes",
    "spawns: it starts a process",
    "tells: it changes the root logger",
    "shadowed: it imports sched, which the code has as well",
    "wants: it imports local_settings, which the code has as well",
];

#[tokio::test]
async fn what_a_fork_could_not_undo_is_imported_by_each() {
    let stage = stage(MANY, MANY_IMPORTED).await;
    for (name, text) in [("sched.py", "OWN = True\n"), ("local_settings.py", "")] {
        fs::write(stage.path("bundle").join(name), text).unwrap();
    }
    let (isolation, first) = stage.shared_attempt(&stage.code()).await;
    assert_eq!(isolation, "warm with good, torch, asks and 2 more", "{}", stage.logs());
    fs::remove_file(stage.path("bundle/written")).unwrap();
    let (isolation, second) = stage.attempt().await;
    assert_eq!(isolation, "warm with good, torch, asks and 2 more");
    let written = fs::read_to_string(stage.path("bundle/written")).unwrap();
    assert_eq!(written, "all", "what a library has not flushed");
    let (first, second): (Vec<_>, Vec<_>) = (first.split(' ').collect(), second.split(' ').collect());
    assert_eq!(first[2..], ["1", "asks", "good", "good.part", "misses", "torch\n"]);
    assert_ne!(first[0], second[0], "generators are seeded anew");
    assert_ne!(first[1], second[1], "what is drawn at import is a process's own");
    let logs = stage.logs();
    for reason in REASONS {
        assert!(logs.contains(&format!("each fork imports {reason}")), "{reason}: {logs}");
    }
    stage.end().await;
}

#[tokio::test]
async fn bundles_share_unless_one_has_what_a_library_looks_for() {
    let libraries =
        [("good.py", HEAVY), ("misses.py", "import os\nIS_THERE = os.path.exists('settings.ini')\n")];
    let work = "import good, misses\nNAMES = ['misses']\ndef told():\n    yield misses.IS_THERE\n";
    // It stands for a module that is not to be imported.
    let work = format!("import sys\nsys.modules['blocked'] = None\n{work}");
    let stage = stage(&libraries, &work).await;
    let shared = ("warm with good, misses".to_owned(), "False misses\n".to_owned());
    assert_eq!(stage.shared_attempt(&stage.code()).await, shared);
    let same = stage.code_of("s3://bucket/2.tar.gz");
    assert_eq!(stage.attempt_of(&same).await.0, "warm", "it has not told yet");
    until("it has told", || stage.pool.inner.lock().known.told(&same).is_some()).await;
    assert_eq!(stage.attempt_of(&same).await, shared);
    assert_eq!(stage.templates().len(), 2, "one for any code, one for both bundles");
    fs::write(stage.path("bundle/settings.ini"), "").unwrap();
    let with_settings = stage.code_of("s3://bucket/3.tar.gz");
    let (isolation, said) = stage.shared_attempt(&with_settings).await;
    assert_eq!((isolation.as_str(), said.as_str()), ("warm with good", "True\n"), "{}", stage.logs());
    stage.end().await;
}

/// The reason that stands in an interpreter's log.
async fn refused(libraries: &[(&str, &str)], work: &str) -> String {
    let stage = stage(libraries, &format!("{work}\nNAMES = []\ndef told():\n    return []\n")).await;
    assert_eq!(stage.attempt().await.0, "warm");
    until("an attempt has told", || stage.pool.inner.lock().known.told(&stage.code()).is_some()).await;
    assert_eq!(stage.attempt().await.0, "warm", "who asks first does not wait");
    until("it has refused", || !stage.pool.inner.lock().broken.is_empty()).await;
    assert_eq!(stage.attempt().await.0, "warm");
    let reason = stage.pool.inner.lock().broken.values().map(|(_, _, reason)| reason.clone()).collect();
    stage.end().await;
    reason
}

#[tokio::test]
async fn code_that_changes_what_libraries_see_shares_none() {
    let library = [("good.py", HEAVY)];
    let variable = refused(&library, "import os\nos.environ['A_SETTING'] = '1'\nimport good").await;
    assert!(variable.contains("variable A_SETTING"), "{variable}");
    let hook = "
import sys
class Hook:
    @staticmethod
    def find_spec(*args):
        return None
sys.meta_path.append(Hook)
import good
";
    let finder = refused(&library, hook).await;
    assert!(finder.contains("finder work.Hook"), "{finder}");
    let for_a_moment =
        "import os\nos.environ['A_SETTING'] = 'secret'\nimport good\ndel os.environ['A_SETTING']";
    let gone = refused(&library, for_a_moment).await;
    assert!(gone.contains("variable A_SETTING") && !gone.contains("secret"), "{gone}");
    let sets = [("good.py", "import os\nos.environ.setdefault('A_SETTING', '1')\nsum(range(20_000_000))\n")];
    let other = refused(&sets, "import os\nos.environ['A_SETTING'] = '8'\nimport good").await;
    assert!(other.contains("variable A_SETTING"), "{other}");
    let stands_in = "import sys, types\nsys.modules['json'] = types.ModuleType('json')\nimport good\ndel sys.modules['json']\nimport json";
    let module = refused(&library, stands_in).await;
    assert!(module.contains("module json"), "{module}");
}

#[tokio::test]
async fn code_that_brings_a_part_of_a_library_along_shares_none() {
    let libraries = [("good.py", "import part\nsum(range(20_000_000))\n"), ("part.py", "")];
    // What lies beside it is found first.
    let own = "import sys, types\nsys.modules['part'] = types.ModuleType('part')\nimport good";
    let reason = refused(&libraries, own).await;
    assert!(reason.contains("part from elsewhere"), "{reason}");
    // Another version of it.
    let named = "
import os, sys
other = os.path.join(os.path.dirname(os.getcwd()), 'team', 'site-packages')
os.makedirs(other, exist_ok=True)
with open(os.path.join(other, 'part.py'), 'w') as file:
    file.write('VERSION = 2')
sys.path.insert(0, other)
import good
assert good.part.VERSION == 2
";
    let reason = refused(&libraries, named).await;
    assert!(reason.contains("part from elsewhere"), "{reason}");
}

#[tokio::test]
async fn a_library_that_reads_what_is_an_attempts_own_is_not_shared() {
    let reads = "import os\nRUN = os.environ.get('RUN_NAME')\nsum(range(20_000_000))\n";
    let reason = refused(&[("reads.py", reads)], "import reads").await;
    assert!(reason.contains("differs from attempt to attempt"), "{reason}");
}

#[tokio::test]
async fn an_attempt_runs_the_modules_that_it_has_written_itself() {
    let work = "
import os
with open('params.py', 'w') as file:
    file.write(f'VALUE = {os.environ[\"NUMBER\"]}')
os.utime('params.py', (1, 1))
import params, brought, brought.part
NAMES = []
def told():
    yield params.VALUE
    yield 'templates' in params.__cached__
    yield 'templates' in brought.part.__cached__
";
    let stage = stage(&[], work).await;
    for name in ["brought/__init__.py", "brought/part.py", ".1.tar.gz.extracted"] {
        let path = stage.path("bundle").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    // The clock of files has steps.
    sleep(Duration::from_millis(20)).await;
    for number in ["1", "2", "3"] {
        let env = stage.env(&[("NUMBER", number)]);
        let _first = fs::remove_file(stage.path("stdout"));
        let (mut process, _) = stage.start_code(env, Some(&stage.code())).await.unwrap();
        assert_eq!(timeout(LONG, process.wait()).await.unwrap(), Exit::Code(0), "{}", stage.stderr());
        assert_eq!(stage.stdout(), format!("{number} False True\n"));
        // Each attempt has a folder of its own.
        fs::remove_dir_all(stage.path("bundle/__pycache__")).unwrap();
    }
    stage.end().await;
}

#[tokio::test]
async fn a_library_that_ends_the_interpreter_is_not_shared() {
    let ends = "
import os
if open('/proc/self/cmdline').read().startswith('wingbeat: preloaded'):
    os._exit(7)
";
    let reason = refused(&[("ends.py", ends), ("good.py", HEAVY)], "import ends, good").await;
    assert!(reason.contains("none of the libraries"), "{reason}");
}
