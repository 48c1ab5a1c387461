"""Tasks in Rust and tasks of the stock SDK call each other; `examples/rust/hello.rs` is the Rust program."""

import subprocess

import deployed
import flyte
import flyte.remote
import pytest
from platform_process import binary, clean_environment


def hello(own, *words):
    """What the program says, which has to end well."""
    program = binary().parent / "examples" / "hello"
    assert program.exists(), f"{program} does not exist: build the examples"
    ended = subprocess.run(
        [program, *(word.format(program=program, endpoint=own.platform.endpoint) for word in words)],
        env=clean_environment(own.platform.home),
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


THERE = ("--endpoint", "{endpoint}", "--program", "{program}", "--version", "v1")


@pytest.mark.within(240)
def test_python_and_rust_call_each_other(platforms):
    own = platforms()
    assert "hello.length v1" in hello(own, "deploy", *THERE)
    # A dataclass of Python is the struct of Rust.
    length = flyte.remote.Task.get("hello.length", version="v1")
    run = flyte.run(length, point={"x": 3.0, "y": 4.0, "label": "p"})
    run.wait()
    assert run.outputs()[0] == 5.0

    flyte.deploy(deployed.env, version="v1")
    assert hello(own, "run", "--remote", *THERE, "ask", "--name", "deployed.scale", "--x", "5") == "15"
    # A Rust parent, a Rust child that it knows only by its name.
    assert hello(own, "run", "--remote", *THERE, "ask", "--name", "hello.square", "--x", "5") == "25"
