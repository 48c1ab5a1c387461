"""What a reused process has once, and each of its attempts needs as its own: output, environment, controller, client.

Second part of the program that `task_process.py` begins and `worker.py` ends; the executor joins them. `WORKER` is made there.
"""

import asyncio
import contextlib
import contextvars
import io
import os
import sys
import threading

ATTEMPT = contextvars.ContextVar("wingbeat_attempt", default=None)


class Output(io.RawIOBase):
    """Standard output or error of whichever attempt writes."""

    def __init__(self, fd, name):
        self.fd, self.attribute = fd, name
        self.name = f"<{name}>"

    def writable(self):
        return True

    def fileno(self):
        return self.fd

    def isatty(self):
        return False

    def write(self, data):
        attempt = ATTEMPT.get() or WORKER.only()
        fd = getattr(attempt, self.attribute, None)
        view = memoryview(data).cast("B")
        written = 0
        while written < len(view):
            written += os.write(self.fd if fd is None else fd, view[written:])
        return written


class Environment(type(os.environ)):
    """Reads an attempt's own variables as that attempt's. Everything else is the process's."""

    def own(self):
        attempt = ATTEMPT.get() or WORKER.only()
        return attempt.env if attempt is not None else {}

    def __getitem__(self, name):
        own = self.own()
        return own[name] if name in own else super().__getitem__(name)

    def __setitem__(self, name, value):
        own = self.own()
        if name in own:
            own[name] = value
        else:
            super().__setitem__(name, value)

    def __iter__(self):
        own = self.own()
        yield from own
        yield from (name for name in super().__iter__() if name not in own)

    def __len__(self):
        return sum(1 for _ in self)


def share_process():
    """Several attempts at once: what is written and read in the process goes to the right one of them."""
    import logging

    for fd, name in ((1, "stdout"), (2, "stderr")):
        old = getattr(sys, name)
        new = io.TextIOWrapper(Output(fd, name), encoding="utf-8", errors="backslashreplace", write_through=True)
        setattr(sys, name, new)
        for logger in [logging.root, *logging.root.manager.loggerDict.values()]:
            for handler in getattr(logger, "handlers", ()):
                if getattr(handler, "stream", None) is old:
                    handler.setStream(new)
    os.environ.__class__ = Environment


def keep_local_files(work):
    """A file below the shared working folder is copied when it becomes an output: the next attempt may write it anew.

    Where the raw data are in a folder, the package would refer to the file itself.
    """
    for module, kind in (("flyte.io._file", "File"), ("flyte.io._dir", "Dir")):
        found = getattr(sys.modules.get(module), kind, None)
        if found is None or getattr(found, "_wingbeat_copies", False):
            continue
        for name in ("from_local", "from_local_sync"):
            setattr(found, name, classmethod(copying(getattr(found, name).__func__, work)))
        found._wingbeat_copies = True


def copying(original, work):
    import functools

    from flyte._context import internal_ctx

    @functools.wraps(original)
    def copied(cls, local_path, remote_destination=None, *args, **more):
        context = internal_ctx()
        ours = os.path.commonpath([os.path.abspath(local_path), work]) == work
        if remote_destination is None and ours and context.has_raw_data and "://" not in str(context.raw_data.path):
            name = os.path.basename(os.path.normpath(local_path))
            remote_destination = context.raw_data.get_random_remote_path(name)
        return original(cls, local_path, remote_destination, *args, **more)

    return copied


def flush():
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    LIBC.fflush(None)


# -- controllers and clients --------------------------------------------------------------------


class Switch:
    """Stands for the controller of the process: whoever calls it gets their own attempt's."""

    def __getattr__(self, name):
        attempt = ATTEMPT.get() or WORKER.only()
        if attempt is None:
            raise RuntimeError("no task runs here from which another one could be called")
        return getattr(attempt.controller, name)


class Controller(LazyController):
    """One attempt's controller."""

    def __init__(self, attempt):
        super().__init__(lambda: WORKER.hooks.create_controller(**attempt.client_arguments()))
        self.attempt = attempt
        self.watching = None

    def was_made(self):
        WORKER.loop.call_soon_threadsafe(self.start_watch)

    def start_watch(self):
        self.watching = WORKER.loop.create_task(self.watch())

    async def watch(self):
        try:
            await self.made.watch_for_errors()
        except Exception as error:
            if not self.attempt.broken.done():
                self.attempt.broken.set_result(error)

    async def submit(self, *args, **more):
        with self.attempt.waits():
            return await self.stock().submit(*args, **more)

    async def submit_task_ref(self, *args, **more):
        with self.attempt.waits():
            return await self.stock().submit_task_ref(*args, **more)

    async def wait_for_condition(self, *args, **more):
        with self.attempt.waits():
            return await self.stock().wait_for_condition(*args, **more)

    def submit_sync(self, *args, **more):
        waiting = contextlib.ExitStack()
        waiting.enter_context(self.attempt.waits())
        try:
            result = self.stock().submit_sync(*args, **more)
        except BaseException:
            waiting.close()
            raise
        result.add_done_callback(lambda _: waiting.close())
        return result

    async def end(self):
        """Stops the stock controller and its threads, which it would keep for as long as the process lives."""
        if self.made is None:
            return
        if self.watching is not None:
            self.watching.cancel()
        with contextlib.suppress(Exception):
            await self.made.stop()
        submitter = getattr(self.made, "_submit_loop", None)
        if submitter is not None and submitter.is_running():
            submitter.call_soon_threadsafe(submitter.stop)
        loop, thread = getattr(self.made, "_loop", None), getattr(self.made, "_thread", None)
        if loop is not None and thread is not None and loop.is_running():
            loop.call_soon_threadsafe(lambda: [task.cancel() for task in asyncio.all_tasks(loop)])
            await WORKER.loop.run_in_executor(None, thread.join, 5)
            if not thread.is_alive():
                loop.close()
