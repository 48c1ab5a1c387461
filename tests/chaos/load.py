"""What the chaos test runs: a parent with children that print, and keep a copy of what they printed."""

import asyncio
import os
from pathlib import Path

import flyte

env = flyte.TaskEnvironment("chaos")

LINES = 25


def say(folder: str, text: str) -> None:
    """Prints a line, and then leaves a copy of it where the test finds it."""
    line = f"{os.environ.get('ACTION_NAME', '')} {os.getpid()} {text}"
    print(line, flush=True)
    with (Path(folder) / "printed").open("a") as copy:
        copy.write(line + "\n")


@env.task
async def leaf(folder: str, number: int) -> int:
    for count in range(LINES):
        say(folder, f"leaf {number} line {count}")
        await asyncio.sleep(0.04)
    return number * number


@env.task
async def tree(folder: str, width: int) -> int:
    say(folder, "begins")
    squares = await asyncio.gather(*(leaf(folder, number) for number in range(width)))
    say(folder, "ends")
    return sum(squares)


@env.task
async def nothing(number: int) -> None:
    """Run by a simulated executor, so not at all."""
