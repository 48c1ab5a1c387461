"""A real `wingbeat executor` that joins a server over TLS, and a wire between the two that can be cut."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

from platform_process import Platform, binary, clean_environment, wait_until

JOIN_LINE = re.compile(r"executors on other machines: https://([^\s,]+):(\d+)")


def executor_port(platform: Platform) -> int:
    """The port that a server opened for executors on other machines, as it says."""
    found = wait_until(lambda: JOIN_LINE.search(platform.stdout()), 20, "the server says where executors join")
    return int(found.group(2))


class Wire:
    """A TCP relay to a local port. While it is cut, connections are closed at once."""

    def __init__(self, port: int):
        self._to = port
        self._whole = True
        self._ends: list[socket.socket] = []
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        with self._lock:
            self._whole = False
            ends, self._ends = self._ends, []
        for end in ends:
            _shut(end)

    def mend(self) -> None:
        with self._lock:
            self._whole = True

    def lead_to(self, port: int) -> None:
        """New connections go to that port; those that are open stay."""
        with self._lock:
            self._to = port

    def end(self) -> None:
        self.cut()
        _shut(self._listener)

    def _accept(self) -> None:
        while True:
            try:
                here, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                whole, to = self._whole, self._to
            if not whole:
                _shut(here)
                continue
            try:
                there = socket.create_connection(("127.0.0.1", to), timeout=10)
                there.settimeout(None)
            except OSError:
                _shut(here)
                continue
            with self._lock:
                self._ends += [here, there]
            for source, sink in ((here, there), (there, here)):
                threading.Thread(target=_carry, args=(source, sink), daemon=True).start()


def _carry(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    _shut(source)
    _shut(sink)


def _shut(end: socket.socket) -> None:
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    end.close()


class RemoteExecutor:
    """An executor with a data folder of its own."""

    def __init__(self, folder: Path, token_file: Path, port: int, account: dict[str, str], *, name: str, slots: int = 4):
        folder.mkdir(parents=True)
        self.data = folder / "data"
        self.log = folder / "executor.log"
        command = [str(binary()), "executor", "--endpoint", f"https://127.0.0.1:{port}"]
        command += ["--join-token-file", str(token_file), "--name", name, "--data", str(self.data)]
        command += ["--python", sys.executable, "--parallelism", str(slots)]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=clean_environment(folder, **account),
                start_new_session=True,
            )

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def wait(self, within: float = 60) -> int:
        return self.process.wait(within)

    def tasks(self) -> list[int]:
        """Live processes of its attempts."""
        return self.processes(b"ACTION_NAME=")

    def processes(self, variable: bytes = b"") -> list[int]:
        """Live processes that it has started, or those with a variable."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) in (os.getpid(), self.process.pid):
                continue
            try:
                environment = (entry / "environ").read_bytes()
            except OSError:
                continue
            if f"TMPDIR={self.data}/".encode() in environment and variable in environment:
                found.append(int(entry.name))
        return found

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)
