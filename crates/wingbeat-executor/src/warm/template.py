"""A preloaded interpreter that forks one process per attempt. Part of the executor; it never runs a task itself.

Last part of the program that `memory.py` begins.

It is started like a task, with the environment of the attempt that asked for it first, imports what the
Flyte runtime imports, and then waits on a socket (file descriptor 0) for requests to fork. Each request
carries one end of a socket pair; the forked child says on it who it is, waits there for its attempt, and
runs the environment's own `a0` as a fresh process would.

It is the parent of its forks, and so the one that learns how they ended: the executor sees that one has, and asks how.
Should this process end before, its forks go on, and are the executor's. Whatever makes a fork unsafe (threads, an environment
variable that was read at import, a changed installation) is answered with a reason; the executor then
starts a fresh process.
"""

import atexit
import contextlib
import os
import sys
import tempfile
import time

# What the runtime imports between its start and the user's module. A name that is missing in this
# version of the package is passed over: the child imports it then.
PRELOADED = (
    "flyte", "flyte._bin.runtime", "flyte.errors", "flyte.storage", "flyte.storage._storage", "flyte.storage._remote_fs",
    "flyte._internal.controllers", "flyte._internal.controllers._trace", "flyte._internal.controllers.remote",
    "flyte._internal.controllers.remote._client", "flyte._internal.controllers.remote._controller",
    "flyte._internal.image_cache", "flyte._internal.runtime.convert", "flyte._internal.runtime.entrypoints",
    "flyte._internal.runtime.io", "flyte._internal.runtime.task_serde", "flyte._internal.runtime.taskrunner",
    "flyte._internal.resolvers.default", "flyte._internal.resolvers.internal", "flyte._code_bundle.bundle",
    "flyte.config", "flyte.remote._client.controlplane", "flyte.report", "flyte.types", "flyte._utils.asyncify",
    "flyte._utils.module_loader", "fsspec.implementations.local", "faulthandler", "signal", "random", "tempfile",
    "pygments.lexers", "pygments.styles", "cloudpickle", "concurrent.futures.thread", "encodings.idna", "json",
    "anyio", "certifi", "ctypes", "difflib", "flyte.git", "flyte.remote._client.auth._interceptors.default_metadata",
    "flyte.remote._client.auth._interceptors.retry", "h11", "httpcore", "httpcore._async.connection_pool", "httpx",
    "opentelemetry.metrics", "opentelemetry.propagate", "opentelemetry.trace", "pyqwest", "pyqwest._glue",
)  # fmt: skip


# Seconds. The executor waits for this interpreter, but not for ever: what takes longer to load leaves no time for a rehearsal.
QUICK = 10.0
# For the one that it does not wait for there is always time.
LONGEST_REHEARSAL, LONGEST_UNAWAITED_REHEARSAL = 4.0, 60.0


def watch_environment():
    """Notes which variables Python code reads from here on. Returns the names and what ends it."""
    read = set()
    plain = type(os.environ)

    class Watched(plain):
        def __getitem__(self, name):
            if isinstance(name, str):
                read.add(name)
            return super().__getitem__(name)

    os.environ.__class__ = Watched

    def stop():
        os.environ.__class__ = plain

    return read, stop


def preload():
    import importlib

    for name in PRELOADED:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            # The package itself must be there; everything else may be other in another version of it.
            if error.name == "flyte":
                raise


