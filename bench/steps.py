"""A chain of no-op steps with the stock client, measured from inside the parent.

    python bench/steps.py --endpoint localhost:8080 --steps 40

The parent awaits one child after another, so the time of a step is from the call to the child's result
in the parent: enqueue, start, imports of the user's module, run, report. Run it against servers with
`--isolation process` and `--isolation warm` for their ratio. Prints one JSON object a line, in the form of
`cargo xtask bench --json`. Needs the package `flyte` here and in the environment of the server's tasks.
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

env = flyte.TaskEnvironment(name="steps")


@env.task
async def nothing(number: int) -> int:
    return number


@env.task
async def chain(steps: int) -> list[float]:
    took = []
    for number in range(steps):
        started = time.perf_counter()
        await nothing(number)
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
    # The first run pays for the upload, for Python's caches and for a preloaded interpreter.
    measure(2)
    load = os.getloadavg()[0]
    took = sorted(measure(arguments.steps))
    settings = {
        "steps": arguments.steps,
        "isolation": arguments.isolation,
        "client": f"flyte {flyte.__version__}",
        "cores": os.cpu_count(),
        "load before": round(load, 1),
    }
    for what, value in [("step, median", took[len(took) // 2]), ("step, slowest", took[-1])]:
        line = {"bench": "steps", "measure": what, "value": round(value * 1000, 1), "unit": "ms"}
        print(json.dumps({**line, "settings": settings}))
    return 0


def measure(steps: int) -> list[float]:
    run = flyte.run(chain, steps)
    run.wait(quiet=True)
    return run.outputs()[0]


if __name__ == "__main__":
    sys.exit(main())
