"""Tasks that run in reused processes, and look at what they share."""

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import flyte
from flyte.io import File

one = flyte.TaskEnvironment("reused_one", reusable=flyte.ReusePolicy(replicas=(0, 1)))
pair = flyte.TaskEnvironment("reused_pair", reusable=flyte.ReusePolicy(replicas=(0, 1), concurrency=2))
two = flyte.TaskEnvironment("reused_two", reusable=flyte.ReusePolicy(replicas=(1, 2)))
plain = flyte.TaskEnvironment("reused_plain", depends_on=[one, pair, two])

seen: list[str] = []


def surroundings() -> dict[str, str]:
    return {
        "pid": str(os.getpid()),
        "before": str(len(seen) - 1),
        "action": os.environ["ACTION_NAME"],
        "context": flyte.ctx().action.name,
        "shown": subprocess.run(["sh", "-c", "echo $ACTION_NAME"], capture_output=True, text=True).stdout.strip(),
        "tmp": os.environ["TMPDIR"],
        "marked": os.environ.get("LEFT_BEHIND", ""),
    }


@one.task
async def looks(number: int) -> dict[str, str]:
    seen.append(flyte.ctx().action.name)
    print(f"said by number {number}")
    os.system(f"echo said by a child of number {number}")
    found = surroundings()
    os.environ["LEFT_BEHIND"] = "yes"
    return found


@one.task
def looks_in_sync(number: int) -> dict[str, str]:
    seen.append("sync")
    print(f"said in sync by number {number}")
    return surroundings()


@one.task(retries=0)
async def ends(how: str) -> int:
    if how == "raise":
        raise ValueError("not today")
    if how == "sys.exit":
        sys.exit(5)
    if how == "os._exit":
        os._exit(6)
    return os.getpid()


@one.task(retries=2)
async def third_time(markers: str) -> int:
    with open(Path(markers) / "tries", "a") as tries:
        tries.write("x")
    if len((Path(markers) / "tries").read_text()) < 3:
        raise RuntimeError("again")
    return os.getpid()


@one.task
async def writes_a_file(text: str) -> File:
    Path("out.txt").write_text(text)
    return await File.from_local("out.txt")


@one.task
async def sleeps(markers: str) -> int:
    (Path(markers) / f"sleeps-{os.getpid()}").touch()
    await asyncio.sleep(600)
    return 1


@one.task
def blocks(markers: str) -> int:
    (Path(markers) / f"blocks-{os.getpid()}").touch()
    time.sleep(600)
    return 1


@one.task
async def pid() -> int:
    return os.getpid()


@one.task
async def leaf(number: int) -> int:
    return number + 1


@one.task
def leaf_in_sync(number: int) -> int:
    return number + 1


@flyte.trace
async def traced(number: int) -> int:
    return number * 10


@one.task
async def parent(depth: int) -> int:
    """Its children are in its own environment, of which there is one process."""
    found = sum(await asyncio.gather(leaf(depth), leaf_in_sync.aio(depth + 1), traced(depth)))
    with flyte.group("deeper"):
        return found + (await parent(depth - 1) if depth > 0 else 0)


@one.task
def parent_in_sync(number: int) -> int:
    return leaf_in_sync(number) + sum(flyte.map(leaf_in_sync, [number, number]))


@one.task(cache=flyte.Cache("override", version_override="1"))
async def cached(number: int) -> int:
    return os.getpid() + number


@plain.task
async def calls_cached(number: int) -> list[int]:
    return [await cached(number), await cached(number)]


@pair.task
async def meets(markers: str, name: str) -> dict[str, str]:
    """Ends only when the other one is here too."""
    print(f"{name} is here")
    (Path(markers) / name).touch()
    other = Path(markers) / {"left": "right", "right": "left"}[name]
    while not other.exists():
        await asyncio.sleep(0.02)
    print(f"{name} goes")
    return {"pid": str(os.getpid()), "action": os.environ["ACTION_NAME"], "context": flyte.ctx().action.name}


@plain.task
async def meeting(markers: str) -> list[dict[str, str]]:
    return list(await asyncio.gather(meets(markers, "left"), meets(markers, "right")))


@two.task
async def stays(markers: str, number: int) -> int:
    (Path(markers) / f"in-{number}").touch()
    while not (Path(markers) / "go").exists():
        await asyncio.sleep(0.02)
    return os.getpid()


@plain.task
async def crowd(markers: str, count: int) -> list[int]:
    return list(await asyncio.gather(*(stays(markers, number) for number in range(count))))


@one.task
async def lasts(markers: str) -> int:
    """Tells who runs it, and waits for leave to end."""
    with open(Path(markers) / "starts", "a") as starts:
        starts.write(f"{os.getpid()}\n")
    while not (Path(markers) / "go").exists():
        await asyncio.sleep(0.02)
    return os.getpid()
