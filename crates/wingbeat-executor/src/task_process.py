"""What a process of tasks needs wherever it comes from. Part of two programs of the executor, which joins their files: of
what is forked, and of what runs in reused processes.

Parts of the stock package that a task may never need are made at their first use: they cost more than a small task.
"""

import asyncio
import sys
import threading


class LazyController:
    """The stock controller, made at the first call that needs it: a leaf task pays for none."""

    def __init__(self, make):
        self._make = make
        self._lock = threading.Lock()
        self.made = None

    def __getattr__(self, name):
        return getattr(self.stock(), name)

    def stock(self):
        with self._lock:
            if self.made is None:
                self.made = self._make()
                self.was_made()
            return self.made

    def was_made(self):
        """Called once, from whichever thread needed it first."""

    async def finalize_parent_action(self, action):
        if self.made is not None:
            await self.made.finalize_parent_action(action)


class LazyClient:
    """What `flyte.remote` uses in a task. `make` gives the coroutine that makes it."""

    def __init__(self, make):
        self._make = make
        self._lock = threading.Lock()
        self._made = None

    def __getattr__(self, name):
        with self._lock:
            if self._made is None:
                self._made = elsewhere(self._make())
        return getattr(self._made, name)


def elsewhere(coroutine):
    """Runs a coroutine to its end on a thread of its own: the caller may be on any loop."""
    ended = []

    async def run():
        try:
            ended.append((await coroutine, None))
        except BaseException as error:
            ended.append((None, error))

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    thread.join()
    result, error = ended[0]
    if error is not None:
        raise error
    return result


def exit_status(code):
    """What a process ends with whose interpreter met `SystemExit(code)`."""
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    print(code, file=sys.stderr)
    return 1


def reseed():
    """Generators that take their seeds from the system when they are made."""
    import random

    random.seed()
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()
    # Not `getattr`: a module that loads itself at its first use would do it here.
    torch = object.__getattribute__(sys.modules.get("torch", sys), "__dict__")
    # Without those of devices, which may not be there.
    generator = torch.get("default_generator")
    if generator is not None:
        generator.seed()
