"""What a library does while it is imported, found out in a fork that is thrown away.

Part of the program that `memory.py` begins; `libraries.py` follows.
"""

import contextlib
import importlib
import importlib.util
import os
import sys
import time

LONGEST_TRIAL = 60.0  # seconds
TRIALS = 6  # each leaves out what imports something that the one before it has left out


def fit(told):
    """The modules that can be loaded here, why not the other packages, and what they look for in the working folder."""
    names, left_out = told["modules"], {}
    for _ in range(TRIALS):
        found = tried(names, Trial(left_out, told["files"]))
        if not found["blamed"]:
            return [name for name in names if package_of(name) not in left_out], left_out, found["missed"]
        left_out.update(found["blamed"])
    return [], left_out, []


def tried(names, trial):
    """What comes of a trial in a fork."""
    import json
    import select
    import signal

    reading, writing = os.pipe()
    child = fork()
    if child == 0:
        status = 1
        try:
            os.close(reading)
            with open(writing, "w") as line:
                json.dump(trial.run(names), line)
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    with open(reading, "rb", buffering=0) as line:
        said, deadline = b"", time.monotonic() + LONGEST_TRIAL
        while select.select([line], [], [], max(0, deadline - time.monotonic()))[0]:
            part = line.read(1 << 16)
            if not part:
                break
            said += part
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with contextlib.suppress(ValueError):
        return json.loads(said)
    return {"blamed": {package_of(name): "a process that imports it ends or takes long" for name in names}}


class Trial:
    """Imports modules where it does no harm, and notes what a fork could not undo."""

    # The first's generator is seeded anew by each fork; the second draws examples for its documentation, the third the default of
    # an argument that it never leaves out, the fourth how long it waits between tries.
    MAY_DRAW = {"numpy", "scipy", "sklearn", "jax"}
    # It looks for settings of its own, which bind an attempt to an interpreter: `sensitive.rs`.
    MAY_LIST = {"tqdm"}
    # The first does it for the names of code that is in no file, the second for what its authors do in their repository.
    MAY_LOOK = {"inspect", "transformers"}
    # It looks whether there are locks, and lets it go.
    MAY_LOCK = {"joblib"}
    FOLDERS = ("os.listdir", "os.scandir")
    TEMPORARY = ("tempfile.mkdtemp", "tempfile.mkstemp")

    def __init__(self, left_out, files):
        self.left_out = left_out
        # What lies in the attempt's working folder.
        self.files = {*files, os.curdir, os.pardir}
        self.blamed = {}
        self.missed = set()
        self.started = {}

    def run(self, names):
        import _multiprocessing
        import random
        import tempfile

        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        os.close(null)
        sys.meta_path.insert(0, self)
        sys.meta_path.append(Absent(self))
        sys.addaudithook(self.hear)
        listed = self.blaming(type(os.environ).__iter__, "looks at all variables", self.MAY_LIST)
        os.environ.__class__ = type("Listed", (type(os.environ),), {"__iter__": listed})
        os.getcwd = self.blaming(os.getcwd, "looks at the working folder", self.MAY_LOOK)
        os.urandom = random._urandom = self.blaming(os.urandom, "draws random numbers", self.MAY_DRAW)
        os.stat, os.lstat = self.looking(os.stat), self.looking(os.lstat)
        tempfile._gettempdir = self.blaming(tempfile._gettempdir, "asks for the folder of temporary files")
        _multiprocessing.SemLock = self.blamed_lock(_multiprocessing.SemLock)
        # Whose numbers others could draw.
        first = [name for name in ("numpy.random", "torch") if name in names]
        for name in [*first, *names]:
            package = package_of(name)
            if package not in self.left_out and package not in self.blamed:
                self.load(name, package)
        shed_threads()
        lasting = lasting_threads()
        for thread, name in lasting.items():
            self.blamed.setdefault(self.started.get(thread, ""), f"it starts a thread ({name})")
        for child in own_children():
            os.kill(child, 9)
        return {"blamed": self.blamed, "missed": sorted(self.missed)}

    def load(self, name, package):
        if name in sys.modules:
            return
        before, files, threads, children = process_state(), open_files(), other_threads(), own_children()
        try:
            importlib.import_module(name)
        except BaseException as error:
            self.blamed.setdefault(package, f"{name} cannot be imported by itself: {type(error).__name__}")
        if name in sys.modules:
            for thread in other_threads().keys() - threads.keys():
                self.started[thread] = package
            for file in open_files() - files:
                self.blamed.setdefault(package, f"it keeps {file} open")
            if own_children() - children:
                self.blamed.setdefault(package, "it starts a process")
            after = process_state()
            for what, value in before.items():
                new = after[what] != value and not (what.startswith("draws") and value is None)
                if new and not (what.startswith("draws") and package in self.MAY_DRAW):
                    self.blamed.setdefault(package, f"it {what}")

    def find_spec(self, name, path=None, target=None):
        """As a finder of modules: those that are left out are not there, and who wants them is left out as well."""
        package = package_of(name)
        if package in self.left_out and not asks_only(sys._getframe(1)):
            self.blame(f"it imports {package}", ())
            raise ModuleNotFoundError(f"{name} is left out", name=name)
        if path is None and not self.files.isdisjoint(files_of(name)):
            self.blame(f"it imports {name}, which the code has as well", ())
        return None

    def hear(self, event, args):
        if event == "open":
            path, mode, flags = args
            self.look(path, makes=bool(flags & os.O_CREAT))
        elif event in self.FOLDERS:
            self.look(args[0] or os.curdir)
        elif event in self.TEMPORARY:
            self.blame("it makes temporary files", ())

    def look(self, path, makes=False):
        """What is in neither folder, its own and the attempt's, it finds in neither."""
        if isinstance(path, int):
            return
        path = os.path.normpath(os.fsdecode(path))
        if not os.path.isabs(path):
            name = path.partition(os.sep)[0]
            if makes or name in self.files:
                self.blame(f"it looks at {path} in the working folder", ())
            self.missed.add(name)

    def looking(self, plain):
        def watched(path, *args, **more):
            self.look(path)
            return plain(path, *args, **more)

        return watched

    def blaming(self, plain, what, but=()):
        def watched(*args):
            self.blame(f"it {what}", but)
            return plain(*args)

        return watched

    def blamed_lock(self, plain):
        blame, but = self.blame, self.MAY_LOCK

        class SemLock(plain):
            def __new__(cls, *words, **more):
                blame("it makes a lock of several processes", but)
                return super().__new__(cls, *words, **more)

        return SemLock

    def blame(self, reason, but):
        """Whoever does it, and all who import that. What the standard library does for itself is the interpreter's own."""
        frame, first = sys._getframe(2), ""
        while frame is not None:
            package = package_of(frame.f_globals.get("__name__") or "")
            own = package in sys.stdlib_module_names
            if not first and (package in but or own and frame.f_code.co_name == "<module>"):
                return
            if not own and package not in ("", "__main__"):
                self.blamed.setdefault(package, f"it imports {first}" if first not in ("", package) else reason)
                first = first or package
            frame = frame.f_back


