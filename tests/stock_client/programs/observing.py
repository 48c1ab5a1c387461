"""Reports, logs, environment variables, custom context."""

import os
import sys
from datetime import datetime

import flyte
import flyte.report

from markers import hold, leave

env = flyte.TaskEnvironment("observing", env_vars={"FROM_TASK": "task value"})


@env.task(report=True)
async def reports(text: str) -> str:
    await flyte.report.log.aio(f"<h1>{text}</h1>", do_flush=True)
    flyte.report.get_tab("details").log("<p>in a tab of its own</p>")
    await flyte.report.flush.aio()
    return text


@env.task(report=True)
async def reports_while_running(folder: str) -> None:
    await flyte.report.replace.aio("<p>half way</p>", do_flush=True)
    leave(folder, "half way")
    hold(folder, "go on")
    await flyte.report.replace.aio("<p>all done</p>", do_flush=True)


@env.task
async def prints_while_running(folder: str) -> None:
    print("a line before the pause", flush=True)
    leave(folder, "paused")
    hold(folder, "go on")
    print("a line on stderr", file=sys.stderr, flush=True)
    print("the last line, without an end", end="")


@env.task(retries=1)
async def prints_per_attempt() -> None:
    attempt = flyte.ctx().attempt_number
    print(f"printed by attempt {attempt}")
    if attempt == 0:
        raise RuntimeError("try again")


@env.task
async def prints_much(count: int) -> None:
    for number in range(count):
        print(f"line {number:06}")


@env.task
async def read_environment(names: list[str]) -> dict[str, str]:
    return {name: os.environ.get(name, "(unset)") for name in names}


@env.task
async def environment_of_child(names: list[str]) -> dict[str, str]:
    return await read_environment(names)


@env.task
async def read_context() -> dict[str, str]:
    return dict(flyte.get_custom_context())


@env.task
async def context_of_children() -> list[dict[str, str]]:
    outer = await read_context()
    with flyte.custom_context(stage="inner"):
        inner = await read_context()
    return [outer, inner]


@env.task
async def who_am_i() -> list[str]:
    context = flyte.ctx()
    action = context.action
    return [str(action.project), str(action.domain), str(action.run_name), str(action.name), str(context.attempt_number)]


@env.task
async def starting_time() -> datetime:
    return flyte.ctx().run_start_time


@env.task
async def starting_times() -> list[datetime]:
    return [flyte.ctx().run_start_time, await starting_time()]
