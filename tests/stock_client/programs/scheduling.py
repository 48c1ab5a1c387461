"""Tasks that name queues and resources."""

from datetime import timedelta

import flyte

from markers import hold, leave

env = flyte.TaskEnvironment("scheduling")


@env.task(queue="narrow")
async def one_at_a_time(folder: str, name: str) -> str:
    leave(folder, "begun", name)
    hold(folder, f"release-{name}")
    return name


@env.task(queue="narrow")
async def child_in_the_same_queue(n: int) -> int:
    return n + 1


@env.task(queue="narrow")
async def parent_in_a_full_queue(n: int) -> int:
    return await child_in_the_same_queue(n)


@env.task
async def noted(folder: str, name: str) -> str:
    leave(folder, "order", name)
    return name


@env.task
async def blocks(folder: str) -> None:
    leave(folder, "blocking")
    hold(folder, "unblock")


@env.task(queue="nobody-made-it")
async def in_an_unknown_queue() -> None:
    return None


@env.task
async def calls_into_an_unknown_queue() -> None:
    await in_an_unknown_queue()


huge_env = flyte.TaskEnvironment("huge", resources=flyte.Resources(cpu=4000, memory="1Gi"))


@huge_env.task(timeout=flyte.Timeout(max_queued_time=timedelta(seconds=8)))
async def too_large() -> None:
    return None
