"""Installed libraries that a bundle's code imports. An interpreter for such code imports them too, so that attempts share them
instead of importing each anew.

Fifth of the six parts of the preloaded program.

An attempt tells what its module has imported. What a fork could not undo is left out: libraries that draw random numbers or
look at the working folder while they are imported, start threads, keep files open. That is found out in a fork that is thrown
away. What is loaded must be just what the attempt had loaded, or the interpreter refuses.
"""

import contextlib
import importlib
import importlib.util
import os
import sys
import time

WORTH = 0.05  # seconds of CPU: what takes less is imported by each fork
LONGEST_TRIAL = 60.0  # seconds
TRIALS = 6  # each leaves out what imports something that the one before it has left out
# What the runtime imports in an attempt that has one of the first.
DATAFRAMES = ("pandas", "pyarrow")
FOR_DATAFRAMES = ("flyte.io._dataframe.basic_dfs", "flyte._utils.asyn", "pydantic.functional_serializers")
# These change what others find when they are imported.
PATCHING = ("gevent.monkey", "eventlet.patcher", "ddtrace")


def installed_folders():
    return [folder for folder in sys.path if folder.endswith(("site-packages", "dist-packages"))]


def installed_modules(known):
    """The names of modules that come from installed packages, but for those in `known`; whoever imports others comes first."""
    folders = tuple(folder + os.sep for folder in installed_folders())
    found = []
    for name, module in list(sys.modules.items()):
        # One that loads itself at its first use is not there yet.
        if name not in known and type(module).__name__ != "_LazyModule":
            spec = attributes(module).get("__spec__")
            origin = getattr(spec, "origin", None)
            if isinstance(origin, str) and origin.startswith(folders) and spec.name == name:
                found.append(name)
    return found


def is_loaded(name):
    return name in sys.modules and type(sys.modules[name]).__name__ != "_LazyModule"


def import_for_dataframes():
    if any(is_loaded(name) for name in DATAFRAMES):
        for name in FOR_DATAFRAMES:
            # In another version of the package.
            with contextlib.suppress(ImportError):
                importlib.import_module(name)


def package_of(name):
    return name.partition(".")[0]


class Surroundings:
    """What code can change before it imports a library, so that this finds something else."""

    def __init__(self):
        self.variables = all_variables()
        self.finders = [*sys.meta_path, *sys.path_hooks]

    def changes(self):
        """For comparison with those of another process."""
        found = [f"finder {kind(finder)}" for finder in (*sys.meta_path, *sys.path_hooks) if finder not in self.finders]
        return sorted({*found, *(f"variable {name}" for name in self.changed_variables())})

    def changed_variables(self):
        """Their values now; `None` for one that is gone."""
        now = all_variables()
        return {name: now.get(name) for name in {*self.variables, *now} if self.variables.get(name) != now.get(name)}


def all_variables():
    """Read in a way that does not count as having read them."""
    return {os.fsdecode(name): os.fsdecode(value) for name, value in os.environb.items()}


def kind(thing):
    one = thing if isinstance(thing, type) else type(thing)
    return f"{one.__module__}.{one.__qualname__}"


def tell_imports(line, known):
    """Has the attempt tell the executor what its module imports, once it is loaded."""
    import json

    try:
        from flyte._internal.runtime import entrypoints

        load = entrypoints.load_task
    except (ImportError, AttributeError):
        line.close()
        return
    before = Surroundings()

    def load_task(*words):
        began = time.process_time()
        with line:
            task = load(*words)
            # Whatever the code has done to the process, and if nobody hears it: the task goes on.
            with contextlib.suppress(Exception):
                told = {}
                if time.process_time() - began > WORTH:
                    told = {"modules": installed_modules(known), "changes": before.changes(), "files": os.listdir()}
                line.settimeout(1)
                line.sendall(json.dumps(told).encode() + b"\n")
        return task

    entrypoints.load_task = load_task


