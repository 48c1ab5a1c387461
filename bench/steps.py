"""Chains and a fan-out of no-op steps with the stock client, measured from inside the parent.

    python bench/steps.py --endpoint localhost:8080 --steps 40

The parent awaits one child after another, so the time of a step is from the call to the child's result
in the parent: enqueue, start, imports of the user's module, run, report. What can be measured (`--kinds`):

    task     tasks in processes of their own, fresh or forked as the server's `--isolation` says
    reused   tasks in a reused process (`--isolation reuse`, the default)
    trace    `flyte.trace` steps in the parent itself
    many     children of one parent at once, forked or fresh (`--children`)
    crowd    the same with children in reused processes
    rust     tasks in reused processes, created and watched by the load program (`--load`): as runs of one task each, and as
             children of one run
    heavy    as `task`, in a module that imports numpy, pandas and scikit-learn
    hand     no server: `a0` as a subprocess on files like those of a `task` step

`cargo xtask bench steps` starts a server for each isolation and runs this. Prints one JSON object a line, in the form of
`cargo xtask bench --json`. Needs the package `flyte` here and in the environment of the server's tasks.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

for name in ("NO_PROXY", "no_proxy"):
    os.environ[name] = ",".join(filter(None, [os.environ.get(name), "localhost,127.0.0.1"]))

import flyte  # noqa: E402  (the proxy setting must come first)

figures = sys.stdout
reused = flyte.TaskEnvironment(name="steps_reused", reusable=flyte.ReusePolicy(replicas=(1, 1)))
env = flyte.TaskEnvironment(name="steps", depends_on=[reused])


@env.task
async def nothing(number: int) -> int:
    return number


@reused.task
async def nothing_reused(number: int) -> int:
    return number


@reused.task
async def nothing_at_all() -> None:
    pass


@env.task
async def stays() -> None:
    await asyncio.sleep(3600)


@flyte.trace
async def nothing_traced(number: int) -> int:
    return number


@env.task
async def chain(kind: str, steps: int) -> list[float]:
    step = {"task": nothing, "reused": nothing_reused, "trace": nothing_traced}[kind]
    took = []
    for number in range(steps):
        started = time.perf_counter()
        await step(number)
        took.append(time.perf_counter() - started)
    return took


@env.task
async def crowd(kind: str, children: int) -> list[float]:
    """Seconds, and of these the cpu of processes that were started for it and have ended."""
    step = {"many": nothing, "crowd": nothing_reused}[kind]
    started, cpu = time.perf_counter(), cpu_of_ended_siblings()
    await asyncio.gather(*(step(number) for number in range(children)))
    return [time.perf_counter() - started, cpu_of_ended_siblings() - cpu]


def cpu_of_ended_siblings() -> float:
    """What has started this process has started, and waited for, the children of this attempt."""
    with open(f"/proc/{os.getppid()}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return sum(map(int, fields[13:15])) / os.sysconf("SC_CLK_TCK")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--endpoint", help="host:port of the server, for plain http")
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--children", type=int, default=1000)
    parser.add_argument("--kinds", default="task,reused,trace", help="what to measure, joined by commas")
    parser.add_argument("--load", help="the load program, for `rust`")
    parser.add_argument("--isolation", default="", help="what the server runs with, for the settings printed")
    arguments = parser.parse_args()
    only_figures_on_stdout()
    kinds = arguments.kinds.split(",")
    if kinds != ["hand"]:
        if not arguments.endpoint:
            parser.error("--endpoint is needed for all but `hand`")
        flyte.init(
            endpoint=arguments.endpoint,
            insecure=True,
            project="flytesnacks",
            domain="development",
            root_dir=Path(__file__).parent,
        )
    for kind in kinds:
        {"hand": hand, "heavy": heavy_steps, "many": fan_out, "crowd": fan_out, "rust": fed_by_rust}.get(kind, steps)(kind, arguments)
    return 0


def only_figures_on_stdout() -> None:
    """The package logs there as well."""
    global figures
    figures = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)


def steps(kind: str, arguments: argparse.Namespace) -> None:
    # The first run pays for the upload, for Python's caches, and for a process that stays.
    result(chain, kind, 2)
    load = os.getloadavg()[0]
    tell(kind, sorted(result(chain, kind, arguments.steps)), load, arguments)


def heavy_steps(kind: str, arguments: argparse.Namespace) -> None:
    try:
        import heavy_imports
    except ModuleNotFoundError as error:
        print(f"not measured: {kind}, {error.name} is not installed", file=sys.stderr)
        return
    # Attempts before it have told what they import, and it has been loaded.
    result(heavy_imports.chain, kind, 10)
    load = os.getloadavg()[0]
    tell(kind, sorted(result(heavy_imports.chain, kind, arguments.steps)), load, arguments)


def fan_out(kind: str, arguments: argparse.Namespace) -> None:
    result(crowd, kind, 2)
    load = os.getloadavg()[0]
    took, cpu = result(crowd, kind, arguments.children)
    print_line(f"{kind}, all", took, "s", load, arguments)
    print_line(f"{kind}, rate", arguments.children / took, "1/s", load, arguments)
    if kind == "many":
        print_line(f"{kind}, their own cpu", cpu, "s", load, arguments)
        print_line(f"{kind}, over their own cpu on all cores", took / (cpu / os.cpu_count()), "x", load, arguments)


def fed_by_rust(kind: str, arguments: argparse.Namespace) -> None:
    if not arguments.load:
        raise SystemExit("`rust` needs --load: the program target/release/examples/load")
    version = f"steps-{os.getpid()}"
    flyte.deploy(env, version=version)
    task, root = (f"{task.name}@{version}" for task in (nothing_at_all, stays))
    all_of_them = str(arguments.children)
    for scenario in (["runs", "--runs", all_of_them], ["fan-out", "--children", all_of_them, "--root", root]):
        load = os.getloadavg()[0]
        command = [arguments.load, "--endpoint", arguments.endpoint, *scenario, "--task", task]
        printed = subprocess.run(command, check=True, capture_output=True, text=True)
        for line in map(json.loads, printed.stdout.splitlines()):
            print_line(f"{kind}, {line['measure']}", line["value"], line["unit"], load, arguments)


def hand(kind: str, arguments: argparse.Namespace) -> None:
    from flyteidl2.core.literals_pb2 import Literal, Primitive, Scalar
    from flyteidl2.task.common_pb2 import Inputs, NamedLiteral

    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="wingbeat-steps.") as folder:
        one = Literal(scalar=Scalar(primitive=Primitive(integer=1)))
        inputs = Path(folder, "inputs.pb")
        inputs.write_bytes(Inputs(literals=[NamedLiteral(name="number", value=one)]).SerializeToString())
        by_hand(folder, inputs)
        took = sorted(by_hand(folder, inputs) for _ in range(min(arguments.steps, 10)))
    tell(kind, took, load, arguments)


def by_hand(folder: str, inputs: Path) -> float:
    """Seconds of `a0` for the step's task."""
    started = time.perf_counter()
    run_a0("nothing", inputs, Path(folder, "out"), {})
    return time.perf_counter() - started


