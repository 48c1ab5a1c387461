"""A task that does nothing, run by the stock runtime before there are attempts. Forks share what it leaves in memory: caches,
parsers, code that the interpreter has made fast for the types it met. Each would make all that anew, and copy the memory.

Part of the program that `memory.py` begins.

What an attempt must not find is put back as it was. Whether all goes well is tried in a fork that is thrown away; if it does
not, or if it would load modules (which could read the environment), there is no rehearsal, and forks are only slower.
"""

import contextlib
import os
import sys
import time
import traceback

REHEARSED = "wingbeat_rehearsal"

REHEARSED_TASK = """import flyte

env = flyte.TaskEnvironment(name="rehearsal")


@env.task
async def nothing(number: int) -> int:
    return number
"""

HARMLESS = 42  # no program ends with this by chance


def rehearse(loops, perform, longest):
    """`perform` runs `a0` with a command line, and returns its status. The loops are stopped, and stay so. `longest` is in seconds.

    The interpreter's log says what came of it.
    """
    began = time.monotonic()
    reason = why_not(lambda: harm(loops, perform), longest)
    if reason:
        print(f"no rehearsal, forks are slower: {reason}", flush=True)
        return
    try:
        loops.start()
        with stage() as words:
            perform(words)
    except Exception:
        # It went well a moment ago, and all is put back.
        traceback.print_exc()
    finally:
        loops.stop()
    print(f"rehearsed in {time.monotonic() - began:.3f} s", flush=True)


def why_not(attempt, longest):
    """What speaks against it when it is tried in a fork; empty if nothing does."""
    import signal

    threads = lasting_threads()
    if threads:
        return f"threads run: {', '.join(sorted(threads.values()))}"
    try:
        child = fork()
    except OSError as error:
        return f"it cannot be tried: {error}"
    if child == 0:
        status = 1
        try:
            reason = attempt()
            if reason:
                print(reason, file=sys.stderr, flush=True)
            else:
                status = HARMLESS
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
        finally:
            os._exit(status)
    deadline = time.monotonic() + longest
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            status = os.waitstatus_to_exitcode(status)
            return "" if status == HARMLESS else f"tried in a fork it ended with {status}, see above"
        time.sleep(0.001)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return f"it took more than {longest:.0f} s"


def harm(loops, perform):
    """What it does that it must not."""
    modules = set(sys.modules)
    loops.start()
    with stage() as words:
        status = perform(words)
    loops.stop()
    if status:
        return f"a task that does nothing ends with status {status}"
    loaded = sorted(set(sys.modules) - modules)
    if loaded:
        return f"it loads modules: {', '.join(loaded[:10])}"
    threads = lasting_threads()
    return f"it leaves threads: {', '.join(sorted(threads.values()))}" if threads else ""


@contextlib.contextmanager
def stage():
    """An attempt's surroundings: gives its command line. Afterwards all is as it was."""
    import faulthandler
    import shutil
    import signal
    import tempfile

    folder = tempfile.mkdtemp()
    with contextlib.ExitStack() as put_back:
        put_back.callback(shutil.rmtree, folder, ignore_errors=True)
        put_back.callback(setattr, tempfile, "tempdir", tempfile.tempdir)
        put_back.callback(faulthandler.unregister, signal.SIGUSR1)
        keep_process(put_back)
        keep_runtime(put_back)
        os.chdir(folder)
        write_attempt(folder)
        words = command_line_of(folder)
        os.environ.clear()
        # Nothing of a user's: no credentials, no files of settings.
        os.environ.update({"HOME": folder, "TMPDIR": folder, "FLYTE_INTERNAL_EXECUTION_PROJECT": "p", "_U_EP_OVERRIDE": "localhost:1"})
        yield words


