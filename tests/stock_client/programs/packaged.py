"""A task whose image asks for packages: elsewhere it would be built, here nothing has to be."""

import flyte

image = flyte.Image.from_debian_base(name="packaged").with_pip_packages("pandas")
env = flyte.TaskEnvironment("packaged", image=image)


@env.task
async def largest(numbers: list[int]) -> int:
    import pandas as pd

    return int(pd.Series(numbers).max())
