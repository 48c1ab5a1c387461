"""Memory that a fork shares with the interpreter it comes from, until it writes there and so copies it.

First of the four parts of the preloaded program: `task_process.py`, `shortcuts.py` and `template.py` follow.
"""

import contextlib
import os


def leave_openssl_whole():
    """At the end of a process OpenSSL takes itself apart, which in a fork copies all of it, only to free it.

    Only who uses it first can say so.
    """
    import ctypes
    import importlib.util

    no_atexit = 0x00080000  # OPENSSL_INIT_NO_ATEXIT
    # In an interpreter that is built in another way it does as it always does.
    with contextlib.suppress(AttributeError, OSError, TypeError):
        library = ctypes.CDLL(importlib.util.find_spec("_hashlib").origin)
        library.OPENSSL_init_crypto(ctypes.c_uint64(no_atexit), None)


leave_openssl_whole()


class Pages:
    """Copies what attempts write to before there is an attempt, and at once: page by page, as it is written to, that
    takes longer than a small task.

    Attempts are much alike in that, as most of it is the runtime's own. So one notes what it has written to, and those
    that are forked later copy the same while they wait.
    """

    ROOM = 1 << 16
    ENTRY = 16  # bytes: the first page of a stretch, and how many
    MOST = 8_192  # pages of an attempt that is like the others
    NOTE_EVERY = 16  # forks of which one may note: the first may never end
    MADV_POPULATE_WRITE = 23
    IS_ITS_OWN = 1 << 56  # in /proc/self/pagemap

    def __init__(self):
        import mmap

        self.size = mmap.PAGESIZE
        # All forks see it: how many bytes of entries there are, then these.
        self.shared = mmap.mmap(-1, self.ROOM)
        self.forks = 0
        self.mapped = []

    def freeze(self):
        """From here on there are forks."""
        with contextlib.suppress(OSError, ValueError), open("/proc/self/maps") as maps:
            for line in maps:
                span, mode, _ = line.split(None, 2)
                if mode == "rw-p":
                    start, end = (int(address, 16) // self.size for address in span.split("-"))
                    self.mapped.append((start, end - start))

    def noted(self):
        return int.from_bytes(self.shared[: self.ENTRY], "little")

    def copy(self):
        """What others have noted."""
        import array
        import ctypes

        madvise = ctypes.CDLL(None).madvise
        madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
        entries = array.array("Q", self.shared[self.ENTRY : self.ENTRY + self.noted()])
        for start, count in zip(entries[::2], entries[1::2], strict=True):
            # A kernel that does not know it leaves the pages as they are, and so they are copied later.
            madvise(start * self.size, count * self.size, self.MADV_POPULATE_WRITE)

    def note(self):
        """What this fork has written to, if that is not known yet."""
        import array

        if self.noted() or self.forks % self.NOTE_EVERY != 1:
            return
        entries = array.array("Q")
        # Where the kernel does not tell it, nothing is copied ahead.
        with contextlib.suppress(OSError), open("/proc/self/pagemap", "rb", buffering=0) as pagemap:
            for start, count in self.mapped:
                flags = array.array("Q", os.pread(pagemap.fileno(), count * 8, start * 8))
                entries.extend(self.stretches(start, flags))
        content = entries.tobytes()
        if sum(entries[1::2]) <= self.MOST and self.ENTRY + len(content) <= self.ROOM:
            self.shared[self.ENTRY : self.ENTRY + len(content)] = content
            # Only now is there anything to read.
            self.shared[: self.ENTRY] = len(content).to_bytes(self.ENTRY, "little")

    def stretches(self, start, flags):
        first = None
        for page, flag in enumerate([*flags, 0], start):
            if flag & self.IS_ITS_OWN:
                first = page if first is None else first
            elif first is not None:
                yield from (first, page - first)
                first = None