def fork():
    """Threads that there are still are harmless; Python 3.12 and later warn of any."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def stamp():
    """Changes whenever something is installed, or a module that was imported from elsewhere is edited."""
    installed = installed_folders()
    marks = {path: modified(path) for path in installed}
    library = os.path.dirname(os.__file__)
    for module in list(sys.modules.values()):
        path = attributes(module).get("__file__")
        if isinstance(path, str) and not path.startswith((library, *installed)):
            marks[path] = modified(path)
    return marks


def attributes(module):
    """Not `getattr`: a module that loads itself at its first use would do it here. Anything may stand among the modules."""
    try:
        return object.__getattribute__(module, "__dict__")
    except AttributeError:
        return {}


def modified(path):
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0


def show(first, block):
    """Shows `block` to whoever looks at this process's arguments (46) or environment (48) in /proc.

    A process that was started afresh shows there what it was started with; by the attempt's mark among it
    the executor finds every process of a task.
    """
    import ctypes

    with open("/proc/self/stat", "rb") as stat:
        fields = stat.read().rpartition(b")")[2].split()
    # Fields are counted from 1, and the first two are cut off.
    start, end = int(fields[first - 1]), int(fields[first])
    room = end - start
    shown = block if len(block) <= room else block[: block.rfind(b"\0", 0, room) + 1]
    ctypes.memmove(start, shown.ljust(room, b"\0"), room)


def name_process(name):
    import ctypes

    set_name = 15  # PR_SET_NAME
    ctypes.CDLL(None).prctl(set_name, name.encode(), 0, 0, 0)


class Template:
    def __init__(self, control, mark_name, a0, told):
        self.control = control
        # A file with what an attempt has told of its imports; empty if this is for attempts of any code.
        self.told = told
        # Where forks leave what they have compiled.
        self.compiled = tempfile.mkdtemp()
        tempfile.tempdir = None
        self.libraries = Libraries()
        self.mark_name = mark_name
        self.a0 = self.program = a0
        self.read = set()
        self.loops = None
        self.stamp = {}
        self.modules = frozenset()
        self.pages = Pages()

    def load(self):
        began = time.monotonic()
        if not getattr(sys.flags, "safe_path", False):
            sys.path[0] = os.path.dirname(self.a0)
        with open(self.a0, "rb") as source:
            self.code = compile(source.read(), self.a0, "exec")
        # It copies the whole environment, which would count as reading all of it.
        import fsspec.config  # noqa: F401

        self.read, stop = watch_environment()
        preload()
        share_tls_context()
        ask_git_only_where_it_matters()
        look_for_plugins_once()
        use_once()
        self.loops = BackgroundLoops()
        self.loops.stop()
        took = time.monotonic() - began
        self.load_libraries()
        stop()
        if self.told:
            rehearse(self.loops, self.perform, LONGEST_UNAWAITED_REHEARSAL)
        elif took < QUICK:
            rehearse(self.loops, self.perform, LONGEST_REHEARSAL)
        else:
            print(f"no rehearsal, forks are slower: loading took {took:.0f} s", flush=True)
        left = lasting_threads()
        if left:
            raise Refusal(f"importing flyte left threads running: {', '.join(sorted(left.values()))}")
        self.forget_what_is_personal()
        self.stamp = stamp()
        self.modules = frozenset(sys.modules)
        import gc

        gc.collect()
        # The children share these pages for as long as nobody counts in them.
        gc.freeze()
        self.pages.freeze()

    def load_libraries(self):
        import json

        if self.told:
            with open(self.told) as told:
                self.libraries.load(json.load(told))
            shed_threads()
            # Whoever looks for memory finds it.
            packages = ", ".join(self.libraries.packages)
            show(46, os.fsencode(f"wingbeat: preloaded python with {packages} for {self.a0}") + b"\0")

    def perform(self, words):
        """The status with which `a0` ends a rehearsal."""
        import contextvars

        sys.argv[:] = [self.a0, *words]
        make_connections_late()
        return contextvars.copy_context().run(run_script, self.a0, self.code)

    def forget_what_is_personal(self):
        tempfile.tempdir = None

    def refusal(self, own_threads=0):
        """Why a child must not be forked, or used, now; empty if it may."""
        threads = other_threads()
        if len(threads) > own_threads:
            return f"threads run in the preloaded interpreter: {', '.join(sorted(threads.values()))}"
        if any(modified(path) != then for path, then in self.stamp.items()):
            return "the Python environment has changed since it was preloaded"
        return ""

    def serve(self):
        """Forks a child per request until the executor hangs up. Returns in children only."""
        import json
        import socket

        ready = {"read": sorted(self.read), "libraries": self.libraries.packages, "missed": self.libraries.missed}
        self.control.sendall(json.dumps(ready).encode() + b"\n")
        while True:
            request, fds, _flags, _address = socket.recv_fds(self.control, 4, 1)
            if not request or not fds:
                os._exit(0)
            with socket.socket(fileno=fds[0]) as line:
                ended = int.from_bytes(request, "big")
                if ended:
                    tell_end(line, ended)
                    continue
                reason = self.refusal()
                if reason:
                    say(line, refused=reason)
                    continue
                self.pages.before_fork()
                try:
                    child = fork()
                except OSError as error:
                    # For want of processes or memory, which comes and goes.
                    say(line, failed=f"the preloaded interpreter cannot fork now: {error}")
                    continue
                if child == 0:
                    self.control.close()
                    return self.child(line)

    def child(self, line):
        """Waits for its attempt, and is ready to run it when this returns."""
        import json

        # First of all: what is copied at once takes half the time.
        self.pages.copy()
        os.setpgid(0, 0)
        show(46, b"wingbeat: waits for an attempt\0")
        say(line, pid=os.getpid())
        # Done while nobody waits for it.
        self.loops.start()
        size = int.from_bytes(receive(line, 4), "big")
        attempt = json.loads(receive(line, size))
        reason = self.refusal(own_threads=len(self.loops.loops))
        if not reason:
            try:
                self.become(attempt)
            except Exception as error:
                reason = f"the forked process could not take the attempt: {type(error).__name__}: {error}"
        if reason:
            say(line, refused=reason)
            os._exit(0)
        line.sendall(b"{}\n")
        if self.program != self.a0:
            # It goes on speaking to the executor.
            os.dup2(line.fileno(), 0)
            return
        make_connections_late()
        compile_once(sys.argv, self.compiled)
        if attempt.get("tell_imports"):
            tell_imports(line.dup(), self.modules)

    def become(self, attempt):
        """Takes on what a fresh process would have been started with."""

        env, args = attempt["env"], [self.a0, *attempt["args"]]
        self.program = attempt.get("program", self.a0)
        for fd, name in ((1, "stdout"), (2, "stderr")):
            opened = os.open(attempt[name], os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
            os.dup2(opened, fd)
            os.close(opened)
        os.environ.clear()
        os.environ.update(env)
        # The mark first, if there is not room for all.
        pairs = sorted(env.items(), key=lambda pair: pair[0] != self.mark_name)
        show(48, b"".join(os.fsencode(f"{name}={value}") + b"\0" for name, value in pairs))
        show(46, b"".join(os.fsencode(word) + b"\0" for word in (sys.executable, *args)))
        name_process("a0")
        time.tzset()
        os.chdir(attempt["folder"])
        reseed()
        self.libraries.settle()
        sys.argv = args
        sys.orig_argv = [sys.executable, *args]


def tell_end(line, pid):
    """How a fork has ended: its status, or the signal as a negative number. It is let go only then."""
    # Nobody may hear it any more; and what is not a child is not known.
    with contextlib.suppress(OSError):
        end = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        code = end.si_status if end.si_code == os.CLD_EXITED else -end.si_status
        try:
            line.sendall(code.to_bytes(4, "big", signed=True))
        finally:
            os.waitpid(pid, 0)


def say(line, **what):
    import json

    # Nobody may hear it any more.
    with contextlib.suppress(OSError):
        line.sendall(json.dumps(what).encode() + b"\n")


def receive(line, size):
    data = b""
    while len(data) < size:
        part = line.recv(size - len(data))
        if not part:
            # The executor does not need this child any more.
            os._exit(0)
        data += part
    return data


def run(template):
    """Runs `a0` as the interpreter runs a script: its end is this process's end."""
    code = template.code
    if template.program != template.a0:
        with open(template.program, "rb") as source:
            code = compile(source.read(), template.program, "exec")
    finish(template, run_script(template.program, code))


