"""Aborts reach processes, and only those that are meant."""

import flyte.errors
import flyte.remote as remote
import lifecycle
import pytest
from client import phase_name, wait_for_lines
from platform_process import environment, wait_until


def processes_of(client, run):
    """The task processes of one run."""
    return [pid for pid in client.platform.tasks() if f"RUN_NAME={run.name}" in environment(pid)]


def test_aborting_a_run_ends_all_its_processes(shared, markers):
    run = shared.run(lifecycle.holds_children, str(markers), 2)
    wait_for_lines(markers / "child-0", 1)
    wait_for_lines(markers / "child-1", 1)
    assert len(processes_of(shared, run)) == 3
    run.abort(reason="no longer wanted")
    shared.finish(run, "aborted")
    wait_until(lambda: not processes_of(shared, run), 20, "its processes are gone")
    phases = {phase_name(action.raw_phase) for action in shared.actions(run)}
    assert phases == {"aborted"}
    assert shared.details(run).abort_info.reason == "no longer wanted"
    with pytest.raises(flyte.errors.ActionAbortedError, match="no longer wanted"):
        run.raise_for_status()


def test_aborting_a_child_leaves_its_parent_alive(shared, markers):
    run = shared.run(lifecycle.outlives_an_aborted_child, str(markers))
    wait_for_lines(markers / "child-0", 1)
    child = shared.only(run, "lifecycle.held_child")
    remote.Action.get(run_name=run.name, name=child.name).abort(reason="only this one")
    assert shared.result(run).startswith("the child was aborted")
    assert phase_name(shared.details(run, child.name).raw_phase) == "aborted"
    wait_until(lambda: not processes_of(shared, run), 20, "its processes are gone")


def test_aborting_from_the_command_line(shared, markers):
    run = shared.run(lifecycle.held_child, str(markers), 7)
    wait_for_lines(markers / "child-7", 1)
    said = shared.flyte_cli("abort", "run", run.name, "--project", "flytesnacks", "--domain", "development")
    assert "has been aborted" in said
    shared.finish(run, "aborted")


def test_aborting_a_finished_run_changes_nothing(shared, markers):
    run = shared.finish(shared.run(lifecycle.good_step, str(markers)))
    run.abort()
    assert phase_name(shared.details(run).raw_phase) == "succeeded"


def test_aborting_an_unknown_run_is_no_error_for_the_client(shared, markers):
    run = shared.finish(shared.run(lifecycle.good_step, str(markers)))
    run.pb2.action.id.run.name = "no-such-run"
    run.abort()


def test_a_parent_that_ends_takes_its_children_along(shared, markers):
    run = shared.run(lifecycle.leaves_a_child_behind, str(markers))
    shared.finish(run)
    child = wait_until(lambda: shared.only(run, "lifecycle.held_child"), 5, "the child is listed")
    wait_until(lambda: phase_name(shared.details(run, child.name).raw_phase) == "aborted", 20, "the child is aborted")
    wait_until(lambda: not processes_of(shared, run), 20, "its processes are gone")
