"""Traces and conditions: what was done is not done again, and people can answer."""

import durable_steps as steps
import flyte.remote as remote
import pytest
from client import lines, phase_name
from connectrpc.code import Code
from connectrpc.errors import ConnectError
from platform_process import wait_until


def pending_condition(run, name):
    """The condition `name` of the run, once it waits."""

    def find():
        found = remote.Condition.get(name, run_name=run.name)
        return found if found is not None and phase_name(found.pb2.status.phase) == "paused" else None

    return wait_until(find, 40, f"condition {name} of run {run.name} is paused", every=0.2)


def test_traces_are_recorded_as_actions(shared, markers):
    run = shared.run(steps.traced, str(markers))
    assert shared.result(run) == 30
    traces = shared.actions(run, "costly_step")
    assert len(traces) == 2
    assert {phase_name(trace.raw_phase) for trace in traces} == {"succeeded"}
    assert {trace.parent_name for trace in traces} == {"a0"}


def test_a_parent_that_crashes_resumes_without_repeating_traces_or_children(shared, markers):
    run = shared.run(steps.crashes_and_resumes, str(markers))
    assert shared.result(run) == "from the child: 30"
    counts = {name: len(lines(markers / name)) for name in ("parent", "child", "step-1", "step-2")}
    assert counts == {"parent": 2, "child": 1, "step-1": 1, "step-2": 1}
    assert shared.details(run).attempts == 2


def test_a_failed_trace_is_an_error_that_can_be_caught(shared, markers):
    run = shared.run(steps.catches_a_failing_step, str(markers))
    assert shared.result(run) == "caught this step fails"
    assert phase_name(shared.only(run, "failing_step").raw_phase) == "failed"


def test_a_condition_is_signalled_from_the_command_line(shared):
    run = shared.run(steps.asks, "approve")
    waiting = pending_condition(run, "approve")
    listed = shared.flyte_cli("get", "condition", run.name, "--project", "flytesnacks", "--domain", "development")
    assert "approve" in listed
    said = shared.flyte_cli(
        "signal", "condition", run.name, waiting.action_name, "true", "--project", "flytesnacks", "--domain", "development"
    )
    assert "has been signaled" in said
    assert shared.result(run) == "answered True"


def test_conditions_of_every_type_are_signalled_from_python(shared):
    run = shared.run(steps.asks_for_values)
    for name, value in (("how many", 12), ("what share", 0.25), ("which words", "all of them")):
        pending_condition(run, name).signal(value)
    assert shared.result(run) == ["12", "0.25", "'all of them'"]


def test_a_signal_of_the_wrong_type_is_refused_and_changes_nothing(shared):
    run = shared.run(steps.asks, "typed")
    waiting = pending_condition(run, "typed")
    with pytest.raises(ConnectError) as refused:
        waiting.signal("a text")
    assert refused.value.code == Code.INVALID_ARGUMENT
    assert pending_condition(run, "typed").action_name == waiting.action_name
    waiting.signal(False)
    assert shared.result(run) == "answered False"


def test_an_equal_second_signal_is_accepted_and_another_value_is_not(shared):
    run = shared.run(steps.asks, "twice")
    waiting = pending_condition(run, "twice")
    waiting.signal(True)
    waiting.signal(True)
    with pytest.raises(ConnectError) as refused:
        waiting.signal(False)
    assert refused.value.code == Code.FAILED_PRECONDITION
    assert shared.result(run) == "answered True"


def test_a_condition_times_out(shared):
    run = shared.run(steps.asks, "unanswered", timeout=1.0)
    assert shared.result(run) == "nobody answered"
    assert phase_name(shared.only(run, "unanswered").raw_phase) == "timed_out"


def test_runs_with_a_paused_action_are_listed(shared):
    run = shared.run(steps.asks, "listed")
    waiting = pending_condition(run, "listed")
    assert run.name in {found.name for found in remote.Run.listall(paused_actions_only=True)}
    waiting.signal(True)
    shared.finish(run)
    assert run.name not in {found.name for found in remote.Run.listall(paused_actions_only=True)}
