"""Memory that a fork shares with the interpreter it comes from, until it writes there and so copies it.

First part of the preloaded program: `task_process.py`, `shortcuts.py`, `rehearsal.py`, `trial.py`, `libraries.py`, `threads.py`
and `template.py` follow.
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

    Attempts are much alike in that, as most of it is the runtime's own. So a few note what they have written to, and
    those that are forked later copy what all of these did, while they wait.
    """

    # Forks that copy nothing ahead, and note at their end. The first may be a parent, which writes more and ends late.
    NOTING = (1, 4, 16, 64)
    ROOM = 1 << 16  # bytes of a note
    ENTRY = 16  # bytes: the first page of a stretch, and how many
    MOST = 8_192  # pages of an attempt that is like the others
    MADV_POPULATE_WRITE = 23
    IS_ITS_OWN = 1 << 56  # in /proc/self/pagemap

    def __init__(self):
        import mmap

        self.size = mmap.PAGESIZE
        # All forks see it. For each note: how many bytes of entries there are, then these.
        self.shared = mmap.mmap(-1, self.ROOM * len(self.NOTING))
        self.forks = 0
        self.mapped = []
        # Which notes are read, the pages in all of them, and these as stretches.
        self.read, self.common, self.ahead = set(), set(), []
        self.own = None

    def freeze(self):
        """From here on there are forks."""
        with contextlib.suppress(OSError, ValueError), open("/proc/self/maps") as maps:
            for line in maps:
                span, mode, _ = line.split(None, 2)
                if mode == "rw-p":
                    start, end = (int(address, 16) // self.size for address in span.split("-"))
                    self.mapped.append((start, end - start))

    def before_fork(self):
        self.forks += 1
        for start in range(0, len(self.shared), self.ROOM):
            pages = set() if start in self.read else self.noted(start)
            if pages:
                self.read.add(start)
                self.common = self.common & pages or pages
                self.ahead = list(stretches(sorted(self.common)))

    def noted(self, start):
        """The pages of one note; none if there is not a whole one."""
        import array

        begin = start + self.ENTRY
        size = int.from_bytes(self.shared[start:begin], "little")
        # Attempts can write there, and what they write may be anything.
        with contextlib.suppress(ValueError):
            numbers = array.array("Q", self.shared[begin : begin + size])
            if sum(numbers[1::2]) <= self.MOST:
                return {page for first, count in zip(numbers[::2], numbers[1::2], strict=True) for page in range(first, first + count)}
        return set()

    def copy(self):
        """What those that noted it have all written to."""
        import ctypes

        self.own = os.getpid()
        if self.forks in self.NOTING:
            return
        madvise = ctypes.CDLL(None).madvise
        madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
        for start, count in self.ahead:
            # A kernel that does not know it leaves the pages as they are, and so they are copied later.
            madvise(start * self.size, count * self.size, self.MADV_POPULATE_WRITE)

    def note(self):
        """What this fork has written to."""
        import array

        # A task may have forked, too.
        if self.forks not in self.NOTING or self.own != os.getpid():
            return
        pages = []
        # Where the kernel does not tell it, nothing is copied ahead.
        with contextlib.suppress(OSError), open("/proc/self/pagemap", "rb", buffering=0) as pagemap:
            for start, count in self.mapped:
                flags = array.array("Q", os.pread(pagemap.fileno(), count * 8, start * 8))
                pages.extend(page for page, flag in enumerate(flags, start) if flag & self.IS_ITS_OWN)
        content = array.array("Q", [number for stretch in stretches(pages) for number in stretch]).tobytes()
        if len(pages) <= self.MOST and self.ENTRY + len(content) <= self.ROOM:
            start = self.ROOM * self.NOTING.index(self.forks)
            begin = start + self.ENTRY
            self.shared[begin : begin + len(content)] = content
            # Only now is there anything to read.
            self.shared[start:begin] = len(content).to_bytes(self.ENTRY, "little")


def stretches(pages):
    """Neighbours among rising numbers, as the first one and how many."""
    import itertools

    for _, neighbours in itertools.groupby(enumerate(pages), lambda numbered: numbered[1] - numbered[0]):
        found = [page for _, page in neighbours]
        yield found[0], len(found)
