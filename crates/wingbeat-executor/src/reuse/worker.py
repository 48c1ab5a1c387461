"""A process that runs many attempts, one after another or several at once. Part of the executor; the user's code runs in it.

The executor speaks to it over a socket (file descriptor 0), a JSON object a line. It sends `{"run": ...}` and
`{"cancel": id}`; the answers carry the attempt's id: `refused` (nothing of it has run), `taken`, `waits` (for other
actions, or not any more), `ended` with what would have been the exit status of a process of its own, and `spent` with the
reason where the process should take no further attempt. The socket's end is this process's end.

Each attempt runs through the stock package's own hooks, `flyte._internal.runtime.rusty`. What `a0` does around them is
done here: the arguments, the errors that are written and those that are not, the controller, the clients. Their
parameters are compared with those of this package before anything runs; where they differ, the executor starts `a0`.
"""

import asyncio
import contextlib
import contextvars
import json
import os
import socket
import sys
import threading
import traceback

# The parameters of `a0` that are understood here. One more, and it is run as it is.
PARAMETERS = {
    "inputs", "outputs_path", "version", "run_base_dir", "raw_data_path", "checkpoint_path", "prev_checkpoint", "name",
    "run_name", "run_start_time", "project", "domain", "org", "debug", "interactive_mode", "image_cache", "tgz", "pkl",
    "dest", "resolver", "resolver_args",
}  # fmt: skip

# Those of the hook that runs a task.
HOOK = {
    "task", "controller", "org", "project", "domain", "run_name", "name", "raw_data_path", "output_path", "run_base_dir",
    "version", "image_cache", "checkpoint_path", "prev_checkpoint", "code_bundle", "input_path", "path_rewrite_cfg",
    "run_start_time",
}  # fmt: skip

# Variables that make `a0` something else than a runner of tasks.
ALONE = {
    "_F_E_VS": "it is debugged", "_F_E_SSH": "it is debugged", "_F_EXEC_WRAPPER": "it runs under a wrapper",
    "_F_USE_RUST_CONTROLLER": "it uses the Rust controller", "FLYTE_APPLE_SILICON_ENDPOINT": "it runs on another host",
    "FLYTE_CLUSTERED_WORKER": "it is part of a cluster", "TORCHELASTIC_RUN_ID": "it is part of a cluster",
}  # fmt: skip

LONGEST_LINE = 64 << 20


class Refusal(Exception):
    """Why an attempt, or any, cannot run here. Nothing of it has run."""


class Hooks:
    """What is used of the stock package, looked up and compared once."""

    def __init__(self):
        import inspect

        try:
            import flyte.errors
            from flyte import _initialize
            from flyte._bin import runtime
            from flyte._internal import controllers
            from flyte._internal.controllers.remote import create_remote_controller
            from flyte._internal.runtime import convert, entrypoints, io as runtime_io, rusty
            from flyte.models import CodeBundle

            self.errors, self.initialize, self.rusty = flyte.errors, _initialize, rusty
            self.a0, self.state = runtime.main, controllers._ControllerState
            self.create_controller, self.bundle = create_remote_controller, CodeBundle
            self.to_error, self.upload_error = convert.convert_from_native_to_error, runtime_io.upload_error
            self.classify = entrypoints._classify_load_error
            self.init, self.new_client = _initialize.init_in_cluster, _initialize._initialize_client
            self.config_of, self.config_context = _initialize._get_init_config, _initialize.init_config_context
            hooks = (rusty.download_tgz, rusty.download_load_pkl, rusty.load_task_from_code_bundle)
            params = {param.name for param in self.a0.params}
            takes = set(inspect.signature(rusty.run_task).parameters)
            own = [inspect.signature(hook).parameters for hook in hooks]
            _ = self.state.controller, _initialize._init_config, _initialize._init_lock
        except (ImportError, AttributeError) as missing:
            raise Refusal(f"this version of flyte has other hooks: {missing}") from missing
        if not params <= PARAMETERS or not HOOK <= takes:
            other = sorted(params - PARAMETERS | HOOK - takes)
            raise Refusal(f"this version of flyte has other parameters: {', '.join(other)}")
        if [list(one) for one in own] != [
            ["destination", "version", "tgz"], ["destination", "version", "pkl"], ["resolver", "resolver_args"]
        ]:  # fmt: skip
            raise Refusal("this version of flyte loads code in another way")


