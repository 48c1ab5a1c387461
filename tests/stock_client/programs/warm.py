"""Tasks that look at the process they run in."""

import asyncio
import atexit
import gc
import logging
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path

import flyte
from flyte._environment import list_loaded_environments
from flyte._utils.entry_points import entry_points
from flyte.config import _reader

env = flyte.TaskEnvironment("warm", env_vars={"OF_THE_TASK": "first"})
other = flyte.TaskEnvironment("warm_other", env_vars={"ONLY_HERE": "second"})
threads = flyte.TaskEnvironment("warm_threads", env_vars={"OMP_NUM_THREADS": "1"})


@env.task
async def trusts_what_is_not_there() -> str:
    import httpx

    os.environ["SSL_CERT_FILE"] = "/nowhere/certificates.pem"
    try:
        httpx.Client()
    except OSError as error:
        return type(error).__name__
    return "nobody looked"


@env.task
async def looks_around() -> dict[str, str]:
    print(f"said by {os.environ['ACTION_NAME']} of {os.environ['RUN_NAME']}")
    return surroundings()


@other.task
async def looks_around_elsewhere() -> dict[str, str]:
    return surroundings()


@threads.task
async def looks_around_with_threads() -> dict[str, str]:
    return surroundings()


def surroundings() -> dict[str, str]:
    shown = Path("/proc/self/environ").read_bytes().decode().split("\0")
    assert {entry for entry in shown if entry} >= {f"{name}={os.environ[name]}" for name in ("RUN_NAME", "ACTION_NAME")}
    return {
        "cwd": os.getcwd(),
        "tmp": os.environ["TMPDIR"],
        "of_the_task": os.environ.get("OF_THE_TASK", ""),
        "only_here": os.environ.get("ONLY_HERE", ""),
        "threads": os.environ.get("OMP_NUM_THREADS", ""),
        "random": str(random.random()),
        "group": str(os.getpgid(0) == os.getpid()),
        "program": Path(sys.argv[0]).name,
        "main": Path(sys.modules["__main__"].__file__).name,
    }


@env.task
async def tells_what_it_finds() -> dict[str, str]:
    return what_is_found()


def what_is_found() -> dict[str, str]:
    """What somebody before it in the process could have changed."""
    loggers = {"": logging.root, **logging.root.manager.loggerDict}
    own = sys.modules[__name__]
    found = {
        "loggers": {
            name: (one.level, one.propagate, one.disabled, one.filters, [shape(handler) for handler in one.handlers])
            for name, one in loggers.items()
            if isinstance(one, logging.Logger) and (one.handlers or one.level or one.disabled or one.filters)
        },
        "signals": {int(one): known(signal.getsignal(one)) for one in signal.valid_signals()},
        "path": sorted(set(sys.path) - {os.getcwd()}),
        "words": [word.split("/")[-1] for word in sys.argv[:1]],
        "finders of elsewhere": [
            getattr(finder, "path", "")
            for folder, finder in sys.path_importer_cache.items()
            if not os.path.isabs(folder) and not getattr(finder, "path", "").startswith(os.getcwd())
        ],
        "settings": _reader.get_config_file.cache_info(),
        "variables": sorted(os.environ),
        "warnings": [str(one) for one in warnings.filters],
        "environments": [one.name for one in list_loaded_environments()],
        "module": (own.__name__, Path(own.__file__).name),
        "modules of one's own": sorted(name for name in sys.modules if "rehears" in name),
        "threads": sorted({thread.name for thread in threading.enumerate()} - {"ControllerThread"}),
        "policy": type(asyncio.get_event_loop_policy()).__name__,
        "temporary": str(tempfile.tempdir),
        "limits": (sys.getrecursionlimit(), gc.isenabled(), gc.get_threshold(), sys.getswitchinterval()),
        "open": sorted({os.readlink(fd).split(":")[0].split("/")[0] for fd in descriptors()}),
        "project": (flyte.ctx().action.project, flyte.ctx().action.domain, flyte.ctx().mode),
        "hooks": (sys.excepthook is sys.__excepthook__, sys.displayhook is sys.__displayhook__, sys.gettrace(), sys.getprofile()),
    }
    return {name: repr(value) for name, value in found.items()}


@env.task
async def finds_plugins_of_its_own() -> list[str]:
    before = len(entry_points(group="wingbeat.tests"))
    about = Path("brought.egg-info")
    about.mkdir()
    (about / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: brought\nVersion: 1\n")
    (about / "entry_points.txt").write_text("[wingbeat.tests]\nbrought = brought:plugin\n")
    return [str(before), *(one.name for one in entry_points(group="wingbeat.tests"))]


def known(handling: object) -> object:
    return type(handling).__name__ if callable(handling) else handling


def shape(handler: logging.Handler) -> tuple:
    return type(handler).__name__, handler.level, type(handler.formatter).__name__, getattr(handler, "stream", None) is sys.stderr


def descriptors() -> list[Path]:
    return [fd for fd in Path("/proc/self/fd").iterdir() if fd.is_symlink()]


@env.task
async def double(x: int) -> int:
    return 2 * x


@env.task
def doubled(x: int) -> int:
    return 2 * x


@env.task
def double_in_sync(x: int) -> int:
    return doubled(x)


@flyte.trace
async def traced(x: int) -> int:
    return x + 1


@env.task
def calls_in_sync(x: int) -> int:
    """Every call goes through the loop that `import flyte` starts."""
    return sum(flyte.map(double_in_sync, [x, x + 1])) + doubled(x)


@env.task
async def calls_in_async(x: int) -> int:
    return sum(await asyncio.gather(double(x), traced(x), double_in_sync.aio(x)))


@env.task(retries=0)
async def ends(how: str, folder: str) -> int:
    atexit.register((Path(folder) / "at-exit").touch)
    print("last words")
    if how == "sys.exit":
        sys.exit(5)
    if how == "os._exit":
        os._exit(6)
    if how == "segfault":
        os.kill(os.getpid(), signal.SIGSEGV)
    return 1


@env.task
async def holds_a_family(folder: str) -> int:
    """Leaves a child in its group, and one that hides from it."""
    subprocess.Popen(["sleep", "600"])
    subprocess.Popen(["sleep", "600"], start_new_session=True)
    if os.fork() == 0:
        os.setsid()
        time.sleep(600)
        os._exit(0)
    (Path(folder) / "up").touch()
    await asyncio.sleep(600)
    return 1


@env.task
async def fits_a_model() -> int:
    """An OpenMP kernel in one process must not spoil the next."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    rows = [[float(i), float(i % 7)] for i in range(200)]
    model = HistGradientBoostingClassifier(max_iter=5).fit(rows, [i % 2 for i in range(200)])
    return len(model.predict(rows))


@env.task
async def draws() -> float:
    import numpy

    return float(numpy.random.random())


@env.task
async def tells_how_it_was_compiled() -> dict[str, str]:
    own = sys.modules[__name__]
    code = tells_how_it_was_compiled.func.__code__
    return {"cached": own.__cached__, "source": str(Path(code.co_filename).resolve() == Path(own.__file__).resolve()), "file": own.__file__}
