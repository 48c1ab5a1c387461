"""One real `wingbeat up` with a data folder of its own: start it, stop it, kill parts of it.

Everything is found from outside, by /proc and by what the program prints, so that the tests
know no more than a user who sits beside it. Must never touch a process of another data folder.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
READY_LINE = re.compile(r"Wingbeat is ready at http://([^\s:]+):(\d+)")
STARTS_WITHIN = 60.0
STOPS_WITHIN = 60.0
PROXY_VARIABLES = {"http_proxy", "https_proxy", "all_proxy", "no_proxy"}


def binary() -> Path:
    """The program under test."""
    return Path(os.environ.get("WINGBEAT_BIN", REPOSITORY / "target" / "debug" / "wingbeat")).resolve()


def clean_environment(home: Path, **extra: str) -> dict[str, str]:
    """This process's environment without proxies and Wingbeat settings, at home in `home`."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.lower() not in PROXY_VARIABLES and not name.startswith(("WINGBEAT_", "FLYTE", "_U_", "_F_"))
    }
    return {**kept, "HOME": str(home), "DO_NOT_TRACK": "1", **extra}


def wait_until(holds, within: float, what: str, every: float = 0.05):
    """Polls until `holds()` is true and returns its value; fails with `what` after `within` seconds."""
    deadline = time.monotonic() + within
    while True:
        value = holds()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within:g} s: {what}")
        time.sleep(every)


# The stock client remembers for each address what it has uploaded there: to a second platform at the same port it would
# upload nothing.
PORTS: set[int] = set()


class Platform:
    """A `wingbeat up` process, its executor and its tasks."""

    def __init__(self, data: Path, python: str, *, parallelism: int = 4, env: dict[str, str] | None = None):
        self.data = data
        self.python = python
        self.parallelism = parallelism
        # The whole suite can be run with another isolation than the default one.
        isolation = os.environ.get("STOCK_CLIENT_ISOLATION")
        self.extra_env = {**({"WINGBEAT_ISOLATION": isolation} if isolation else {}), **(env or {})}
        self.process: subprocess.Popen | None = None
        self.host = ""
        self.port = 0
        self.home = data.parent / f"{data.name}-home"
        self.home.mkdir(parents=True, exist_ok=True)
        self.out = data.parent / f"{data.name}.out"
        self.err = data.parent / f"{data.name}.err"

    # -- life ---------------------------------------------------------------------------------

    def command(self, *, listen: str | None) -> list[str]:
        command = [str(binary()), "up", "--data", str(self.data), "--python", self.python]
        command += ["--parallelism", str(self.parallelism)]
        return command + (["--listen", listen] if listen else [])

    def start(self, *, listen: str | None = "127.0.0.1:0") -> Platform:
        """Starts it and waits until it says that it is ready and answers `/readyz`."""
        offset = self.out.stat().st_size if self.out.exists() else 0
        with self.out.open("ab") as out, self.err.open("ab") as err:
            self.process = subprocess.Popen(
                self.command(listen=listen),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env=clean_environment(self.home, **self.extra_env),
                start_new_session=True,
            )
        self.host, self.port = wait_until(lambda: self._ready_address(offset), STARTS_WITHIN, self._not_ready())
        wait_until(lambda: self.answers("/readyz"), 10, "/readyz answers 200")
        if listen is None or self.port not in PORTS:
            PORTS.add(self.port)
            return self
        self.stop()
        # What it said of its ports is true no more.
        self.out.unlink()
        return self.start(listen=listen)

    def restart(self) -> Platform:
        """Starts it again on the same data folder; the address must be the one kept there."""
        before = self.port
        self.start(listen=None)
        assert self.port == before, f"the address changed from port {before} to {self.port}"
        return self

    def stop(self, how: int = signal.SIGTERM) -> int:
        """Asks it to stop, waits, and returns the exit status."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(STOPS_WITHIN)

    def kill_server(self) -> None:
        """`kill -9` of the server process alone."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def destroy(self) -> list[str]:
        """Ends whatever is left of it, and tells which processes a clean stop had left behind."""
        if self.process is not None and self.process.poll() is None:
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)
        try:
            wait_until(lambda: not self.processes(), 5, "all its processes are gone")
            return []
        except AssertionError:
            left = {pid: command_line(pid) for pid in self.processes()}
            for pid in left:
                signal_process(pid, signal.SIGKILL)
            return [f"{pid}: {line}" for pid, line in left.items()]

    # -- what it says -------------------------------------------------------------------------

    @property
    def endpoint(self) -> str:
        """How a client names it."""
        return f"localhost:{self.port}"

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def stdout(self) -> str:
        return self.out.read_text(errors="replace") if self.out.exists() else ""

    def stderr(self) -> str:
        return self.err.read_text(errors="replace") if self.err.exists() else ""

    def answers(self, path: str) -> bool:
        """Whether GET `path` gives 200."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(self.url + path, timeout=5) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def _ready_address(self, offset: int) -> tuple[str, int] | None:
        assert self.process is not None
        found = READY_LINE.search(self.stdout()[offset:])
        if found:
            return found.group(1), int(found.group(2))
        if self.process.poll() is not None:
            raise AssertionError(f"`wingbeat up` ended with {self.process.returncode}:\n{self.stderr()[-3000:]}")
        return None

    def _not_ready(self) -> str:
        return f"`{' '.join(self.command(listen='…'))}` prints that it is ready"

    # -- its processes ------------------------------------------------------------------------

    def processes(self) -> list[int]:
        """Every live process of this data folder, the server included."""
        return [pid for pid in all_processes() if self._is_ours(pid)]

    def executors(self) -> list[int]:
        """The executor processes of this data folder."""
        return [pid for pid in self.processes() if arguments(pid)[1:2] == ["executor"]]

    def tasks(self, action: str | None = None) -> list[int]:
        """The task processes of this data folder, of one action if named."""
        wanted = f"ACTION_NAME={action}" if action else "ACTION_NAME="
        return [
            pid
            for pid in self.processes()
            if any(entry.startswith(wanted) if action is None else entry == wanted for entry in environment(pid))
        ]

    def interpreters(self) -> list[int]:
        """Those that tasks are forked from."""
        return [pid for pid in self.processes() if command_line(pid).startswith("wingbeat: preloaded")]

    def _is_ours(self, pid: int) -> bool:
        if pid == os.getpid():
            return False
        data = str(self.data)
        ours = any(argument == data or argument.startswith(data + "/") for argument in arguments(pid))
        return ours or any(f"={data}/" in entry or entry.endswith(f"={data}") for entry in environment(pid))


# -- /proc ------------------------------------------------------------------------------------


def all_processes() -> list[int]:
    return [int(entry) for entry in os.listdir("/proc") if entry.isdigit() and not is_zombie(int(entry))]


def is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except (OSError, IndexError):
        return True


def arguments(pid: int) -> list[str]:
    return _nul_separated(pid, "cmdline")


def environment(pid: int) -> list[str]:
    return _nul_separated(pid, "environ")


def command_line(pid: int) -> str:
    return " ".join(arguments(pid))


def signal_process(pid: int, what: int) -> None:
    try:
        os.kill(pid, what)
    except ProcessLookupError:
        pass


def _nul_separated(pid: int, name: str) -> list[str]:
    try:
        raw = Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return []
    return [part for part in raw.decode(errors="replace").split("\0") if part]
