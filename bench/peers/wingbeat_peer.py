"""The stock `flyte` package against a running Wingbeat. `python wingbeat_peer.py HOST:PORT SETTINGS`."""

import asyncio
import sys
from pathlib import Path

import flyte

import figures

env = flyte.TaskEnvironment("peers")
reused = flyte.TaskEnvironment(
    "peers-reused", reusable=flyte.ReusePolicy(replicas=2, concurrency=8, idle_ttl=60), image="auto"
)


@flyte.trace
async def step(n: int) -> int:
    return n + 1


@env.task
async def steps(count: int) -> int:
    value = 0
    for _ in range(count):
        value = await step(value)
    return value


@env.task
async def leaf(n: int) -> int:
    return n + 1


@env.task
async def chain(count: int) -> int:
    value = 0
    for _ in range(count):
        value = await leaf(value)
    return value


@env.task
async def fan_out(count: int) -> int:
    return sum(await asyncio.gather(*(leaf(n) for n in range(count))))


@reused.task
async def reused_leaf(n: int) -> int:
    return n + 1


@env.task
async def reused_chain(count: int) -> int:
    value = 0
    for _ in range(count):
        value = await reused_leaf(value)
    return value


@env.task
async def reused_fan_out(count: int) -> int:
    return sum(await asyncio.gather(*(reused_leaf(n) for n in range(count))))


def call(task):
    """From the client's call to the end of the run: what its user waits."""

    def run(count):
        started = flyte.run(task, count)
        started.wait(quiet=True)
        started.raise_for_status()

    return run


def main(endpoint: str, settings: str) -> None:
    flyte.init(
        endpoint=endpoint,
        insecure=True,
        project="flytesnacks",
        domain="development",
        root_dir=Path(__file__).parent,
    )
    forked = {"steps": call(steps), "chain": call(chain), "fan_out": call(fan_out)}
    figures.measure("wingbeat", settings, forked)
    figures.measure("wingbeat, reused processes", settings, {"chain": call(reused_chain), "fan_out": call(reused_fan_out)})


if __name__ == "__main__":
    main(*sys.argv[1:])
