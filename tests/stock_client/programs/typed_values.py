"""Values of every kind that travel between tasks, and from and to the client."""

import enum
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Dict, List, Optional

import pandas as pd
from pydantic import BaseModel

import flyte
from flyte.io import DataFrame, Dir, File

env = flyte.TaskEnvironment("typed_values")


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Layer:
    size: int
    activation: str = "relu"


@dataclass
class Network:
    name: str
    layers: List[Layer] = field(default_factory=list)
    dropout: Optional[float] = None


class Settings(BaseModel):
    rate: float
    tags: Dict[str, str] = {}


@env.task
async def write_file(text: str) -> File:
    file = File.new_remote("note.txt")
    async with file.open("wb") as out:
        await out.write(text.encode())
    return file


@env.task
async def read_file(file: File) -> str:
    async with file.open("rb") as data:
        return bytes(await data.read()).decode()


@env.task
async def file_round_trip(text: str) -> str:
    return await read_file(await write_file(text))


@env.task
async def write_dir(names: List[str]) -> Dir:
    folder = Path("made-here")
    folder.mkdir()
    for name in names:
        (folder / name).write_text(f"this is {name}")
    return await Dir.from_local(str(folder))


@env.task
async def read_dir(folder: Dir) -> Dict[str, str]:
    found = {}
    async for file in folder.walk():
        async with file.open("rb") as data:
            found[file.name] = bytes(await data.read()).decode()
    return found


@env.task
async def dir_round_trip(names: List[str]) -> Dict[str, str]:
    return await read_dir(await write_dir(names))


@env.task
async def double_frame(frame: pd.DataFrame) -> pd.DataFrame:
    return frame * 2


@env.task
async def sum_frame(frame: DataFrame) -> int:
    return int((await frame.open(pd.DataFrame).all()).to_numpy().sum())


@env.task
async def frame_round_trip(frame: pd.DataFrame) -> int:
    return await sum_frame(DataFrame.wrap_df(await double_frame(frame)))


@env.task
async def widen(network: Network) -> Network:
    wider = [Layer(layer.size * 2, layer.activation) for layer in network.layers]
    return Network(network.name + "-wide", wider, network.dropout)


@env.task
async def dataclass_round_trip(network: Network) -> Network:
    return await widen(network)


@env.task
async def pydantic_round_trip(settings: Settings) -> Settings:
    return Settings(rate=settings.rate / 2, tags={**settings.tags, "seen": "yes"})


@env.task
async def other_colour(colour: Colour) -> Colour:
    return Colour.BLUE if colour is Colour.RED else Colour.RED


@env.task
async def describe(text: Optional[str] = None, number: Optional[int] = None) -> Optional[str]:
    return None if text is None and number is None else f"{text}/{number}"


@env.task
async def containers(
    numbers: List[int], words: Dict[str, float], at: datetime, span: timedelta, flag: bool
) -> tuple[List[int], Dict[str, float], datetime, timedelta, bool]:
    return numbers[::-1], {key: value * 2 for key, value in words.items()}, at + span, span * 2, not flag
