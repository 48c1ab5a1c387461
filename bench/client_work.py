"""What the stock client itself needs for the steps of `steps.py`: the same parents, run by hand with `a0` against a
backend that answers at once and keeps nothing. A platform cannot be faster than that on the same machine.

    python bench/client_work.py --load target/release/examples/load --children 1000

Prints one JSON object a line, in the form of `cargo xtask bench --json`; `cpu` is that of the parent's process alone.
"""

import argparse
import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import steps
from flyteidl2.core.literals_pb2 import Literal, Primitive, Scalar
from flyteidl2.task.common_pb2 import Inputs, NamedLiteral, Outputs


# As the executor sets it for each task; its own limit of 100 calls a second would be all that is measured.
CLIENT = {"_U_INSECURE": "true", "_U_USE_ACTIONS": "1", "_F_MAX_QPS": "10000", "_F_P_CNC": "10000"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--load", required=True, help="the load program, target/release/examples/load")
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--children", type=int, default=1000)
    arguments = parser.parse_args()
    arguments.isolation = "no platform"
    with tempfile.TemporaryDirectory(prefix="wingbeat-client.") as folder, backend(arguments.load, folder) as endpoint:
        for kind in ("reused", "trace"):
            parent(endpoint, "chain", kind, 2)
            load = os.getloadavg()[0]
            took, _ = parent(endpoint, "chain", kind, arguments.steps)
            seconds = sorted(literal.scalar.primitive.float_value for literal in took.collection.literals)
            steps.tell(f"client alone, {kind}", seconds, load, arguments)
        load = os.getloadavg()[0]
        _, before = parent(endpoint, "crowd", "crowd", 2)
        took, cpu = parent(endpoint, "crowd", "crowd", arguments.children)
        steps.print_line("client alone, crowd", took.collection.literals[0].scalar.primitive.float_value, "s", load, arguments)
        steps.print_line("client alone, crowd, cpu", cpu - before, "s", load, arguments)
    return 0


@contextlib.contextmanager
def backend(load: str, folder: str):
    outputs = Path(folder, "outputs.pb")
    outputs.write_bytes(Outputs(literals=[NamedLiteral(name="o0", value=integer(1))]).SerializeToString())
    command = [load, "instant", "--outputs", folder]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        try:
            yield json.loads(program.stdout.readline())["address"].replace("127.0.0.1", "localhost")
        finally:
            program.terminate()


def parent(endpoint: str, task: str, kind: str, number: int) -> tuple[Literal, float]:
    """The result of a task of `steps.py`, and the seconds of CPU that its process took."""
    with tempfile.TemporaryDirectory(prefix="wingbeat-client.") as folder:
        inputs, outputs = Path(folder, "inputs.pb"), Path(folder, "out")
        values = {"kind": Literal(scalar=Scalar(primitive=Primitive(string_value=kind)))}
        values["steps" if task == "chain" else "children"] = integer(number)
        given = Inputs(literals=[NamedLiteral(name=name, value=value) for name, value in values.items()])
        inputs.write_bytes(given.SerializeToString())
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        steps.run_a0(task, inputs, outputs, {"_U_EP_OVERRIDE": endpoint, **CLIENT})
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        result = Outputs.FromString(Path(outputs, "outputs.pb").read_bytes()).literals[0].value
        return result, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def integer(number: int) -> Literal:
    return Literal(scalar=Scalar(primitive=Primitive(integer=number)))


if __name__ == "__main__":
    sys.exit(main())
