"""A parent written in Rust whose children are tasks of the stock SDK; the example `parent` is its program."""

import subprocess

import flyte
import lifecycle
import pytest
from client import lines, wait_for_lines
from platform_process import binary, clean_environment

CHILDREN = 3


@pytest.fixture
def parent(platforms, markers):
    """The program, started on a platform of its own where its children are deployed."""
    own = platforms()
    flyte.deploy(lifecycle.env, version="v1")
    program = binary().parent / "examples" / "parent"
    assert program.exists(), f"{program} does not exist: build the examples"
    words = [program, "run", own.platform.endpoint, "lifecycle.held_child", str(CHILDREN), f"folder={markers}"]
    process = subprocess.Popen(words, env=clean_environment(own.platform.home), stdout=subprocess.PIPE, text=True)
    yield own, process, markers
    process.kill()
    process.wait()


@pytest.mark.within(240)
def test_python_children_of_a_rust_parent_survive_a_crash_of_the_server(parent):
    own, process, markers = parent
    for number in range(CHILDREN):
        wait_for_lines(markers / f"child-{number}", 1)
    own.platform.kill_server()
    own.platform.restart()
    (markers / "release").touch()
    said, _ = process.communicate(timeout=120)
    assert (process.returncode, said.strip()) == (0, str(sum(range(CHILDREN))))
    started = {number: len(lines(markers / f"child-{number}")) for number in range(CHILDREN)}
    assert set(started.values()) == {1}, started
