"""Values to literals and back, and hashes of inputs: this repository's type engine beside the stock client's.

    cargo build --release --workspace --examples
    python bench/type_engine.py target/release/examples

Ours are measured twice: values of Rust types, as tasks written in Rust have them, and values whose type is only known when the
program runs, as the platform has them. Prints one line per case: both times and how many times faster the Rust one is. Run
it where nothing else runs.
"""

import asyncio
import dataclasses
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Dict, List

from flyte._internal.runtime.convert import generate_inputs_repr_for_literal, hash_data
from flyte.types import TypeEngine

ROUNDS = 3


@dataclasses.dataclass
class Row:
    f0: int
    f1: int
    f2: int
    f3: int
    f4: int
    f5: str
    f6: str
    f7: str
    f8: bool
    f9: float


@dataclasses.dataclass
class Leaf:
    x: int


@dataclasses.dataclass
class Nested:
    leaves: List[Leaf]


def row(ix: int) -> Row:
    texts = [f"text {ix} {part}" for part in range(3)]
    return Row(ix, ix + 1, ix + 2, ix + 3, ix + 4, *texts, ix % 2 == 0, 0.5)


CASES = {
    "int": (int, 7),
    "list[int] 1e5": (List[int], list(range(100_000))),
    "dict[str, float] 1e4": (Dict[str, float], {f"key{ix}": float(ix) for ix in range(10_000)}),
    "struct with 10 fields x 1e4": (List[Row], [row(ix) for ix in range(10_000)]),
    "nested, 1000 leaves": (Nested, Nested([Leaf(ix) for ix in range(1_000)])),
}

HASHES = {
    "hash of 10 MB of text": (str, "x" * 10_000_000),
    "hash of 1e6 ints, 10 MB": (List[int], list(range(1_000_000))),
}


def median_ns(run) -> float:
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter_ns()
        run()
        times.append(time.perf_counter_ns() - start)
    return statistics.median(times)


def theirs() -> dict:
    found = {}
    for name, (kind, value) in CASES.items():
        wire = TypeEngine.to_literal_type(kind)
        literal = asyncio.run(TypeEngine.to_literal(value, kind, wire))

        async def write(value=value, kind=kind, wire=wire):
            return await TypeEngine.to_literal(value, kind, wire)

        async def read(literal=literal, kind=kind):
            return await TypeEngine.to_python_value(literal, kind)

        found[name] = {
            "to_literal_ns": median_ns(lambda: asyncio.run(write())),
            "from_literal_ns": median_ns(lambda: asyncio.run(read())),
        }
    for name, (kind, value) in HASHES.items():
        literal = asyncio.run(TypeEngine.to_literal(value, kind, TypeEngine.to_literal_type(kind)))
        found[name] = {"hash_ns": median_ns(lambda: hash_data(generate_inputs_repr_for_literal(literal)))}
    return found


def main() -> None:
    folder = Path(sys.argv[1])
    python = theirs()
    for kind, program in [("Rust type", "value_timings"), ("dynamic", "type_timings")]:
        lines = subprocess.run([folder / program], check=True, capture_output=True, text=True).stdout.splitlines()
        for record in map(json.loads, lines):
            name = record.pop("case")
            for what, ns in record.items():
                their_ns = python[name][what]
                times = f"{ns / 1e6:12.4f} ms  {their_ns / 1e6:12.4f} ms  {their_ns / ns:8.0f}x"
                print(f"{kind:10} {name:32} {what[:-3]:14} {times}")


if __name__ == "__main__":
    main()
