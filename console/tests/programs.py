"""What the console's tests run: a fan-out, a failure below, questions, much talk, a long wait, a report, many types."""

import asyncio
import sys
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

import flyte
import flyte.report
import pandas as pd
from flyte.io import Dir, File

env = flyte.TaskEnvironment("console")


@env.task
async def square(x: int) -> int:
    """Squares a number."""
    return x * x


@env.task
async def fan(n: int) -> int:
    """Squares many numbers, each in a task of its own."""
    squares = [value async for value in flyte.map.aio(square, range(n), group_name="squares")]
    return sum(squares)


@flyte.trace
async def count(x: int) -> int:
    return x


@env.task
async def counts(n: int) -> int:
    """Counts, each number in a trace of its own."""
    with flyte.group("numbers"):
        return sum(await asyncio.gather(*(count(x) for x in range(n))))


@env.task
async def many(first: int, later: int) -> int:
    """Makes many actions: traces of its own, a task with traces, a failure that it catches, and more after an answer."""
    found = sum(await asyncio.gather(*(count(x) for x in range(first))))
    found += await counts(n=first // 4)
    try:
        await breaks(x=3)
    except Exception as error:
        print(f"caught: {error}")
    go = await flyte.new_condition.aio("more", prompt="More?", data_type=bool)
    if await go.wait.aio():
        found += sum(await asyncio.gather(*(count(first + x) for x in range(later))))
    return found


@env.task
async def quick(x: int, note: str = "none") -> int:
    """Adds one. The note is for people."""
    print(f"note: {note}")
    return x + 1


@env.task(retries=1)
async def breaks(x: int) -> int:
    print(f"about to divide by {x - x}", flush=True)
    return 1 // (x - x)


@env.task
async def fails(width: int) -> int:
    """Has a child that fails twice."""
    with flyte.group("good ones"):
        await asyncio.gather(*(square(x=i) for i in range(width)))
    return await breaks(x=7)


@env.task
async def masks() -> None:
    """Catches a failure, and fails for another reason."""
    await square(x=2)
    try:
        await breaks(x=5)
    except Exception as error:
        print(f"caught: {error}")
    raise ValueError("no such bird")


@env.task
async def asks() -> list[str]:
    """Waits for two answers of people."""
    go = await flyte.new_condition.aio("go-on", prompt="## Shall it go on?\n\n- **yes**: see [why](https://example.org/why)\n- <b>no</b>", prompt_type="markdown", data_type=bool)
    many = await flyte.new_condition.aio("how-many", prompt="How many?", data_type=int)
    return [repr(await go.wait.aio()), repr(await many.wait.aio())]


@env.task
async def wonders() -> list[str]:
    """Waits for a text, a whole number and a number of people."""
    name = await flyte.new_condition.aio("name", prompt="Which bird?", data_type=str)
    wings = await flyte.new_condition.aio("wings", prompt="How many wings?", data_type=int)
    ratio = await flyte.new_condition.aio("ratio", prompt="Which share of them?", data_type=float)
    return [repr(await one.wait.aio()) for one in (name, wings, ratio)]


@env.task
async def talks(lines: int, pause: float = 0.05) -> None:
    """Writes lines slowly, in colours and with things that no screen should be told."""
    print("\x1b[32mgreen\x1b[0m and \x1b[1;31mbold red\x1b[0m", flush=True)
    print("a bell \x07 and a title \x1b]0;owned\x07 are not shown", flush=True)
    for number in range(lines):
        print(f"line {number:04}", flush=True)
        if pause > 0:
            await asyncio.sleep(pause)


@env.task(cache=flyte.Cache("override", version_override="v1"))
async def remembers(x: int) -> int:
    """Computes a number once."""
    return x * 2


@env.task
async def recalls(x: int) -> int:
    """Wants the same number twice."""
    first = await remembers(x)
    second = await remembers(x)
    return first + second


@env.task
async def sleeps(seconds: float) -> None:
    await asyncio.sleep(seconds)


@env.task
async def turns(seconds: float) -> None:
    """Its second child waits until there is a place."""
    await asyncio.gather(sleeps(seconds), sleeps(seconds))


@env.task
async def naps() -> str:
    """Waits for a task that somebody aborts, and goes on."""
    try:
        await sleeps(seconds=600.0)
    except Exception as error:
        return f"woken: {type(error).__name__}"
    return "slept well"


@env.task
async def odd(size: int) -> None:
    """Writes what no log should have to hold, and fails with a very long message."""
    sys.stdout.buffer.write(b"binary " + bytes(range(256)) + b"\n")
    sys.stdout.buffer.write(b"<" + b"x" * size + b">\nafter the long line\n")
    sys.stdout.buffer.flush()
    raise ValueError("no such bird " + "\x1b[31m<b>very</b> " + "long " * 2_000)


@env.task(report=True)
async def reports() -> None:
    """Writes a report whose script tries to read the console."""
    await flyte.report.replace.aio(
        "<h1 id='title'>A report</h1><script>"
        "let read; try { read = String(parent.document.title) } catch (error) { read = 'refused' }"
        "document.getElementById('title').textContent = 'parent: ' + read</script>",
        do_flush=True,
    )


@env.task
async def files() -> tuple[File, Dir, pd.DataFrame]:
    """Gives a picture, a folder and a table."""
    picture = File.new_remote("bird.svg")
    async with picture.open("wb") as out:
        await out.write(b'<svg xmlns="http://www.w3.org/2000/svg" width="80" height="40"><circle cx="20" cy="20" r="15" fill="teal"/></svg>')
    with tempfile.TemporaryDirectory() as local:
        Path(local, "deep").mkdir()
        Path(local, "a note.txt").write_text("a note <b>in</b> a folder")
        Path(local, "deep", "data.bin").write_bytes(bytes(range(256)))
        folder = await Dir.from_local(local, remote_destination=Dir.new_remote("birds").path)
    frame = pd.DataFrame({"name": [f"bird {i}" for i in range(100)], "wings": range(100), "seen": pd.Timestamp("2026-01-31T12:00:00Z"), "ratio": [i / 8 for i in range(100)]})
    return picture, folder, frame


@env.task
async def reads(file: File, folder: Dir, frame: pd.DataFrame) -> list[str]:
    """Says what is in its inputs."""
    async with file.open("rb") as opened:
        text = bytes(await opened.read()).decode()
    below = await folder.download()
    names = sorted(f"{path.relative_to(below)}: {path.read_text()}" for path in Path(below).rglob("*") if path.is_file())
    return [text, *names, f"{len(frame)} rows, {frame['wings'].sum()} wings"]


@dataclass
class Bird:
    name: str
    wings: int
    weight: float


@env.task
async def shows(bird: Bird, when: datetime, span: timedelta, names: list[str], ages: dict[str, int], ratio: float, late: timedelta, nothing: str | None = None) -> tuple[Bird, list[str], File]:
    file = File.new_remote("note.txt")
    async with file.open("wb") as out:
        await out.write(b"a note")
    return bird, names, file


@env.task
async def types() -> None:
    """Gives values of many types to a task."""
    await shows(
        bird=Bird("swift\u202e", 2, float("nan")),
        when=datetime(2026, 1, 31, 12, 0, 0, 7, tzinfo=timezone.utc),
        span=timedelta(minutes=90),
        names=["a", "b <script>alert(1)</script>"],
        ages={"x": 1},
        ratio=0.5,
        late=timedelta(minutes=-5, microseconds=-1),
    )
