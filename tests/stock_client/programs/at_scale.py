"""Many children, deep nesting, and tasks that share a random seed."""

import asyncio
import random

import flyte
from flyte.io import File

env = flyte.TaskEnvironment("at_scale")


@env.task
async def leaf(x: int) -> int:
    return x


@env.task
async def wide(count: int) -> int:
    total = 0
    async for value in flyte.map.aio(leaf, range(count), return_exceptions=False):
        total += value
    return total


@env.task
async def deep(levels: int) -> int:
    return 0 if levels == 0 else 1 + await deep(levels - 1)


@env.task
async def seeded_file(number: int) -> File:
    random.seed(42)
    file = File.new_remote()
    async with file.open("wb") as out:
        await out.write(f"content {number}".encode())
    return file


@env.task
async def seeded_files(count: int) -> list[str]:
    files = await asyncio.gather(*(seeded_file(number) for number in range(count)))
    contents = []
    for file in files:
        async with file.open("rb") as data:
            contents.append(bytes(await data.read()).decode())
    return contents
