"""Threads, of which a fork has none: those of `flyte` end before it and begin anew in it, others stand in its way.

Part of the program that `memory.py` begins.
"""

import contextlib
import os
import time

# Threads whose library has them stop for a fork, and does without them in it.
HARMLESS_THREADS = {"jemalloc_bg_thd"}


class Refusal(Exception):
    """Why no fork can be made of this process."""


class BackgroundLoops:
    """The threads with event loops that `import flyte` starts; stopped here, started anew in each child."""

    def __init__(self):
        import gc

        from flyte.syncify import _api

        self.api = _api
        kind = getattr(_api, "_BackgroundLoop", None)
        if kind is None or not callable(getattr(kind, "_run", None)):
            raise Refusal("this version of flyte runs its background thread in a way that is not known here")
        # Not `isinstance`: that would load modules that are waiting to be loaded at their first use.
        self.loops = [thing for thing in gc.get_objects() if issubclass(type(thing), kind)]

    def stop(self):
        for one in self.loops:
            one.loop.call_soon_threadsafe(one.loop.stop)
            one.thread.join(10)
            if one.thread.is_alive():
                raise Refusal("flyte's background thread did not stop")
            # Its epoll would be shared with every child.
            one.loop.close()

    def start(self):
        import asyncio
        import threading

        getattr(self.api, "_configured_loops", set()).clear()
        for one in self.loops:
            one.loop = asyncio.new_event_loop()
            one.thread = threading.Thread(name=one.thread.name, target=one._run, daemon=True)
            one.thread.start()


def other_threads():
    """Those that speak against a fork: the names of each."""
    own = str(os.getpid())
    found = {}
    for task in os.listdir("/proc/self/task"):
        if task != own:
            # It has ended meanwhile.
            with contextlib.suppress(OSError), open(f"/proc/self/task/{task}/comm") as comm:
                name = comm.read().strip()
                if name not in HARMLESS_THREADS:
                    found[task] = name
    return found


def lasting_threads():
    """The kernel shows a thread for a moment longer than Python, which has joined it already."""
    deadline = time.monotonic() + 2
    while other_threads() and time.monotonic() < deadline:
        time.sleep(0.001)
    return other_threads()