def run_script(path, code):
    """Its exit status. Every exception but the one that has a status ends the interpreter in its own way, with a traceback."""
    import builtins
    import types

    script = types.ModuleType("__main__")
    script.__file__ = path
    script.__builtins__ = builtins
    for name in MAIN:
        if name in sys.modules:
            sys.modules[name] = script
    try:
        exec(code, script.__dict__)
    except SystemExit as end:
        return exit_status(end.code)
    return 0


def finish(template, status):
    """Ends as an interpreter does, but for taking the template's modules apart.

    Their memory is shared with all other children until somebody counts references in it; to copy it all only to free it
    takes longer than a small task.
    """
    import ctypes
    import threading

    threading._shutdown()
    atexit._run_exitfuncs()
    # Threads that go on have nobody to tell about what is missing from here on.
    threading.excepthook = lambda _: None
    if not flush():
        # As the interpreter says it.
        status = 120
    take_apart(name for name in list(sys.modules) if name not in template.modules)
    if template.libraries.packages:
        flush_files()
    if template.program == template.a0:
        template.pages.note()
    # Not `os._exit`: libraries have something to do at the end as well. With the lock held, no other thread runs meanwhile.
    ctypes.PyDLL(None).exit(status)


def flush():
    """Whether all that was printed has left."""
    left = True
    for stream in (sys.stdout, sys.stderr):
        try:
            if not getattr(stream, "closed", stream is None):
                stream.flush()
        except Exception:
            left = False
    return left


def take_apart(names):
    """Frees what the task's own modules hold, so that files are flushed and objects see their end."""
    import gc

    modules = [sys.modules.pop(name, None) for name in names]
    gc.collect()
    for module in modules:
        # Anything may stand among the modules, and the task has ended well: nothing here is its failure.
        with contextlib.suppress(Exception):
            values = getattr(module, "__dict__", {})
            for private in (True, False):
                for name in [name for name in values if name.startswith("_") == private and name != "__builtins__"]:
                    values[name] = None
    modules.clear()
    gc.collect()


def main():
    import json
    import socket

    control = socket.socket(fileno=os.dup(0))
    null = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    os.dup2(null, 0)
    os.close(null)
    _program, mark_name, room, a0, told, _room = sys.argv
    os.environ.pop(room)
    show(46, os.fsencode(f"wingbeat: preloaded python for {a0}") + b"\0")
    template = Template(control, mark_name, a0, told)
    try:
        template.load()
    except BaseException as error:
        import traceback

        traceback.print_exc()
        control.sendall(json.dumps({"refused": f"{type(error).__name__}: {error}"}).encode() + b"\n")
        os._exit(1)
    template.serve()
    return template


run(main())
