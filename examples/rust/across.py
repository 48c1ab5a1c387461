"""Python and Rust in one workflow: this side, and `across.rs`, which says how to run the two."""

import sys
from dataclasses import dataclass
from typing import List, Optional, Tuple

import flyte
import flyte.remote

env = flyte.TaskEnvironment("across_python", description="The Python side of across.rs")


@dataclass
class Stats:
    n: int
    mean: float
    note: Optional[str] = None


@env.task
async def describe(values: List[float], note: Optional[str] = None) -> Stats:
    """A child of the parent in Rust."""
    return Stats(n=len(values), mean=sum(values) / len(values), note=note)


@env.task
async def compare(values: List[float]) -> Tuple[float, float]:
    """A parent in Python: its children are in Rust, and it knows them by their name."""
    smooth = flyte.remote.Task.get("across_rust.smooth", auto_version="latest")
    narrow = await smooth(values=values, window=1)
    wide = await smooth(values=values, window=5)
    return max(narrow), max(wide)


if __name__ == "__main__":
    flyte.init_from_config()
    if sys.argv[1:] == ["deploy"]:
        flyte.deploy(env)
    else:
        run = flyte.run(compare, values=[1.0, 2.0, 30.0, 4.0])
        print(run.url)
        run.wait(quiet=True)
        narrow, wide = run.outputs()
        print(f"highest: {narrow} as given, {wide} smoothed")
