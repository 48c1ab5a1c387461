"""Children in groups, some of which fail."""

import asyncio

import flyte

env = flyte.TaskEnvironment("crowds")


@env.task
async def fine(x: int) -> int:
    return x


@env.task
async def broken(x: int) -> int:
    raise ValueError(f"{x} is broken")


@env.task
async def crowd(good: int, bad: int) -> int:
    with flyte.group("good ones"):
        values = await asyncio.gather(*(fine(x) for x in range(good)))
    with flyte.group("bad ones"):
        failures = await asyncio.gather(*(broken(x) for x in range(bad)), return_exceptions=True)
    return sum(values) + len(failures)
