"""Tables that tasks in Rust read, and tasks that read tables of theirs."""

import asyncio
from typing import Annotated, OrderedDict

import pandas as pd
import pyarrow as pa

import flyte
import flyte.io
import flyte.remote

env = flyte.TaskEnvironment("tables")

SALES = {
    "region": ["north", "east", "north", None],
    "amount": [60.0, 70.0, 10.0, 80.0],
    "returned": [False, True, False, False],
    "when": pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"]),
}


@env.task
async def make_pandas() -> pd.DataFrame:
    return pd.DataFrame(SALES)


@env.task
async def make_arrow() -> pa.Table:
    return pa.Table.from_pandas(pd.DataFrame(SALES), preserve_index=False)


@env.task
async def make_csv() -> Annotated[flyte.io.DataFrame, "csv"]:
    return flyte.io.DataFrame.wrap_df(pd.DataFrame(SALES))


@env.task
async def read_pandas(table: pd.DataFrame) -> dict[str, float]:
    return dict(zip(table["region"], table["total"], strict=True))


@env.task
async def read_arrow(table: pa.Table) -> dict[str, float]:
    return dict(zip(table["region"].to_pylist(), table["total"].to_pylist(), strict=True))


@env.task
async def read_one_column(table: Annotated[pd.DataFrame, OrderedDict(region=str)]) -> list[str]:
    assert list(table.columns) == ["region"], table.columns
    return sorted(table["region"])


async def there_and_back(made: flyte.io.DataFrame) -> dict[str, float]:
    """Rust adds up a table of Python; Python reads what Rust made in every way that it has."""
    totals = flyte.remote.Task.get("parquet.totals", auto_version="latest")
    sums = await totals(sales=made, at_least=20.0)
    told = await read_pandas(sums)
    assert await read_arrow(sums) == told
    assert await read_one_column(sums) == sorted(told)
    opened = await sums.open(pd.DataFrame).all()
    assert list(opened.columns) == ["region", "total"], opened
    return told


@env.task
async def all_ways() -> dict[str, dict[str, float]]:
    pandas, arrow, csv = await asyncio.gather(make_pandas(), make_arrow(), make_csv())
    frames = {"pandas": flyte.io.DataFrame.wrap_df(pandas), "arrow": flyte.io.DataFrame.wrap_df(arrow), "csv": csv}
    told = await asyncio.gather(*(there_and_back(frame) for frame in frames.values()))
    return dict(zip(frames, told, strict=True))