# -- attempts -----------------------------------------------------------------------------------


class Attempt:
    def __init__(self, order):
        self.id, self.env, self.args = order["run"], order["env"], order["args"]
        self.files = {"stdout": order["stdout"], "stderr": order["stderr"]}
        self.stdout = self.stderr = None
        self.controller = Controller(self)
        self.broken = WORKER.loop.create_future()
        self.tasks = set()
        self.threads = set(threading.enumerate())
        self.n_waits, self.wait_lock = 0, threading.Lock()
        self.spent = ""

    @contextlib.contextmanager
    def waits(self):
        """Others may use its place while it waits for them."""
        self.count(1)
        try:
            yield
        finally:
            self.count(-1)

    def count(self, more):
        with self.wait_lock:
            before = self.n_waits
            self.n_waits += more
            if (before > 0) != (self.n_waits > 0):
                WORKER.loop.call_soon_threadsafe(WORKER.tell, self.id, {"waits": self.n_waits > 0})

    def client_arguments(self):
        arguments = dict(WORKER.client_arguments)
        if "endpoint" in arguments:
            arguments["endpoint"] = self.env["_U_EP_OVERRIDE"]
        return arguments

    async def live(self):
        try:
            self.enter()
            given = self.parameters()
        except (Refusal, OSError) as why:
            self.leave()
            WORKER.tell(self.id, {"refused": str(why)})
            return
        WORKER.tell(self.id, {"taken": True})
        status = 1
        try:
            status = await self.run(given)
        except asyncio.CancelledError:
            await self.threads_end()
        finally:
            try:
                # A stop that comes now changes nothing: it ends.
                for end in (self.controller.end, self.cancel_rest):
                    with contextlib.suppress(asyncio.CancelledError):
                        await end()
            finally:
                self.leave()
                WORKER.tell(self.id, {"ended": status, "spent": self.spent})

    def enter(self):
        for name, path in self.files.items():
            setattr(self, name, os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666))
        if WORKER.concurrency > 1:
            return
        import tempfile

        flush()
        os.dup2(self.stdout, 1)
        os.dup2(self.stderr, 2)
        wanted = {**WORKER.env, **self.env}
        for name in [name for name in os.environ if name not in wanted]:
            del os.environ[name]
        for name, value in wanted.items():
            if os.environ.get(name) != value:
                os.environ[name] = value
        # What the task before this one may have changed.
        os.chdir(WORKER.work)
        tempfile.tempdir = None
        reseed()
        sys.argv = list(self.args)

    def leave(self):
        flush()
        if WORKER.concurrency == 1:
            os.dup2(WORKER.log, 1)
            os.dup2(WORKER.log, 2)
        for name in self.files:
            fd = getattr(self, name)
            setattr(self, name, None)
            if fd is not None:
                os.close(fd)

    def parameters(self):
        import click

        for name, why in ALONE.items():
            if os.environ.get(name):
                raise Refusal(why)
        try:
            given = WORKER.command_line.read(self.args[1:])
        except (click.ClickException, click.exceptions.Exit) as error:
            raise Refusal(f"its arguments are not understood: {error}") from error
        if given.get("debug") or given.get("interactive_mode"):
            raise Refusal("it is debugged")
        if not all(given[name] for name in ("org", "project", "domain", "run_name", "name")):
            raise Refusal("its arguments name no action")
        return given

    async def run(self, given):
        work = WORKER.loop.create_task(self.work(given))
        try:
            await asyncio.wait({work, self.broken}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not work.done():
                work.cancel()
                await asyncio.wait({work})
        if self.broken.done():
            return await self.fail(self.broken.result(), given["outputs_path"])
        return work.result()

    async def work(self, given):
        """The attempt's exit status. Nothing but a cancellation leaves it: the loop would not survive the others."""
        try:
            with contextlib.ExitStack() as own:
                await WORKER.initialise(self, given, own)
                task = await self.load(given)
                await WORKER.hooks.rusty.run_task(task=task, controller=self.controller, **self.arguments(given))
            return 0
        except SystemExit as end:
            return exit_status(end.code)
        except KeyboardInterrupt:
            return 130
        except Exception as error:
            return await self.fail(error, given["outputs_path"])

    async def fail(self, error, outputs_path):
        """As `a0`: errors of the runtime are written down, everything else is its traceback and status 1."""
        errors = WORKER.hooks.errors
        if not isinstance(error, (errors.RuntimeSystemError, errors.RuntimeUserError)):
            traceback.print_exception(type(error), error, error.__traceback__)
            return 1
        await self.write_error(error, outputs_path)
        return 0

    async def write_error(self, error, outputs_path):
        told = WORKER.hooks.to_error(error)
        await WORKER.hooks.upload_error(told.err, outputs_path, recoverable=told.recoverable)

    async def load(self, given):
        hooks = WORKER.hooks
        try:
            return await WORKER.load(given)
        except Exception as error:
            # A module that was imported half way may look imported to the next attempt.
            self.spent = "a task could not be loaded in it"
            traceback.print_exc()
            classified = hooks.classify(error)
            await self.write_error(classified, given["outputs_path"])
            raise classified from error

    def arguments(self, given):
        bundle = None
        if given["tgz"] or given["pkl"]:
            bundle = WORKER.hooks.bundle(
                tgz=given["tgz"], pkl=given["pkl"], destination=given["dest"], computed_version=given["version"]
            )
        named = {name: given[name] for name in ("org", "project", "domain", "version", "image_cache", "run_base_dir")}
        return {
            **named,
            "run_name": self.env["RUN_NAME"] if given["run_name"].startswith("{{") else given["run_name"],
            "name": self.env["ACTION_NAME"] if given["name"].startswith("{{") else given["name"],
            "raw_data_path": given["raw_data_path"],
            "output_path": given["outputs_path"],
            "checkpoint_path": given["checkpoint_path"],
            "prev_checkpoint": given["prev_checkpoint"],
            "code_bundle": bundle,
            "input_path": given["inputs"],
            "run_start_time": start_time(given["run_start_time"]),
        }

    async def threads_end(self):
        """A thread cannot be cancelled: what runs in it is awaited, or killed by whoever gave the order."""
        while any(
            thread.is_alive() and thread.name.startswith("sync-executor-")
            for thread in set(threading.enumerate()) - self.threads
        ):
            await asyncio.sleep(0.02)

    async def cancel_rest(self):
        """As the end of an event loop does with the tasks that nobody waits for."""
        own = asyncio.current_task()
        rest = [task for task in self.tasks if task is not own and not task.done()]
        for task in rest:
            task.cancel()
        if rest:
            await asyncio.wait(rest)


def start_time(text):
    """As `a0` reads it; an unknown time is a constant one, for names of children are made of it."""
    from datetime import datetime, timezone

    if text and not text.startswith("{{"):
        text = text.rstrip()
        with contextlib.suppress(ValueError):
            read = datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith("Z") else text)
            return read.replace(tzinfo=timezone.utc) if read.tzinfo is None else read.astimezone(timezone.utc)
    return datetime(1970, 1, 1, tzinfo=timezone.utc)


