"""What a Rust task costs: a call in a local run, the cold start of a task process, and its memory.

    cargo build --release --workspace --bins --examples
    python3 bench/rust_tasks.py target/release/examples

Prints one line of JSON. Needs nothing but Python's standard library.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

STARTS = 50
IDENTITY = {
    "ACTION_NAME": "a0",
    "RUN_NAME": "r1",
    "_U_ORG_NAME": "o",
    "FLYTE_INTERNAL_EXECUTION_PROJECT": "p",
    "FLYTE_INTERNAL_EXECUTION_DOMAIN": "d",
    "_U_RUN_BASE": "/nowhere",
    "_U_EP_OVERRIDE": "localhost:1",
    "_U_INSECURE": "true",
}


TRACE_ME, CONTINUE, SET_OPTIONS, STOP_AT_EXIT = 0, 7, 0x4200, 0x40


def words(folder: Path, outputs: Path) -> list[str]:
    """The command line of one attempt of a leaf task."""
    files = ["--inputs", str(folder / "inputs.pb"), "--outputs-path", str(outputs), "--version", "v"]
    return [*files, "--resolver", "wingbeat", "task", "hello.greet"]


def start(program: Path, folder: Path, number: int) -> float:
    """Seconds of one attempt."""
    outputs = folder / str(number)
    begin = time.perf_counter()
    subprocess.run([program, *words(folder, outputs)], env=IDENTITY, stdout=subprocess.DEVNULL, check=True)
    seconds = time.perf_counter() - begin
    assert (outputs / "outputs.pb").exists()
    return seconds


def memory(program: Path, folder: Path) -> dict[str, float]:
    """MiB of one attempt, read when it is about to exit: resource usage would count the memory of who started it."""
    trace = ctypes.CDLL(None, use_errno=True).ptrace
    trace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    process = os.fork()
    if process == 0:
        trace(TRACE_ME, 0, None, None)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.execve(program, [str(program), *words(folder, folder / "memory")], IDENTITY)
    os.waitpid(process, 0)
    trace(SET_OPTIONS, process, None, STOP_AT_EXIT)
    passed = 0
    while True:
        trace(CONTINUE, process, None, passed)
        _, status = os.waitpid(process, 0)
        assert os.WIFSTOPPED(status), "the attempt ended unseen"
        if status >> 16:
            break
        passed = 0 if os.WSTOPSIG(status) == signal.SIGTRAP else os.WSTOPSIG(status)
    lines = (line.split() for line in Path(f"/proc/{process}/status").read_text().splitlines())
    found = {line[0]: int(line[1]) for line in lines if line[-1] == "kB"}
    trace(CONTINUE, process, None, 0)
    os.waitpid(process, 0)
    return {"resident_mib": round(found["VmHWM:"] / 1024, 2), "own_mib": round(found["RssAnon:"] / 1024, 2)}


def main() -> None:
    examples = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "inputs.pb").touch()
        seconds = [start(examples / "hello", folder, number) for number in range(STARTS)]
        held = memory(examples / "hello", folder)
    calls = json.loads(subprocess.run([examples / "noops"], capture_output=True, check=True, text=True).stdout)
    cold = {
        "starts": STARTS,
        "milliseconds_median": round(statistics.median(seconds) * 1e3, 2),
        "milliseconds_least": round(min(seconds) * 1e3, 2),
        **held,
    }
    print(json.dumps({"local_calls": calls, "cold_start": cold}))


if __name__ == "__main__":
    main()
