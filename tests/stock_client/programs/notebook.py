"""A program whose tasks live in `__main__`, as in a notebook: its code travels as a pickle."""

import sys

import flyte

env = flyte.TaskEnvironment("notebook")
OFFSET = 7


@env.task
async def shift(x: int) -> int:
    return x + OFFSET


@env.task
async def shift_twice(x: int) -> int:
    return await shift(await shift(x))


if __name__ == "__main__":
    flyte.init(endpoint=sys.argv[1], insecure=True, project="flytesnacks", domain="development")
    run = flyte.with_runcontext(interactive_mode=True).run(shift_twice, 1)
    run.wait(quiet=True)
    run.raise_for_status()
    print(f"{run.name} gave {run.outputs()[0]}")
