"""Prefect with a server of its own on SQLite. `python prefect_peer.py FOLDER`, which gets all that it writes."""

import contextlib
import importlib.metadata
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

if sys.argv[1] != "--serve":
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # Read when the package is imported; the task worker inherits them.
    os.environ |= {
        "PREFECT_HOME": sys.argv[1],
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_API_PORT": str(port),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_LOGGING_LEVEL": "ERROR",
        "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "true",
        "DO_NOT_TRACK": "1",
    }

from prefect import flow, task  # noqa: E402  (the settings must come first)
from prefect.exceptions import ObjectNotFound  # noqa: E402
from prefect.task_worker import serve  # noqa: E402

import figures  # noqa: E402


@task
def step(n: int) -> int:
    return n + 1


@flow
def steps(count: int) -> int:
    value = 0
    for _ in range(count):
        value = step(value)
    return value


@task
def leaf(n: int) -> int:
    return n + 1


def result(future) -> int:
    """What the server has not stored yet cannot be waited for, and the word of an end may have come before the wait."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return future.result(timeout=0.5)
        except (ObjectNotFound, RuntimeError, TimeoutError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.002)


def chain(count: int) -> int:
    value = 0
    for _ in range(count):
        value = result(leaf.delay(value))
    return value


def fan_out(count: int) -> int:
    return sum(result(future) for future in [leaf.delay(n) for n in range(count)])


@contextlib.contextmanager
def running(*command: str, log: Path):
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(30)


def until_ready() -> None:
    for _ in range(300):
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{os.environ['PREFECT_API_URL']}/health") as answer:
            if answer.status == 200:
                return
        time.sleep(0.2)
    raise SystemExit("Prefect's server does not answer")


def main(folder: Path) -> None:
    server = (str(Path(sys.executable).with_name("prefect")), "server", "start")
    with running(*server, log=folder / "server.log"):
        until_ready()
        with running(sys.executable, __file__, "--serve", log=folder / "worker.log"):
            version = importlib.metadata.version("prefect")
            settings = f"prefect {version}, server on SQLite with its defaults, one task worker"
            calls = {"steps": steps, "chain": chain, "fan_out": fan_out}
            # It creates some five of them a second while a worker is busy.
            figures.measure("prefect", settings, calls, fan_out=50, repeats=2)


if __name__ == "__main__":
    if sys.argv[1] == "--serve":
        serve(leaf)
    else:
        main(Path(sys.argv[1]))
