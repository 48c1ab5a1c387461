"""What a task leaves for the end of its process: the interpreter takes care of it, wherever it came from."""

import json
import sys
import threading
import time
from pathlib import Path

import flyte
import flyte.remote

env = flyte.TaskEnvironment("endings")
# Things that live until the module does.
left = []


class Last:
    """Says when it is freed."""

    def __init__(self, folder: Path):
        self.file = folder / "freed"

    def __del__(self):
        self.file.touch()


class Odd:
    """Stands among the modules, and is none."""

    @property
    def __dict__(self):
        raise RuntimeError("it has none")


def goes_on():
    while True:
        json.dumps({"still": "there"})
        time.sleep(0.001)


def comes_late(folder: Path):
    time.sleep(0.3)
    (folder / "late").touch()


@env.task
async def leaves_things(folder: str) -> str:
    unflushed = open(Path(folder) / "unflushed", "w")
    unflushed.write("all of it\n")
    sys.modules["odd"] = Odd()
    left.extend([unflushed, Last(Path(folder))])
    threading.Thread(target=goes_on, daemon=True).start()
    threading.Thread(target=comes_late, args=(Path(folder),)).start()
    return "left"


@env.task
async def asks_for_its_run() -> str:
    run = await flyte.remote.Run.get.aio(name=flyte.ctx().action.run_name)
    return run.name


@env.task
def asks_in_sync() -> str:
    return flyte.remote.Run.get(name=flyte.ctx().action.run_name).name