# -- the process --------------------------------------------------------------------------------


class Worker:
    def __init__(self, line, concurrency):
        self.line, self.concurrency = line, concurrency
        self.work, self.env = os.getcwd(), dict(os.environ)
        self.log = os.dup(2)
        self.attempts = {}
        self.bundles = set()
        self.client_arguments = self.config = None

    def only(self):
        """The attempt that runs, if it is one."""
        return next(iter(self.attempts.values())) if len(self.attempts) == 1 else None

    def tell(self, attempt, message):
        self.writer.write(json.dumps({"id": attempt, **message}).encode() + b"\n")

    async def serve(self):
        self.loop, self.lock = asyncio.get_running_loop(), asyncio.Lock()
        self.loop.set_task_factory(remembering)
        self.loop.set_exception_handler(self.hooks.errors.silence_polling_error)
        reader, self.writer = await asyncio.open_connection(sock=self.line, limit=LONGEST_LINE)
        self.tell(None, {"ready": True})
        while line := await reader.readline():
            order = json.loads(line)
            if "run" in order:
                contextvars.copy_context().run(self.begin, order)
            elif order["cancel"] in self.attempts:
                self.attempts[order["cancel"]].task.cancel()
        # The executor has hung up: whatever runs here is nobody's any more.
        os._exit(0)

    def begin(self, order):
        attempt = self.attempts[order["run"]] = Attempt(order)
        ATTEMPT.set(attempt)
        attempt.task = self.loop.create_task(attempt.live())
        attempt.task.add_done_callback(lambda _: self.gone(attempt))

    def gone(self, attempt):
        del self.attempts[attempt.id]
        if attempt.task.cancelled():
            # Before it had begun.
            self.tell(attempt.id, {"ended": 1})

    async def initialise(self, attempt, given, own):
        """Once what all attempts share, and for each the client that speaks for it."""
        hooks = self.hooks
        async with self.lock:
            if self.config is None:
                who = {name: given[name] for name in ("org", "project", "domain")}
                self.client_arguments = await hooks.init.aio(**who)
                self.config = hooks.config_of()
                hooks.state.controller = Switch()
        config = self.config.replace(client=LazyClient(lambda: new_client(attempt)))
        if self.concurrency > 1:
            own.enter_context(hooks.config_context(config))
        else:
            # A task that calls `flyte.init` itself means the process.
            with hooks.initialize._init_lock:
                hooks.initialize._init_config = config

    async def load(self, given):
        rusty, where = self.hooks.rusty, (given["dest"], given["version"])
        if given["pkl"]:
            _bundle, task = await rusty.download_load_pkl(*where, given["pkl"])
            return task
        if given["tgz"]:
            async with self.lock:
                if (given["tgz"], *where) not in self.bundles:
                    await rusty.download_tgz(*where, given["tgz"])
                    self.bundles.add((given["tgz"], *where))
        if not given["resolver"] or not given["resolver_args"]:
            raise self.hooks.errors.RuntimeSystemError("MalformedCommand", "Resolver and resolver args are required.")
        task = rusty.load_task_from_code_bundle(given["resolver"], list(given["resolver_args"]))
        keep_local_files(self.work)
        return task


