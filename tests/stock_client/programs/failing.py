"""Tasks that fail, are retried, time out."""

import asyncio
import os
from datetime import timedelta
from pathlib import Path

import flyte
import flyte.errors

from markers import hold, leave

env = flyte.TaskEnvironment("failing")
SECOND = timedelta(seconds=1)


@env.task(retries=flyte.RetryStrategy(count=3, backoff=flyte.Backoff(base=SECOND, factor=2.0, cap=10 * SECOND)))
async def third_time_lucky(folder: str) -> int:
    attempt = flyte.ctx().attempt_number
    leave(folder, "attempts", str(attempt))
    if attempt < 2:
        raise RuntimeError(f"attempt {attempt} fails")
    return attempt


@env.task(retries=1)
async def always_fails(folder: str) -> int:
    leave(folder, "always")
    raise ValueError("this never works")


@env.task(retries=5)
async def not_worth_retrying(folder: str) -> int:
    leave(folder, "hopeless")
    raise flyte.errors.NonRecoverableError("there is no point")


@env.task(retries=1)
async def exits_once(folder: str) -> str:
    if leave(folder, "exits") == 1:
        os._exit(7)
    return "second process"


@env.task
async def exits(folder: str) -> str:
    leave(folder, "exit")
    os._exit(9)


@env.task(timeout=timedelta(seconds=3))
async def runs_too_long(folder: str) -> None:
    leave(folder, "slow")
    hold(folder, "never")


@env.task(timeout=flyte.Timeout(max_queued_time=timedelta(seconds=2)))
async def queued_too_long() -> None:
    return None


@env.task(
    retries=flyte.RetryStrategy(count=100, backoff=flyte.Backoff(base=SECOND)),
    timeout=flyte.Timeout(deadline=timedelta(seconds=8)),
)
async def past_its_deadline(folder: str) -> None:
    leave(folder, "deadline")
    raise RuntimeError("again")


@env.task
async def waits(folder: str, name: str, release: str) -> str:
    leave(folder, name)
    hold(folder, release)
    return name


@env.task
async def fails_first(folder: str) -> str:
    if leave(folder, "child") == 1:
        raise ValueError("the first child process fails")
    return "the second child process"


@env.task(retries=1)
async def retried_parent(folder: str) -> str:
    leave(folder, "parent")
    return await fails_first(folder)


@env.task
async def catches_a_failure() -> str:
    try:
        await raises_key_error()
    except flyte.errors.RuntimeUserError as problem:
        return f"{problem.code}: {problem}"
    return "no error"


@env.task
async def raises_key_error() -> None:
    raise KeyError("a missing key")


@env.task
async def catches_a_timeout(folder: str) -> str:
    try:
        await runs_too_long(folder)
    except flyte.errors.TaskTimeoutError as problem:
        return type(problem).__name__
    return "no error"


@env.task
async def overlaps(folder: str, number: int) -> int:
    """How many of its kind run now, itself included."""
    mine = Path(folder) / f"running-{number}"
    mine.touch()
    await asyncio.sleep(0.5)
    together = len(list(Path(folder).glob("running-*")))
    mine.unlink()
    return together


@env.task
async def counts_its_peers(folder: str, count: int) -> int:
    return max(await asyncio.gather(*(overlaps(folder, number) for number in range(count))))


@env.task(retries=1)
async def resumes_from_its_checkpoint(folder: str) -> str:
    checkpoint = flyte.ctx().checkpoint
    saved = await checkpoint.load()
    if saved is None:
        await checkpoint.save(b"saved by attempt 0")
        raise RuntimeError("fails after it has saved")
    return saved.read_text()
