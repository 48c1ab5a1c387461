"""Tasks that are deployed once and run by name."""

import flyte
import flyte.remote

env = flyte.TaskEnvironment("deployed", description="tasks to find by name")


@env.task(short_name="scale it")
async def scale(x: int, factor: int = 3) -> int:
    """Multiplies x."""
    return x * factor


@env.task
async def calls_by_name(x: int) -> int:
    fetched = flyte.remote.Task.get("deployed.scale", auto_version="latest")
    return await fetched(x=x)
