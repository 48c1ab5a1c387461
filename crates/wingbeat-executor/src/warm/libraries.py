"""Installed libraries that a bundle's code imports. An interpreter for such code imports them too, so that attempts share them
instead of importing each anew.

Part of the program that `memory.py` begins; it uses `trial.py`.

An attempt tells what its module has imported. What a fork could not undo is left out: `trial.py` finds that out. What is
loaded must be just what the attempt had loaded, from the same places, or the interpreter refuses.
"""

import contextlib
import importlib
import os
import sys
import time

WORTH = 0.05  # seconds of CPU: what takes less is imported by each fork
# What the runtime imports in an attempt that has one of the first.
DATAFRAMES = ("pandas", "pyarrow")
FOR_DATAFRAMES = ("flyte.io._dataframe.basic_dfs", "flyte._utils.asyn", "pydantic.functional_serializers")
MAIN = ("__main__", "__mp_main__")  # the second is multiprocessing's name for it
# These change what others find when they are imported.
PATCHING = ("gevent.monkey", "eventlet.patcher", "ddtrace")


def installed_folders():
    return [folder for folder in sys.path if folder.endswith(("site-packages", "dist-packages"))]


def new_modules(known):
    """Modules that are not in `known`, and where they come from; whoever imports others comes first."""
    for name, module in list(sys.modules.items()):
        # One that loads itself at its first use is not there yet.
        if name not in known and name not in MAIN and type(module).__name__ != "_LazyModule":
            yield name, module, place_of(module)


def place_of(module):
    """Its file; for a package without one its folders."""
    spec = attributes(module).get("__spec__")
    for place in (getattr(spec, "origin", None), attributes(module).get("__file__")):
        if isinstance(place, str):
            return place
    with contextlib.suppress(Exception):
        return os.pathsep.join(attributes(module).get("__path__") or ())
    return ""


def is_installed(name, module, place, folders):
    spec = attributes(module).get("__spec__")
    return place.startswith(folders) and getattr(spec, "name", None) == name


def digest(*what):
    import hashlib

    return hashlib.blake2b(repr(what).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


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
        self.modules = {name: module for name, module in sys.modules.items() if name not in MAIN}
        # What was written meanwhile, in that order: it may be gone again.
        self.written = {}

    @contextlib.contextmanager
    def noting(self):
        """Notes which variables Python code writes."""
        written, plain = self.written, type(os.environ)

        class Noting(plain):
            def __setitem__(self, name, value):
                super().__setitem__(name, value)
                written.setdefault(name, []).append((value, package_in(sys._getframe(1))))

            def __delitem__(self, name):
                super().__delitem__(name)
                written.setdefault(name, []).append((None, package_in(sys._getframe(1))))

        os.environ.__class__ = Noting
        try:
            yield
        finally:
            os.environ.__class__ = plain

    def changes(self):
        """For comparison with those of another process; of values only what tells them from others."""
        changed = self.changed_variables()
        variables = [f"variable {name} {digest(self.written.get(name), changed.get(name))}" for name in changed]
        for name in self.written.keys() - changed.keys():
            # As it was, in the end. So only who did it, and what that imports meanwhile, can have seen it.
            who = ",".join(sorted({package for _, package in self.written[name]}))
            variables.append(f"variable {name} {digest(self.written[name])} {who}")
        finders = (f"finder {kind(one)}" for one in (*sys.meta_path, *sys.path_hooks) if one not in self.finders)
        modules = (f"module {name}" for name, module in self.modules.items() if sys.modules.get(name) is not module)
        return sorted({*variables, *finders, *modules})

    def changed_variables(self):
        """Their values now; `None` for one that is gone."""
        now = all_variables()
        return {name: now.get(name) for name in {*self.variables, *now} if self.variables.get(name) != now.get(name)}


def package_in(frame):
    """Whose code runs there: the innermost that is not the standard library's."""
    while frame is not None:
        package = package_of(frame.f_globals.get("__name__") or "")
        if package != "__main__" and package not in sys.stdlib_module_names:
            return package
        frame = frame.f_back
    return ""


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
    # The code may name others, and bring some along.
    installed = tuple(folder + os.sep for folder in installed_folders())
    bundle = os.getcwd()

    def load_task(*words):
        began = time.process_time()
        with line:
            with before.noting():
                task = load(*words)
            # Whatever the code has done to the process, and if nobody hears it: the task goes on.
            with contextlib.suppress(Exception):
                told = told_of(known, before, installed, bundle) if time.process_time() - began > WORTH else {}
                line.settimeout(1)
                line.sendall(json.dumps(told).encode() + b"\n")
        return task

    entrypoints.load_task = load_task


def told_of(known, before, installed, bundle):
    """What the attempt tells."""
    modules, origins = [], {}
    for name, module, place in new_modules(known):
        # Not all have one that is a path: `built-in`, `frozen`.
        if not any(os.sep in part and is_within(part, bundle) for part in place.split(os.pathsep)):
            origins[name] = digest(place)
            if is_installed(name, module, place, installed):
                modules.append(name)
    files = set(os.listdir(bundle))
    for folder in sys.path:
        if is_within(folder, bundle) and os.path.isdir(folder):
            files.update(os.listdir(folder))
    return {"modules": modules, "origins": origins, "changes": before.changes(), "files": sorted(files)}


def is_within(path, folder):
    path = os.path.abspath(path) if path else ""
    return path == folder or path.startswith(folder + os.sep)


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
        with before.noting(), noting_seeds(self.seeds):
            with unwatched():
                for name in set(names) & Trial.MAY_LIST:
                    importlib.import_module(name)
            for name in names:
                importlib.import_module(name)
        for folder in [folder for folder in sys.path_importer_cache if not os.path.isabs(folder)]:
            # Where that is depends on the working folder.
            del sys.path_importer_cache[folder]
        others = [name for name, _, place in new_modules(known) if told["origins"].get(name) != digest(place)]
        if others:
            raise Refusal(f"the code has {others[0]} from elsewhere, or not at all")
        more = [change.split(" ") for change in told["changes"] if change not in before.changes()]
        more = [words[:2] for words in more if words[-1] not in left_out]
        if more:
            what = ", ".join(" ".join(words) for words in more)
            raise Refusal(f"the code itself makes changes that libraries could see: {what}")
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


def flush_files():
    """Those that modules of the interpreter hold, which are not taken apart."""
    import gc
    import io

    kinds = (io.TextIOWrapper, io.BufferedWriter, io.BufferedRandom)
    # Of what is frozen nothing was opened here.
    for thing in gc.get_objects():
        if type(thing) in kinds:
            with contextlib.suppress(Exception):
                thing.flush()
