"""Tasks of `steps.py` in a module that imports numeric libraries, as much code of users does."""

import time

import flyte
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression  # noqa: F401

env = flyte.TaskEnvironment(name="steps_heavy")


@env.task
async def adds(number: int) -> int:
    return int(pd.Series(np.arange(number)).sum())


@env.task
async def chain(kind: str, steps: int) -> list[float]:
    took = []
    for number in range(steps):
        started = time.perf_counter()
        await adds(number)
        took.append(time.perf_counter() - started)
    return took
