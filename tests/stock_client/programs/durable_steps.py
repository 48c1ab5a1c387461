"""Traces that are replayed, conditions that are signalled, parents that crash and resume."""

import os
from datetime import timedelta

import flyte
import flyte.errors

from markers import leave

env = flyte.TaskEnvironment("durable_steps")


@flyte.trace
async def costly_step(folder: str, x: int) -> int:
    leave(folder, f"step-{x}")
    return x * 10


@flyte.trace
async def failing_step(folder: str) -> int:
    leave(folder, "failing-step")
    raise ValueError("this step fails")


@env.task
async def traced(folder: str) -> int:
    return await costly_step(folder, 1) + await costly_step(folder, 2)


@env.task
async def traced_child(folder: str) -> str:
    leave(folder, "child")
    return "from the child"


@env.task(retries=1)
async def crashes_and_resumes(folder: str) -> str:
    first = await costly_step(folder, 1)
    said = await traced_child(folder)
    if leave(folder, "parent") == 1:
        os._exit(1)
    second = await costly_step(folder, 2)
    return f"{said}: {first + second}"


@env.task
async def catches_a_failing_step(folder: str) -> str:
    try:
        await failing_step(folder)
    except Exception as problem:
        return f"caught {problem}"
    return "no error"


@env.task
async def asks(name: str, timeout: float = 0.0) -> str:
    limit = timedelta(seconds=timeout) if timeout else None
    condition = await flyte.new_condition.aio(name, prompt="Go on?", data_type=bool, timeout=limit)
    try:
        return f"answered {await condition.wait.aio()}"
    except flyte.errors.ConditionTimedoutError:
        return "nobody answered"


@env.task
async def asks_for_values() -> list[str]:
    number = await flyte.new_condition.aio("how many", prompt="How many?", data_type=int)
    share = await flyte.new_condition.aio("what share", prompt="Share?", data_type=float)
    text = await flyte.new_condition.aio("which words", prompt="**Words?**", prompt_type="markdown", data_type=str)
    return [repr(await number.wait.aio()), repr(await share.wait.aio()), repr(await text.wait.aio())]
