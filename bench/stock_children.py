"""One run of many no-op children with the stock client, measured from outside.

    python bench/stock_children.py --endpoint localhost:8080 --children 1000

Prints one JSON object a line, in the form of `cargo xtask bench --json`. Needs the package `flyte`
here and in the environment of the server's tasks.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from pathlib import Path

for name in ("NO_PROXY", "no_proxy"):
    os.environ[name] = ",".join(filter(None, [os.environ.get(name), "localhost,127.0.0.1"]))

import flyte  # noqa: E402  (the proxy setting must come first)
import flyte.remote as remote  # noqa: E402

env = flyte.TaskEnvironment(name="stock_children")


@env.task
async def nothing(number: int) -> int:
    return number


@env.task
async def fan_out(children: int) -> int:
    return sum(await asyncio.gather(*(nothing(number) for number in range(children))))


def main() -> int:
    arguments = parse_arguments()
    flyte.init(
        endpoint=arguments.endpoint,
        insecure=True,
        project="flytesnacks",
        domain="development",
        root_dir=Path(__file__).parent,
    )
    # The first run pays for the upload and for Python's caches.
    measure(1)
    seconds = measure(arguments.children)
    settings = {"children": arguments.children, "client": f"flyte {flyte.__version__}", "cores": os.cpu_count()}
    for what, value, unit in [
        ("create to complete", seconds, "s"),
        ("actions to terminal", arguments.children / seconds, "1/s"),
    ]:
        line = {"bench": "stock-children", "measure": what, "value": round(value, 3), "unit": unit}
        print(json.dumps({**line, "settings": settings}))
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--endpoint", required=True, help="host:port of the server, for plain http")
    parser.add_argument("--children", type=int, default=1000, help="how many (%(default)s)")
    return parser.parse_args()


def measure(children: int) -> float:
    """Seconds from the call of CreateRun to the end of the run, which has to give the right sum."""
    started = time.monotonic()
    run = flyte.with_runcontext(disable_run_cache=True).run(fan_out, children=children)
    run.wait(quiet=True)
    seconds = time.monotonic() - started
    done = remote.Run.get(run.name)
    expected = sum(range(children))
    if done.phase != "succeeded" or done.outputs()[0] != expected:
        raise SystemExit(f"run {run.name} is {done.phase}, expected the sum {expected}")
    return seconds


if __name__ == "__main__":
    sys.exit(main())
