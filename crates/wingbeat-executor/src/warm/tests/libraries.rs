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
    write("work.py", work);
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

#[tokio::test]
async fn what_a_fork_could_not_undo_is_imported_by_each() {
    let libraries = [
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
        (
            "starts.py",
            "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n",
        ),
        ("tempers.py", "import tempfile\nFOLDER = tempfile.mkdtemp()\n"),
    ];
    let work = "
NAMES = 'good good.part torch asks draws copes looks reads finds misses makes holds starts tempers'.split()
import good.part, torch, asks, copes, looks, reads, finds, misses, makes, holds, starts, tempers, draws, os
def told():
    yield good.G.random()
    yield draws.ID
    yield torch.default_generator.seeded
    assert looks.HERE == os.getcwd() and copes.draws is draws and asks.THERE
    assert finds.IS_THERE and not misses.IS_THERE
    assert os.environ['SET_BY_GOOD'] == '1' and reads.ALL['PYTHONPATH']
";
    let stage = stage(&libraries, work).await;
    let (isolation, first) = stage.shared_attempt(&stage.code()).await;
    assert_eq!(isolation, "warm with good, torch, asks and 1 more", "{}", stage.logs());
    let (isolation, second) = stage.attempt().await;
    assert_eq!(isolation, "warm with good, torch, asks and 1 more");
    let (first, second): (Vec<_>, Vec<_>) = (first.split(' ').collect(), second.split(' ').collect());
    assert_eq!(first[2..], ["1", "asks", "good", "good.part", "misses", "torch\n"]);
    assert_ne!(first[0], second[0], "generators are seeded anew");
    assert_ne!(first[1], second[1], "what is drawn at import is a process's own");
    let logs = stage.logs();
    for reason in [
        "copes: it imports draws",
        "draws: it draws random numbers",
        "holds: it keeps ",
        "looks: it looks at the working folder",
        "finds: it looks at work.py in the working folder",
        "makes: it looks at made in the working folder",
        "reads: it looks at all variables",
        "starts: it starts a thread",
        "tempers: it ",
    ] {
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
    fs::write(stage.path("settings.ini"), "").unwrap();
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
}

#[tokio::test]
async fn code_that_brings_a_part_of_a_library_along_shares_none() {
    let libraries = [("good.py", "import part\nsum(range(20_000_000))\n"), ("part.py", "")];
    // What lies beside it is found first.
    let own = "import sys, types\nsys.modules['part'] = types.ModuleType('part')\nimport good";
    let reason = refused(&libraries, own).await;
    assert!(reason.contains("part from elsewhere"), "{reason}");
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
