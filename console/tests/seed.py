"""Runs for the console's tests, made by the stock SDK against a real server. Prints what it started as JSON.

    python seed.py localhost:8080 NAME [NAME …]
"""

import json
import os
import sys
from pathlib import Path

for name in ("NO_PROXY", "no_proxy"):
    os.environ[name] = ",".join(filter(None, [os.environ.get(name), "localhost,127.0.0.1"]))

import flyte  # noqa: E402  (the proxy setting must come first)
import flyte.remote  # noqa: E402

import programs  # noqa: E402


def deployed(name):
    return flyte.remote.Task.get(name, version="v1")


RUNS = {
    "fan": lambda: flyte.with_runcontext(labels={"team": "birds"}).run(programs.fan, n=22),
    "fails": lambda: flyte.run(programs.fails, width=3),
    "masks": lambda: flyte.run(programs.masks),
    "asks": lambda: flyte.run(programs.asks),
    "wonders": lambda: flyte.run(programs.wonders),
    "talks": lambda: flyte.run(programs.talks, lines=300),
    "said": lambda: flyte.run(programs.talks, lines=400, pause=0.0),
    "recalls": lambda: flyte.run(programs.recalls, x=21),
    "sleeps": lambda: flyte.run(programs.sleeps, seconds=600.0),
    "turns": lambda: flyte.with_runcontext(max_action_concurrency=2).run(programs.turns, seconds=4.0),
    "naps": lambda: flyte.run(programs.naps),
    "quick1": lambda: flyte.run(deployed("console.quick"), x=1, note="first"),
    "quick2": lambda: flyte.run(deployed("console.quick"), x=41, note="second"),
    "many": lambda: flyte.run(programs.many, first=400, later=60),
    "files": lambda: flyte.run(programs.files),
    "odd": lambda: flyte.run(programs.odd, size=10_000_000),
    "reports": lambda: flyte.run(programs.reports),
    "types": lambda: flyte.run(programs.types),
}


def main() -> int:
    endpoint, *names = sys.argv[1:]
    flyte.init(endpoint=endpoint, insecure=True, project="flytesnacks", domain="development", root_dir=Path(__file__).parent)
    started = {}
    for name in names:
        if name == "deploy":
            flyte.deploy(programs.env, version="v1")
            started[name] = "v1"
        else:
            started[name] = RUNS[name]().name
    print(json.dumps(started))
    return 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    # Not sys.exit: the client's network threads outlive the interpreter, and now and then abort it at its end.
    os._exit(status)
