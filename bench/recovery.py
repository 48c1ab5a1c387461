"""A server that is killed under load: when work goes on, and whether anything runs twice.

    python bench/recovery.py --wingbeat target/release/wingbeat --children 600

Starts `wingbeat up` on a folder of its own, runs a parent with many children in reused processes through the stock client,
kills the server (SIGKILL) when a third of them have ended, and starts it again at once. Measured: from the ready line of
the second server to the first child that ends after it, how long nothing ended at all, and how many actions have more than
one attempt. Then the same with the executor killed. Prints one JSON object a line, in the form of
`cargo xtask bench --json`.
"""

import argparse
import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

for name in ("NO_PROXY", "no_proxy"):
    os.environ[name] = ",".join(filter(None, [os.environ.get(name), "localhost,127.0.0.1"]))

import flyte  # noqa: E402  (the proxy setting must come first)
import flyte.remote as remote  # noqa: E402

reused = flyte.TaskEnvironment(name="recovery_reused", reusable=flyte.ReusePolicy(replicas=(1, 1), concurrency=4))
env = flyte.TaskEnvironment(name="recovery", depends_on=[reused])


@reused.task
async def child(number: int) -> int:
    await asyncio.sleep(0.02)
    return number


@env.task
async def parent(children: int) -> int:
    return sum(await asyncio.gather(*(child(number) for number in range(children))))


class Platform:
    def __init__(self, wingbeat: Path, data: str):
        self._command = [str(wingbeat), "up", "--data", data, "--python", sys.executable]
        self.endpoint, self.process = "", None
        self.start("127.0.0.1:0")

    def start(self, listen: str) -> None:
        self.process = subprocess.Popen([*self._command, "--listen", listen], stdout=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            if found := re.match(r"Wingbeat is ready at http://(\S+)", line):
                self.endpoint = found.group(1)
                return
        raise SystemExit("the platform ended before it was ready")

    def kill_and_restart(self) -> None:
        self.process.kill()
        self.process.wait()
        self.start(self.endpoint)

    def executor(self) -> int:
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"executor" in words[1:2] and self._command[3].encode() in b" ".join(words):
                return int(folder.name)
        raise SystemExit("no executor was found")

    def ended(self, run: str) -> tuple[int, int]:
        """How many children of the root succeeded, and how many did not."""
        scope = {"org": "", "project": "flytesnacks", "domain": "development", "name": run}
        body = json.dumps({"runId": scope, "parent": "a0", "limit": 1}).encode()
        address = f"http://{self.endpoint}/wingbeat.platform.v1.RunViewService/GetRunCounts"
        request = urllib.request.Request(address, body, {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=5) as answer:
            phases = json.load(answer).get("all", {}).get("phases", [])
        counts = {phase["phase"]: int(phase["count"]) for phase in phases}
        return counts.get(5, 0), sum(counts.get(phase, 0) for phase in (6, 7, 8))


def measure(platform: Platform, what: str, children: int) -> dict[str, float]:
    run = flyte.run(parent, children)
    while platform.ended(run.name)[0] < children // 3:
        time.sleep(0.01)
    before = last = platform.ended(run.name)[0]
    killed = time.monotonic()
    if what == "server":
        platform.kill_and_restart()
    else:
        os.kill(platform.executor(), signal.SIGKILL)
    ready = time.monotonic()
    while (last := platform.ended(run.name)[0]) <= before:
        time.sleep(0.002)
    first = time.monotonic()
    run.wait(quiet=True)
    done = remote.Run.get(run.name)
    if done.phase != "succeeded" or done.outputs()[0] != sum(range(children)):
        raise SystemExit(f"run {run.name} is {done.phase}: work was lost (first seen again: {last})")
    attempts = [action.attempts for action in map(details, remote.Action.listall(for_run_name=run.name))]
    return {
        "from ready to the first end": first - ready,
        "nothing ended for": first - killed,
        "actions with more than one attempt": float(sum(count > 1 for count in attempts)),
    }


def details(action: remote.Action):
    return remote.ActionDetails.get(run_name=action.run_name, name=action.name)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wingbeat", type=Path, required=True, help="the binary")
    parser.add_argument("--children", type=int, default=600)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wingbeat-recovery.") as data:
        platform = Platform(arguments.wingbeat.resolve(), data)
        try:
            flyte.init(
                endpoint=platform.endpoint.replace("127.0.0.1", "localhost"),
                insecure=True,
                project="flytesnacks",
                domain="development",
                root_dir=Path(__file__).parent,
            )
            flyte.run(parent, 2).wait(quiet=True)
            for what in ("server", "executor"):
                load = round(os.getloadavg()[0], 1)
                settings = {"killed": what, "children": arguments.children, "load before": load, "isolation": "reuse"}
                for measured, value in measure(platform, what, arguments.children).items():
                    unit = "actions" if measured.startswith("actions") else "s"
                    line = {"bench": "recovery", "measure": f"{what}: {measured}", "value": round(value, 3), "unit": unit}
                    print(json.dumps({**line, "settings": settings}), flush=True)
        finally:
            platform.process.send_signal(signal.SIGTERM)
            platform.process.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
