"""What a Rust task costs: a call in a local run, the cold start of a task process, and its memory.

    cargo build --release --workspace --bins --examples
    python3 bench/rust_tasks.py target/release/examples

Prints one line of JSON. Needs nothing but Python's standard library.
"""

from __future__ import annotations

import json
import os
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


def start(program: Path, folder: Path, number: int) -> tuple[float, int]:
    """Seconds and the largest resident set, in KiB, of one attempt of a leaf task."""
    outputs = folder / str(number)
    words = ["--inputs", str(folder / "inputs.pb"), "--outputs-path", str(outputs), "--version", "v"]
    words += ["--resolver", "wingbeat", "task", "hello.greet"]
    begin = time.perf_counter()
    process = subprocess.Popen([program, *words], env=IDENTITY, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0 and (outputs / "outputs.pb").exists()
    return seconds, usage.ru_maxrss


def main() -> None:
    examples = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "inputs.pb").touch()
        starts = [start(examples / "hello", folder, number) for number in range(STARTS)]
    calls = json.loads(subprocess.run([examples / "noops"], capture_output=True, check=True, text=True).stdout)
    seconds = [one for one, _ in starts]
    cold = {
        "starts": STARTS,
        "milliseconds_median": round(statistics.median(seconds) * 1e3, 2),
        "milliseconds_least": round(min(seconds) * 1e3, 2),
        "resident_mib": round(max(kib for _, kib in starts) / 1024, 2),
    }
    print(json.dumps({"local_calls": calls, "cold_start": cold}))


if __name__ == "__main__":
    main()