def new_client(attempt):
    return WORKER.hooks.new_client(**attempt.client_arguments(), disable_keyring=True)


def remembering(loop, coroutine, **more):
    task = asyncio.Task(coroutine, loop=loop, **more)
    context = more.get("context")
    attempt = ATTEMPT.get() if context is None else context.get(ATTEMPT)
    if attempt is not None:
        attempt.tasks.add(task)
        task.add_done_callback(attempt.tasks.discard)
    return task


def quiet_controllers(told):
    """The thread of a controller that was stopped ends by a cancellation; everything else is told as ever."""
    if told.exc_type is not asyncio.CancelledError or getattr(told.thread, "name", "") != "ControllerThread":
        threading.__excepthook__(told)


def main():
    global WORKER, LIBC
    import ctypes
    import faulthandler
    import signal

    LIBC = ctypes.CDLL(None)
    line = socket.socket(fileno=os.dup(0))
    os.set_inheritable(line.fileno(), False)
    null = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    os.dup2(null, 0)
    os.close(null)
    WORKER = Worker(line, int(sys.argv[1]))
    # As `a0` does: the code bundle is unpacked into the working folder.
    sys.path.insert(0, ".")
    try:
        WORKER.hooks = Hooks()
        WORKER.command_line = CommandLine(WORKER.hooks.a0)
        if WORKER.concurrency > 1:
            share_process()
    except BaseException as error:
        if not isinstance(error, Refusal):
            traceback.print_exc()
        reason = str(error) if isinstance(error, Refusal) else f"{type(error).__name__}: {error}"
        line.sendall(json.dumps({"refused": reason}).encode() + b"\n")
        os._exit(1)
    faulthandler.register(signal.SIGUSR1, file=WORKER.log)
    threading.excepthook = quiet_controllers
    asyncio.run(WORKER.serve())


main()
