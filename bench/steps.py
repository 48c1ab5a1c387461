"""A chain of no-op steps with the stock client, measured from inside the parent.

    python bench/steps.py --endpoint localhost:8080 --steps 40

The parent awaits one child after another, so the time of a step is from the call to the child's result
in the parent: enqueue, start, imports of the user's module, run, report. Three chains are measured: of tasks in
processes of their own (as the server's `--isolation` says: run it once with `process`, once with `warm`), of tasks in a
reused process (with `--isolation reuse`, the default), and of `flyte.trace` steps in the parent itself. Prints one JSON
object a line, in the form of `cargo xtask bench --json`. Needs the package `flyte` here and in the environment of the
server's tasks.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

for name in ("NO_PROXY", "no_proxy"):
    os.environ[name] = ",".join(filter(None, [os.environ.get(name), "localhost,127.0.0.1"]))

import flyte  # noqa: E402  (the proxy setting must come first)

reused = flyte.TaskEnvironment(name="steps_reused", reusable=flyte.ReusePolicy(replicas=(1, 1)))
env = flyte.TaskEnvironment(name="steps", depends_on=[reused])


@env.task
async def nothing(number: int) -> int:
    return number


@reused.task
async def nothing_reused(number: int) -> int:
    return number


@flyte.trace
async def nothing_traced(number: int) -> int:
    return number


@env.task
async def chain(kind: str, steps: int) -> list[float]:
    step = {"task": nothing, "reused": nothing_reused, "trace": nothing_traced}[kind]
    took = []
    for number in range(steps):
        started = time.perf_counter()
        await step(number)
        took.append(time.perf_counter() - started)
    return took


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--endpoint", required=True, help="host:port of the server, for plain http")
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--isolation", default="", help="what the server runs with, for the settings printed")
    arguments = parser.parse_args()
    flyte.init(
        endpoint=arguments.endpoint,
        insecure=True,
        project="flytesnacks",
        domain="development",
        root_dir=Path(__file__).parent,
    )
    for kind in ("task", "reused", "trace"):
        # The first run pays for the upload, for Python's caches, and for a process that stays.
        measure(kind, 2)
        load = os.getloadavg()[0]
        tell(kind, sorted(measure(kind, arguments.steps)), load, arguments)
    return 0


def tell(kind: str, took: list[float], load: float, arguments: argparse.Namespace) -> None:
    settings = {
        "steps": arguments.steps,
        "isolation": arguments.isolation,
        "client": f"flyte {flyte.__version__}",
        "cores": os.cpu_count(),
        "load before": round(load, 1),
    }
    for what, value in [(f"{kind}, median", took[len(took) // 2]), (f"{kind}, slowest", took[-1])]:
        line = {"bench": "steps", "measure": what, "value": round(value * 1000, 1), "unit": "ms"}
        print(json.dumps({**line, "settings": settings}))


def measure(kind: str, steps: int) -> list[float]:
    run = flyte.run(chain, kind, steps)
    run.wait(quiet=True)
    return run.outputs()[0]


if __name__ == "__main__":
    sys.exit(main())
