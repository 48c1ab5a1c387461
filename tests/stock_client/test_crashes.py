"""`kill -9` of the server, the executor, a task: runs still end right, nothing runs twice."""

import os
import re
import signal
import sqlite3

import flyte.remote as remote
import lifecycle
import pytest
from client import bounded, lines, phase_name, wait_for_lines
from connectrpc.code import Code
from connectrpc.errors import ConnectError
from flyteidl2.workflow import run_service_pb2
from platform_process import all_processes, wait_until

CHILDREN = 3


@pytest.fixture
def held(platforms, markers):
    """A platform with a run whose parent and children are all running and held."""
    own = platforms()
    run = own.run(lifecycle.holds_children, str(markers), CHILDREN)
    for number in range(CHILDREN):
        wait_for_lines(markers / f"child-{number}", 1)
    return own, run, markers


def starts(markers):
    """How often each task process was started."""
    names = ["parent", *(f"child-{number}" for number in range(CHILDREN))]
    return {name: len(lines(markers / name)) for name in names}


@pytest.mark.within(240)
def test_a_killed_server_loses_nothing_and_starts_nothing_twice(held):
    own, run, markers = held
    tasks_before = set(own.platform.tasks())
    executors_before = own.platform.executors()
    assert len(tasks_before) == CHILDREN + 1
    own.platform.kill_server()
    assert set(own.platform.tasks()) == tasks_before, "tasks must outlive their server"
    own.platform.restart()
    assert own.platform.executors() == executors_before, "the executor must outlive its server"
    (markers / "release").touch()
    assert own.result(run) == sum(range(CHILDREN))
    assert set(starts(markers).values()) == {1}
    assert {action.attempts for action in own.actions(run)} == {1}


@pytest.mark.within(240)
def test_tasks_that_end_while_the_server_is_away_are_not_lost(held):
    own, run, markers = held
    own.platform.kill_server()
    (markers / "release").touch()
    wait_until(lambda: len(own.platform.tasks()) <= 1, 20, "the children end without a server")
    own.platform.restart()
    assert own.result(run) == sum(range(CHILDREN))
    assert set(starts(markers).values()) == {1}


@pytest.mark.within(240)
def test_a_damaged_row_does_not_keep_a_server_from_its_other_runs(held, tmp_path):
    own, run, markers = held
    damaged = own.run(lifecycle.held_child, str(tmp_path), 0)
    wait_for_lines(tmp_path / "child-0", 1)
    own.platform.kill_server()
    damage = "UPDATE action SET kind = 99 WHERE run_id = (SELECT id FROM run WHERE name = ?)"
    with sqlite3.connect(own.platform.data / "wingbeat.db") as database:
        assert database.execute(damage, [damaged.name]).rowcount == 1
    own.platform.restart()
    for folder in (markers, tmp_path):
        (folder / "release").touch()
    assert own.result(run) == sum(range(CHILDREN))
    assert "a row of a live action cannot be read" in own.platform.stdout() + own.platform.stderr()
    with pytest.raises(ConnectError) as refused:
        own.runs.get_run_details(run_service_pb2.GetRunDetailsRequest(run_id=own.run_id(damaged.name)))
    assert refused.value.code is Code.DATA_LOSS


@pytest.mark.within(240)
def test_a_killed_executor_is_replaced_and_its_attempts_run_again(held):
    own, run, markers = held
    tasks_before = set(own.platform.tasks())
    [executor] = own.platform.executors()
    os.kill(executor, signal.SIGKILL)
    wait_until(lambda: own.platform.executors() not in ([], [executor]), 40, "there is a new executor")
    wait_until(lambda: not tasks_before & set(all_processes()), 40, "the processes it left are gone")
    for number in range(CHILDREN):
        wait_for_lines(markers / f"child-{number}", 2, within=60)
    (markers / "release").touch()
    assert own.result(run) == sum(range(CHILDREN))
    children = own.actions(run, "lifecycle.held_child")
    assert len(children) == CHILDREN
    assert {child.attempts for child in children} == {2}
    assert {phase_name(child.pb2.attempts[0].phase) for child in children} == {"failed"}
    # They were written less than a second before, so no executor that is still alive has stored them.
    for child in children:
        action = remote.Action.get(run_name=run.name, name=child.name)
        text = "\n".join(bounded(lambda: list(action.get_logs(attempt=1)), 20, "the log ends"))  # noqa: B023
        assert re.search(r"child \d was here", text) and "the executor died" in text, text


@pytest.mark.within(180)
def test_a_killed_task_process_is_started_again_without_a_user_retry(shared, markers):
    run = shared.run(lifecycle.held_child, str(markers), 0)
    [first] = wait_for_lines(markers / "child-0", 1)
    os.kill(int(first), signal.SIGKILL)
    wait_for_lines(markers / "child-0", 2)
    (markers / "release").touch()
    assert shared.result(run) == 0
    details = shared.details(run)
    assert details.attempts == 2
    assert "kill" in details.pb2.attempts[0].error_info.message.lower()


@pytest.mark.within(240)
def test_everything_is_still_there_after_a_clean_restart(platforms, markers):
    own = platforms()
    run = own.finish(own.run(lifecycle.good_step, str(markers)))
    assert own.platform.stop() == 0
    assert not own.platform.processes()
    own.platform.restart()
    assert phase_name(own.details(run).raw_phase) == "succeeded"
    assert type(run).get(run.name).outputs()[0] == "good"
    assert list(run.get_logs()) is not None
    again = own.run(lifecycle.good_step, str(markers))
    assert own.result(again) == "good"
