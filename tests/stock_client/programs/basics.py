"""Small tasks: async, sync, nested, mapped, grouped."""

import asyncio

import flyte

env = flyte.TaskEnvironment("basics")


@env.task
async def add(x: int, y: int = 1) -> int:
    return x + y


@env.task
def square(x: int) -> int:
    return x * x


@env.task
async def nothing() -> None:
    return None


@env.task
async def two_results(x: int) -> tuple[int, str]:
    return x, f"the number {x}"


@env.task
async def add_twice(x: int) -> int:
    once = await add(x, 1)
    return await add(once, 10)


@env.task
async def nested(x: int) -> int:
    return await add_twice(x) * 100


@env.task
def sync_parent(x: int) -> int:
    return square(x) + 1


@env.task
async def async_parent_of_sync(x: int) -> int:
    return await square.aio(x)


@env.task
async def gather_children(count: int) -> int:
    return sum(await asyncio.gather(*(add(i, 0) for i in range(count))))


@env.task
async def map_children(count: int) -> list[int]:
    return [item async for item in flyte.map.aio(square, range(count))]


@env.task
def sync_map(count: int) -> list[int]:
    return list(flyte.map(square, list(range(count)), concurrency=2))


@env.task
async def grouped() -> int:
    with flyte.group("first stage"):
        a = await add(1, 1)
    with flyte.group("second stage"):
        b = await add(1, 1)
    return a + b


@env.task
async def odd_only(x: int) -> int:
    if x % 2 == 0:
        raise ValueError(f"{x} is even")
    return x


@env.task
async def map_with_failures(count: int) -> list[str]:
    results = [item async for item in flyte.map.aio(odd_only, range(count), return_exceptions=True)]
    return [f"{type(item).__name__}:{item.code}" if isinstance(item, Exception) else str(item) for item in results]
