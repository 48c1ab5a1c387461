"""A program of two modules and a data file, for the kinds of code bundle."""

from pathlib import Path

import flyte

import bundled_words

env = flyte.TaskEnvironment("bundled")


@env.task
async def uses_a_module() -> str:
    return bundled_words.GREETING


@env.task
async def uses_a_data_file() -> str:
    return Path(__file__).with_name("greeting.txt").read_text().strip()


@env.task
async def child_uses_a_module() -> str:
    return await uses_a_module()
