"""Our own command line, beside the stock one."""

import json
import subprocess

import basics
import durable_steps
import flyte
import lifecycle
import observing
import pytest
from client import phase_name, wait_for_lines
from platform_process import binary, clean_environment, wait_until
from test_durable_steps import pending_condition


@pytest.fixture(scope="module")
def finished(shared):
    return shared.finish(shared.run(basics.add_twice, 1))


def ours(client, *arguments, **options):
    return client.wingbeat(*arguments, "--endpoint", client.platform.endpoint, **options)


def as_json(client, *arguments):
    return json.loads(ours(client, *arguments, "-o", "json"))


def test_status_says_that_the_platform_answers(shared):
    assert str(shared.platform.port) in ours(shared, "status")
    assert as_json(shared, "status")


def test_runs_are_listed_and_shown(shared, finished):
    assert finished.name in ours(shared, "get", "run", "--limit", "1000")
    listed = as_json(shared, "get", "run", "--limit", "1000")
    assert finished.name in [run["action"]["id"]["run"]["name"] for run in listed["runs"]]
    assert "SUCCEEDED" in ours(shared, "get", "run", finished.name).upper()


def test_actions_are_listed_and_shown(shared, finished):
    assert "basics.add" in ours(shared, "get", "action", finished.name)
    assert len(as_json(shared, "get", "action", finished.name)["actions"]) == 3
    assert "a0" in ours(shared, "get", "action", finished.name, "a0")


def test_tasks_and_projects_are_listed(shared):
    flyte.deploy(basics.env, version="ours-v1")
    assert "basics.add" in ours(shared, "get", "task")
    assert "ours-v1" in ours(shared, "get", "task", "basics.add")
    assert "flytesnacks" in ours(shared, "get", "project")


def test_logs_are_printed(shared):
    run = shared.finish(shared.run(observing.prints_much, 20))
    lines = ours(shared, "logs", run.name).splitlines()
    assert [line for line in lines if line.startswith("line 0000")] == [f"line {n:06}" for n in range(20)]


def test_logs_are_followed_to_the_end_of_the_attempt(shared, markers):
    run = shared.run(observing.prints_while_running, str(markers))
    wait_for_lines(markers / "paused", 1)
    command = [str(binary()), "logs", "--follow", run.name, "--endpoint", shared.platform.endpoint]
    follower = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=clean_environment(shared.platform.home)
    )
    try:
        assert "before the pause" in next(line for line in follower.stdout if "a line" in line)
        (markers / "go on").touch()
        rest = follower.stdout.read()
        assert follower.wait(20) == 0
    finally:
        follower.kill()
    assert "the last line, without an end" in rest


def test_a_run_is_aborted(shared, markers):
    run = shared.run(lifecycle.held_child, str(markers), 3)
    wait_for_lines(markers / "child-3", 1)
    ours(shared, "abort", run.name, "--reason", "enough")
    shared.finish(run, "aborted")
    assert shared.details(run).abort_info.reason == "enough"


def test_a_condition_is_signalled_by_its_name(shared):
    run = shared.run(durable_steps.asks, "by name")
    pending_condition(run, "by name")
    ours(shared, "signal", run.name, "by name", "yes")
    assert shared.result(run) == "answered True"


def test_what_does_not_exist_is_said_with_exit_status_1(shared):
    said = ours(shared, "get", "run", "no-such-run", ok=False)
    assert "no-such-run" in said


def test_an_action_that_waits_says_why(platforms, markers):
    own = platforms(parallelism=1)
    blocker = own.run(lifecycle.held_child, str(markers), 0)
    wait_for_lines(markers / "child-0", 1)
    waiting = own.run(basics.add, 1)
    said = wait_until(
        lambda: (text := ours(own, "get", "action", waiting.name, "a0")) and "places are taken" in text and text,
        20,
        "the waiting action says that all places are taken",
        every=0.5,
    )
    assert "QUEUED" in said.upper() or "WAITING" in said.upper()
    (markers / "release").touch()
    own.finish(blocker)
    assert phase_name(own.finish(waiting).raw_phase) == "succeeded"