class Libraries:
    """Those that this interpreter has loaded."""

    def __init__(self):
        self.packages = []
        self.missed = []
        self.variables = {}
        self.seeds = []

    def load(self, told):
        """`told` is what an attempt has told."""
        began = time.monotonic()
        patching = [name for name in told["modules"] if name.startswith(PATCHING)]
        if patching:
            raise Refusal(f"{patching[0]} changes what others import")
        names, left_out, self.missed = fit(told)
        for package, reason in left_out.items():
            print(f"each fork imports {package}: {reason}", flush=True)
        if not names:
            raise Refusal("none of the libraries can be shared")
        before, known = Surroundings(), set(sys.modules)
        with noting_seeds(self.seeds):
            with unwatched():
                for name in set(names) & Trial.MAY_LIST:
                    importlib.import_module(name)
            for name in names:
                importlib.import_module(name)
        for folder in [folder for folder in sys.path_importer_cache if not os.path.isabs(folder)]:
            # Where that is depends on the working folder.
            del sys.path_importer_cache[folder]
        others = [name for name in installed_modules(known) if name not in set(told["modules"])]
        if others:
            raise Refusal(f"the code has {others[0]} from elsewhere, or not at all")
        more = sorted(set(told["changes"]) - set(before.changes()))
        if more:
            raise Refusal(f"the code itself makes changes that libraries could see: {', '.join(more)}")
        import_for_dataframes()
        self.variables = before.changed_variables()
        self.packages = largest_first(names)
        print(f"loaded {len(names)} modules of {', '.join(self.packages)} in {time.monotonic() - began:.1f} s", flush=True)

    def settle(self):
        """In a fork, which has the attempt's environment by now."""
        import random

        for name, value in self.variables.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        for generator in self.seeds:
            # Not its own: that may want something.
            random.Random.seed(generator)
        settle_multiprocessing()


def settle_multiprocessing():
    """It keeps two things that are a process's own."""
    module = sys.modules.get("multiprocessing.process")
    if module is not None:
        module.ORIGINAL_DIR = os.getcwd()
        module.current_process().authkey = os.urandom(32)


def largest_first(names):
    """Their packages."""
    import collections

    return [package for package, _ in collections.Counter(package_of(name) for name in names).most_common()]


@contextlib.contextmanager
def unwatched():
    """Nobody notes which variables are read."""
    watching = type(os.environ)
    os.environ.__class__ = os._Environ
    try:
        yield
    finally:
        os.environ.__class__ = watching


@contextlib.contextmanager
def noting_seeds(found):
    """Notes who takes numbers from the system as seeds: each fork has to have its own."""
    import random

    plain = random.Random.seed

    def seed(self, a=None, version=2):
        if a is None:
            found.append(self)
        return plain(self, a, version)

    random.Random.seed = seed
    try:
        yield
    finally:
        random.Random.seed = plain


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
    # an argument that it never leaves out.
    MAY_DRAW = {"numpy", "scipy", "sklearn"}
    # It looks for settings of its own, which bind an attempt to an interpreter: `sensitive.rs`.
    MAY_LIST = {"tqdm"}
    # The first does it for the names of code that is in no file, the second for what its authors do in their repository.
    MAY_LOOK = {"inspect", "transformers"}
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
        import random

        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        os.close(null)
        sys.meta_path.insert(0, self)
        sys.addaudithook(self.hear)
        listed = self.blaming(type(os.environ).__iter__, "looks at all variables", self.MAY_LIST)
        os.environ.__class__ = type("Listed", (type(os.environ),), {"__iter__": listed})
        os.getcwd = self.blaming(os.getcwd, "looks at the working folder", self.MAY_LOOK)
        os.urandom = random._urandom = self.blaming(os.urandom, "draws random numbers", self.MAY_DRAW)
        os.stat, os.lstat = self.looking(os.stat), self.looking(os.lstat)
        for name in names:
            package = package_of(name)
            if package not in self.left_out and package not in self.blamed:
                self.load(name, package)
        shed_threads()
        lasting = lasting_threads()
        for thread, name in lasting.items():
            self.blamed.setdefault(self.started.get(thread, ""), f"it starts a thread ({name})")
        return {"blamed": self.blamed, "missed": sorted(self.missed)}

    def load(self, name, package):
        modules, files, threads = len(sys.modules), open_files(), other_threads()
        try:
            importlib.import_module(name)
        except BaseException as error:
            self.blamed.setdefault(package, f"{name} cannot be imported by itself: {type(error).__name__}")
        if len(sys.modules) != modules:
            for thread in other_threads().keys() - threads.keys():
                self.started[thread] = package
            for file in open_files() - files:
                self.blamed.setdefault(package, f"it keeps {file} open")

    def find_spec(self, name, path=None, target=None):
        """As a finder of modules: those that are left out are not there, and who wants them is left out as well."""
        package = package_of(name)
        if package in self.left_out and not asks_only(sys._getframe(1)):
            self.blame(f"it imports {package}", ())
            raise ModuleNotFoundError(f"{name} is left out", name=name)
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