def run_a0(task: str, inputs: Path, outputs: Path, env: dict[str, str]) -> None:
    """Runs a task of this file in a process; the recipe is that of the executor, without a platform."""
    names = {"ACTION_NAME": "a0", "RUN_NAME": "hand", "_U_ORG_NAME": "o", "_U_RUN_BASE": str(outputs.parent)}
    where = {"FLYTE_INTERNAL_EXECUTION_PROJECT": "p", "FLYTE_INTERNAL_EXECUTION_DOMAIN": "d"}
    a0 = Path(sys.executable).with_name("a0")
    command = [a0, "-i", inputs, "-o", outputs, "-v", "v1", "-r", outputs.parent / "raw"]
    command += ["--resolver", "flyte._internal.resolvers.default.DefaultTaskResolver", "mod", "steps", "instance"]
    ended = subprocess.run(
        [*map(str, command), task],
        env={"PATH": os.environ["PATH"], "FSSPEC_FILE_AUTO_MKDIR": "true", "no_proxy": "localhost", **names, **where, **env},
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
    )
    # The client may abort itself when all is done: its network threads outlive the interpreter.
    if not Path(outputs, "outputs.pb").exists():
        raise SystemExit(f"a0 left no outputs:\n{ended.stderr[-4000:]}")


def tell(kind: str, took: list[float], load: float, arguments: argparse.Namespace) -> None:
    for what, value in [(f"{kind}, median", took[len(took) // 2]), (f"{kind}, slowest", took[-1])]:
        print_line(what, value * 1000, "ms", load, arguments)


def print_line(measure: str, value: float, unit: str, load: float, arguments: argparse.Namespace) -> None:
    settings = {
        "steps": arguments.steps,
        "isolation": arguments.isolation,
        "client": f"flyte {flyte.__version__}",
        "cores": os.cpu_count(),
        "load before": round(load, 1),
    }
    if unit != "ms":
        settings["steps"] = arguments.children
    line = {"bench": "steps", "measure": measure, "value": round(value, 2), "unit": unit}
    print(json.dumps({**line, "settings": settings}), file=figures, flush=True)


def result(task, kind: str, number: int):
    run = flyte.run(task, kind, number)
    run.wait(quiet=True)
    return run.outputs()[0]


if __name__ == "__main__":
    sys.exit(main())