class Absent:
    """The last finder of modules: what nobody has found, the code of another bundle may have."""

    def __init__(self, trial):
        self.trial = trial

    def find_spec(self, name, path=None, target=None):
        if path is None:
            self.trial.missed.update(files_of(name))
        return None


def files_of(name):
    """What a module of that name may lie in."""
    return {name, f"{name}.py"}


def process_state():
    """What is one for the whole process. A library that is imported after the code has set it finds and leaves it otherwise."""
    import gc
    import logging
    import random
    import signal

    def of(module, name):
        return attributes(sys.modules.get(module, os)).get(name)

    policy = of("asyncio.events", "_event_loop_policy")
    context = of("multiprocessing.context", "_default_context")
    state = {
        "draws random numbers, or seeds them": random.getstate(),
        "chooses how processes are started": getattr(context, "_actual_context", None),
        "chooses event loops": None if policy is None or type(policy).__module__.startswith("asyncio.") else policy,
        "changes the root logger": (logging.root.level, logging.root.disabled, tuple(map(id, logging.root.handlers))),
        "takes signals": [signal.getsignal(number) for number in signal.valid_signals()],
        "changes the interpreter": (sys.excepthook, sys.displayhook, sys.getrecursionlimit(), sys.getswitchinterval(), gc.get_threshold(), gc.isenabled()),
        "changes the working folder": os.readlink("/proc/self/cwd"),
    }  # fmt: skip
    # What was not there before is not compared.
    state["draws random numbers of numpy, or seeds them"] = random_state("numpy.random", "get_state")
    state["draws random numbers of torch, or seeds them"] = random_state("torch", "get_rng_state")
    return state


def random_state(module, name):
    get = attributes(sys.modules.get(module, os)).get(name)
    return repr(get()) if get else None


def own_children():
    found = set()
    for task in os.listdir("/proc/self/task"):
        # Not every kernel tells.
        with contextlib.suppress(OSError), open(f"/proc/self/task/{task}/children") as children:
            found.update(map(int, children.read().split()))
    return found


def asks_only(frame):
    """Whether somebody only wants to know if a module is installed."""
    while frame is not None and package_of(frame.f_globals.get("__name__") or "") == "importlib":
        if frame.f_code is importlib.util.find_spec.__code__:
            return True
        frame = frame.f_back
    return False


def open_files():
    found = set()
    for fd in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            found.add(os.readlink(f"/proc/self/fd/{fd}"))
    return found - {f"/proc/{os.getpid()}/fd", os.devnull}


def shed_threads():
    """Libraries that are made for it end their threads when a process forks, and start them when they need them."""
    if other_threads():
        child = fork()
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)
