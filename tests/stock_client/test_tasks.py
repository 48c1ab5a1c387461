"""Tasks of every shape run, and their results come back."""

import basics
import pytest
from client import phase_name


@pytest.fixture(scope="module")
def runs(shared):
    """All of this file's runs, started together."""
    return {
        "async": shared.run(basics.add, 20, y=22),
        "sync": shared.run(basics.square, 12),
        "nothing": shared.run(basics.nothing),
        "two": shared.run(basics.two_results, 5),
        "nested": shared.run(basics.nested, 1),
        "sync parent": shared.run(basics.sync_parent, 5),
        "mixed": shared.run(basics.async_parent_of_sync, 6),
        "gather": shared.run(basics.gather_children, 4),
        "map": shared.run(basics.map_children, 4),
        "sync map": shared.run(basics.sync_map, 3),
        "grouped": shared.run(basics.grouped),
        "partial": shared.run(basics.map_with_failures, 4),
    }


def test_an_async_task_returns_its_result(shared, runs):
    assert shared.result(runs["async"]) == 42


def test_a_sync_task_returns_its_result(shared, runs):
    assert shared.result(runs["sync"]) == 144


def test_a_task_without_a_result_succeeds(shared, runs):
    run = shared.finish(runs["nothing"])
    assert run.outputs()[0] is None


def test_two_results_keep_their_order(shared, runs):
    outputs = shared.finish(runs["two"]).outputs()
    assert tuple(outputs) == (5, "the number 5")
    assert outputs.named_outputs == {"o0": 5, "o1": "the number 5"}


def test_a_default_input_is_filled_in(shared):
    run = shared.run(basics.add, 1)
    assert shared.result(run) == 2
    assert dict(run.inputs()) == {"x": 1, "y": 1}


def test_nested_tasks_run_under_their_parents(shared, runs):
    assert shared.result(runs["nested"]) == 1200
    middle = shared.only(runs["nested"], "basics.add_twice")
    leaves = shared.actions(runs["nested"], "basics.add")
    assert middle.parent_name == "a0"
    assert [leaf.parent_name for leaf in leaves] == [middle.name] * 2


def test_a_sync_task_calls_a_sync_task(shared, runs):
    assert shared.result(runs["sync parent"]) == 26


def test_an_async_task_calls_a_sync_task(shared, runs):
    assert shared.result(runs["mixed"]) == 36


def test_children_run_at_the_same_time(shared, runs):
    assert shared.result(runs["gather"]) == 6
    assert len(shared.actions(runs["gather"], "basics.add")) == 4


def test_a_map_keeps_the_order_and_has_a_group(shared, runs):
    assert shared.result(runs["map"]) == [0, 1, 4, 9]
    groups = {action.metadata.group for action in shared.actions(runs["map"], "basics.square")}
    assert groups == {"basics.square_map"}


def test_a_sync_map_with_bounded_concurrency(shared, runs):
    assert shared.result(runs["sync map"]) == [0, 1, 4]


def test_a_map_hands_back_the_failures_of_its_children(shared, runs):
    outcome = ["RuntimeUserError:ValueError", "1", "RuntimeUserError:ValueError", "3"]
    assert shared.result(runs["partial"]) == outcome
    phases = sorted(phase_name(child.raw_phase) for child in shared.actions(runs["partial"], "basics.odd_only"))
    assert phases == ["failed", "failed", "succeeded", "succeeded"]


def test_groups_are_recorded_and_keep_equal_calls_apart(shared, runs):
    assert shared.result(runs["grouped"]) == 4
    groups = sorted(action.metadata.group for action in shared.actions(runs["grouped"], "basics.add"))
    assert groups == ["first stage", "second stage"]


def test_every_attempt_has_times_in_order(shared, runs):
    run = shared.finish(runs["async"])
    details = shared.details(run)
    attempt = details.pb2.attempts[0]
    assert details.attempts == len(details.pb2.attempts) == attempt.attempt == 1
    assert attempt.start_time.ToDatetime() <= attempt.end_time.ToDatetime()
    transitions = [phase_name(change.phase) for change in attempt.phase_transitions]
    assert transitions[0] == "queued" and "running" in transitions and transitions[-1] == "succeeded"
    starts = [change.start_time.ToDatetime() for change in attempt.phase_transitions]
    assert starts == sorted(starts)
