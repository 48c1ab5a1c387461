"""A parent written in Rust whose children are tasks of the stock SDK; the example `parent` is its program."""

import subprocess
from contextlib import contextmanager

import flyte
import lifecycle
import pytest
from client import lines, wait_for_lines
from platform_process import binary, clean_environment

CHILDREN = 3


@contextmanager
def parent(own, markers):
    """The program, started on a platform of its own where its children are deployed."""
    flyte.deploy(lifecycle.env, version="v1")
    program = binary().parent / "examples" / "parent"
    assert program.exists(), f"{program} does not exist: build the examples"
    words = [program, "run", own.platform.endpoint, "lifecycle.held_child", str(CHILDREN), f"folder={markers}"]
    process = subprocess.Popen(words, env=clean_environment(own.platform.home), stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def check_its_sum(process, markers):
    """It ends well, and no child ran twice."""
    (markers / "release").touch()
    said, _ = process.communicate(timeout=120)
    assert (process.returncode, said.strip()) == (0, str(sum(range(CHILDREN))))
    started = {number: len(lines(markers / f"child-{number}")) for number in range(CHILDREN)}
    assert set(started.values()) == {1}, started


@pytest.mark.within(240)
def test_python_children_of_a_rust_parent_survive_a_crash_of_the_server(platforms, markers):
    own = platforms()
    with parent(own, markers) as process:
        for number in range(CHILDREN):
            wait_for_lines(markers / f"child-{number}", 1)
        own.platform.kill_server()
        own.platform.restart()
        check_its_sum(process, markers)


@pytest.mark.within(240)
def test_a_rust_parent_reads_and_writes_in_a_bucket(platforms, buckets, markers):
    bucket = buckets.bucket()
    own = platforms(env={"WINGBEAT_STORE": f"s3://{bucket}/flows", **buckets.account()})
    with parent(own, markers) as process:
        check_its_sum(process, markers)
    inputs = [key for key in buckets.keys(bucket, "flows/runs/") if key.endswith("/inputs.pb")]
    assert len(inputs) >= CHILDREN, inputs
