"""Parents and children whose processes are counted, held, killed and aborted."""

import asyncio
from pathlib import Path

import flyte
import flyte.errors

from markers import hold, leave

env = flyte.TaskEnvironment("lifecycle")


@env.task
async def held_child(folder: str, number: int) -> int:
    print(f"child {number} was here")
    leave(folder, f"child-{number}")
    hold(folder, "release")
    return number


@env.task
async def holds_children(folder: str, count: int) -> int:
    leave(folder, "parent")
    return sum(await asyncio.gather(*(held_child(folder, number) for number in range(count))))


@env.task
async def outlives_an_aborted_child(folder: str) -> str:
    try:
        await held_child(folder, 0)
    except flyte.errors.ActionAbortedError as problem:
        return f"the child was aborted: {problem}"
    return "the child ended"


@env.task
async def good_step(folder: str) -> str:
    leave(folder, "good")
    return "good"


@env.task
async def repairable_step(folder: str) -> str:
    leave(folder, "repairable")
    hold(folder, "repaired", seconds=0)
    return "repaired"


@env.task
async def pipeline(folder: str, suffix: str = "!") -> str:
    leave(folder, "pipeline")
    first = await good_step(folder)
    return f"{first} and {await repairable_step(folder)}{suffix}"


@env.task
async def leaves_a_child_behind(folder: str) -> str:
    left = asyncio.create_task(held_child(folder, 0))
    while not (Path(folder) / "child-0").exists():
        await asyncio.sleep(0.05)
    assert not left.done()
    return "ended first"
