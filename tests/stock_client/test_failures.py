"""Failures, retries and the three timeouts."""

import failing
import flyte
import pytest
from client import lines, phase_name, wait_for_lines
from flyteidl2.workflow.run_definition_pb2 import ErrorInfo
from platform_process import environment, wait_until


@pytest.fixture(scope="module")
def runs(shared, tmp_path_factory):
    """All of this file's runs on the shared platform, each with a folder of its own."""
    tasks = [
        failing.third_time_lucky,
        failing.always_fails,
        failing.not_worth_retrying,
        failing.exits_once,
        failing.exits,
        failing.retried_parent,
        failing.runs_too_long,
        failing.resumes_from_its_checkpoint,
    ]
    started = {}
    for task in tasks:
        folder = tmp_path_factory.mktemp(task.short_name)
        started[task.short_name] = (shared.run(task, str(folder)), folder)
    for task in (failing.catches_a_failure,):
        started[task.short_name] = (shared.run(task), None)
    return started


def test_a_task_is_retried_with_backoff_until_it_succeeds(shared, runs):
    run, folder = runs["third_time_lucky"]
    assert shared.result(run) == 2
    assert lines(folder / "attempts") == ["0", "1", "2"]
    attempts = shared.details(run).pb2.attempts
    assert [attempt.attempt for attempt in attempts] == [1, 2, 3]
    assert [phase_name(attempt.phase) for attempt in attempts] == ["failed", "failed", "succeeded"]
    assert attempts[0].error_info.code == "RuntimeError"
    assert "attempt 0 fails" in attempts[0].error_info.message


def test_the_backoff_grows_by_its_factor(shared, runs):
    run, _ = runs["third_time_lucky"]
    attempts = shared.details(shared.finish(run)).pb2.attempts
    waits = [(running_since(later) - earlier.end_time.ToDatetime()).total_seconds() for earlier, later in pairs(attempts)]
    assert waits[0] >= 0.95 and waits[1] >= 1.95, waits


def test_a_task_that_always_fails_uses_up_its_retries(shared, runs):
    run, folder = runs["always_fails"]
    shared.finish(run, "failed")
    assert len(lines(folder / "always")) == 2
    error = shared.error(run)
    assert (error.code, error.kind) == ("ValueError", ErrorInfo.KIND_USER)
    assert "this never works" in error.message
    with pytest.raises(flyte.errors.RuntimeUserError, match="this never works"):
        run.raise_for_status()


def test_a_non_recoverable_error_is_not_retried(shared, runs):
    run, folder = runs["not_worth_retrying"]
    shared.finish(run, "failed")
    assert len(lines(folder / "hopeless")) == 1
    assert shared.details(run).attempts == 1
    assert shared.error(run).code == "NonRecoverableError"


def test_a_process_that_exits_without_a_result_is_retried(shared, runs):
    run, _ = runs["exits_once"]
    assert shared.result(run) == "second process"
    assert shared.details(run).attempts == 2


def test_an_exit_status_is_named_in_the_error(shared, runs):
    run, folder = runs["exits"]
    shared.finish(run, "failed")
    assert "9" in shared.error(run).message
    assert len(lines(folder / "exit")) == 1, "a user failure must not use the system's retries"


def test_a_parents_retry_runs_its_failed_child_again(shared, runs):
    run, folder = runs["retried_parent"]
    assert shared.result(run) == "the second child process"
    assert (len(lines(folder / "parent")), len(lines(folder / "child"))) == (2, 2)
    child = shared.only(run, "failing.fails_first")
    assert child.attempts == 2
    assert [phase_name(attempt.phase) for attempt in child.pb2.attempts] == ["failed", "succeeded"]


def test_a_childs_error_reaches_its_parent_with_its_code(shared, runs):
    run, _ = runs["catches_a_failure"]
    assert shared.result(run) == "KeyError: 'a missing key'"


def test_max_runtime_ends_an_attempt_and_its_process(shared, runs):
    run, _ = runs["runs_too_long"]
    shared.finish(run, "timed_out")
    assert shared.error(run).code == "MAX_RUNTIME_EXCEEDED"
    tasks_of_run = [pid for pid in shared.platform.tasks() if _belongs(pid, run.name)]
    wait_until(lambda: not [pid for pid in tasks_of_run if _belongs(pid, run.name)], 15, "its process is gone")
    with pytest.raises(flyte.errors.MaxRuntimeExceededError):
        run.raise_for_status()


def test_a_timeout_of_a_child_is_a_timeout_for_its_parent(shared, tmp_path):
    assert shared.call(failing.catches_a_timeout, str(tmp_path)) == "MaxRuntimeExceededError"


def test_the_deadline_ends_all_retries(shared, markers):
    run = shared.finish(shared.run(failing.past_its_deadline, str(markers)), "timed_out")
    assert shared.error(run).code == "DEADLINE_EXCEEDED"
    assert 1 <= len(lines(markers / "deadline")) <= 8
    status = shared.details(run).pb2.status
    took = (status.end_time.ToDatetime() - status.start_time.ToDatetime()).total_seconds()
    assert 7.5 <= took <= 20, took
    with pytest.raises(flyte.errors.DeadlineExceededError):
        run.raise_for_status()


def test_max_queued_time_ends_an_action_that_gets_no_slot(platforms, markers):
    own = platforms(parallelism=1)
    blocker = own.run(failing.waits, str(markers), "blocker", "release")
    wait_for_lines(markers / "blocker", 1)
    victim = own.finish(own.run(failing.queued_too_long), "timed_out")
    assert own.error(victim).code == "QUEUED_TIMEOUT_EXCEEDED"
    with pytest.raises(flyte.errors.MaxQueuedTimeExceededError):
        victim.raise_for_status()
    (markers / "release").touch()
    assert own.result(blocker) == "blocker"


def test_an_attempt_finds_the_checkpoint_of_the_one_before(shared, runs):
    run, _ = runs["resumes_from_its_checkpoint"]
    assert shared.result(run) == "saved by attempt 0"


def pairs(attempts):
    return zip(attempts, attempts[1:])


def running_since(attempt):
    """When an attempt went to RUNNING."""
    found = [change for change in attempt.phase_transitions if phase_name(change.phase) == "running"]
    return found[0].start_time.ToDatetime()


def _belongs(pid: int, run_name: str) -> bool:
    return f"RUN_NAME={run_name}" in environment(pid)