def keep_process(put_back):
    for stream, fd in ((sys.stdout, 1), (sys.stderr, 2)):
        kept = os.dup(fd)
        put_back.callback(os.close, kept)
        put_back.callback(os.dup2, kept, fd)
        put_back.callback(stream.flush)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    os.close(null)
    put_back.callback(os.chdir, os.getcwd())
    put_back.callback(os.environ.update, dict(os.environ))
    put_back.callback(os.environ.clear)
    for words in (sys.argv, sys.orig_argv, sys.path):
        put_back.callback(words.__setitem__, slice(None), list(words))
    for name in MAIN:
        if name in sys.modules:
            put_back.callback(sys.modules.__setitem__, name, sys.modules[name])
    put_back.callback(sys.modules.pop, REHEARSED, None)
    # What is found in "." depends on where that is.
    put_back.callback(keep_keys, sys.path_importer_cache, set(sys.path_importer_cache))


def keep_keys(mapping, keys):
    for key in set(mapping) - keys:
        del mapping[key]


def keep_runtime(put_back):
    """What the stock package keeps of the one attempt that it expects in a process, and of its environment."""
    import functools
    import gc
    import logging
    import types

    from flyte import _environment

    environments = _environment._ENVIRONMENT_REGISTRY
    put_back.callback(environments.__setitem__, slice(None), list(environments))
    # Not `isinstance`: that would load modules that are waiting to be loaded at their first use.
    for thing in gc.get_objects():
        kind = type(thing)
        if kind is functools._lru_cache_wrapper and is_of_flyte(thing.__module__):
            put_back.callback(thing.cache_clear)
        elif kind is types.FunctionType or issubclass(kind, type):
            if is_of_flyte(thing.__module__):
                put_back.callback(keep_attributes, thing, dict(vars(thing)))
    for name, module in list(sys.modules.items()):
        if is_of_flyte(name) and type(module) is types.ModuleType:
            put_back.callback(keep_attributes, module, dict(vars(module)))
    for logger in [logging.root, *logging.root.manager.loggerDict.values()]:
        if isinstance(logger, logging.Logger):
            put_back.callback(logger.__dict__.update, {**vars(logger), "handlers": list(logger.handlers)})
            put_back.callback(logger._cache.clear)


def is_of_flyte(module):
    return isinstance(module, str) and (module == "flyte" or module.startswith("flyte."))


def keep_attributes(owner, before):
    """Its own ones, not what these hold: that is a cache, or listed above."""
    for name in set(vars(owner)) - before.keys():
        delattr(owner, name)
    for name, value in before.items():
        if vars(owner).get(name) is not value:
            setattr(owner, name, value)


def write_attempt(folder):
    from flyteidl2.core import literals_pb2
    from flyteidl2.task import common_pb2

    number = literals_pb2.Literal(scalar=literals_pb2.Scalar(primitive=literals_pb2.Primitive(integer=1)))
    os.mkdir(os.path.join(folder, "outputs"))
    inputs = common_pb2.Inputs(literals=[common_pb2.NamedLiteral(name="number", value=number)])
    with open(os.path.join(folder, "inputs.pb"), "wb") as file:
        file.write(inputs.SerializeToString())
    with open(os.path.join(folder, f"{REHEARSED}.py"), "w") as file:
        file.write(REHEARSED_TASK)
    # As the executor leaves a bundle that it has unpacked.
    with open(os.path.join(folder, ".code.tar.gz.extracted"), "w"):
        pass


def command_line_of(folder):
    from flyte._internal.image_cache import ImageCache

    images = ImageCache(image_lookup={"image": "name:tag"}).to_transport
    options = {
        "inputs": f"{folder}/inputs.pb", "outputs-path": f"{folder}/outputs", "version": "1", "run-base-dir": f"{folder}/run",
        "raw-data-path": f"{folder}/raw", "checkpoint-path": f"{folder}/checkpoint", "name": "a0", "run-name": "r",
        "run-start-time": "2026-01-01T00:00:00Z", "project": "p", "domain": "d", "org": "o", "image-cache": images,
        "tgz": f"{folder}/code.tar.gz", "dest": ".", "resolver": "flyte._internal.resolvers.default.DefaultTaskResolver",
    }  # fmt: skip
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    return [*words, "mod", REHEARSED, "instance", "nothing"]
