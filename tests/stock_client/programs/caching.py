"""Cached tasks; each execution leaves a line in a file whose name it is given."""

import asyncio
import time

import flyte

from markers import leave

env = flyte.TaskEnvironment("caching")


@env.task(cache="auto")
async def cached(folder: str, name: str) -> str:
    leave(folder, name)
    return f"made of {name}"


@env.task(cache=flyte.Cache("override", version_override="v1"))
async def versioned(folder: str, name: str) -> str:
    leave(folder, name)
    return name


@env.task(cache="disable")
async def uncached(folder: str, name: str) -> str:
    leave(folder, name)
    return name


@env.task(cache=flyte.Cache("auto", ignored_inputs=("label",)))
async def ignores_label(folder: str, name: str, label: str) -> str:
    leave(folder, name)
    return label


@env.task(cache=flyte.Cache("auto", serialize=True))
async def one_at_a_time(folder: str, name: str) -> str:
    leave(folder, name)
    time.sleep(2)
    return name


@env.task
async def calls_cached(folder: str, name: str) -> str:
    return await cached(folder, name)


@env.task
async def calls_versions(folder: str, name: str, version: str) -> str:
    changed = versioned.override(cache=flyte.Cache("override", version_override=version))
    return await changed(folder, name)


@env.task
async def calls_uncached_twice(folder: str, name: str) -> None:
    await uncached(folder, name)
    await uncached(folder, name)


@env.task
async def calls_with_labels(folder: str, name: str) -> list[str]:
    return [await ignores_label(folder, name, "first"), await ignores_label(folder, name, "second")]


@env.task
async def calls_serialized(folder: str, name: str) -> list[str]:
    return list(await asyncio.gather(*(one_at_a_time(folder, name) for _ in range(3))))
