"""Streams that consoles and other clients open: the present state first, then each change."""

import basics
import lifecycle
import pytest
from client import phase_name, wait_for_lines
from flyteidl2.workflow import run_service_pb2

STREAM_MS = 20_000


@pytest.fixture
def held(shared, markers):
    """A run that goes on until it is released."""
    run = shared.run(lifecycle.held_child, str(markers), 0)
    wait_for_lines(markers / "child-0", 1)
    return run, lambda: (markers / "release").touch()


def test_a_watch_on_a_run_gives_the_state_and_then_the_end(shared, held):
    run, release = held
    request = run_service_pb2.WatchRunDetailsRequest(run_id=shared.run_id(run.name))
    phases = []
    for answer in shared.runs.watch_run_details(request, timeout_ms=STREAM_MS):
        phases.append(phase_name(answer.details.action.status.phase))
        if phases[-1] == "running":
            release()
    # A task may write its first line before the platform has stored that it runs.
    assert list(dict.fromkeys(phases))[-2:] == ["running", "succeeded"] and phases[-1] == "succeeded"


def test_a_watch_on_an_ended_run_says_so_and_ends(shared):
    run = shared.finish(shared.run(basics.add, 1))
    request = run_service_pb2.WatchRunDetailsRequest(run_id=shared.run_id(run.name))
    answers = list(shared.runs.watch_run_details(request, timeout_ms=STREAM_MS))
    assert phase_name(answers[-1].details.action.status.phase) == "succeeded"


def test_a_watch_on_actions_shows_every_action_with_its_last_state(shared):
    run = shared.run(basics.add_twice, 1)
    request = run_service_pb2.WatchActionsRequest(run_id=shared.run_id(run.name))
    last, ended_children = {}, []
    for answer in shared.runs.watch_actions(request, timeout_ms=STREAM_MS):
        for item in answer.enriched_actions:
            last[item.action.id.name] = phase_name(item.action.status.phase)
            if item.action.id.name == "a0" and last["a0"] == "running":
                counts = {phase_name(phase): count for phase, count in item.children_phase_counts.items()}
                ended_children.append(counts.get("succeeded", 0))
        if len(last) == 3 and set(last.values()) == {"succeeded"}:
            break
    assert len(last) == 3
    assert {0, 1} <= set(ended_children), "a parent is told anew when its children's counts change"


def test_a_watch_on_runs_shows_the_present_ones_and_new_ones(shared, held):
    run, release = held
    request = run_service_pb2.WatchRunsRequest(project_id=shared.project_id())
    newer = None
    for answer in shared.runs.watch_runs(request, timeout_ms=STREAM_MS):
        names = {found.action.id.run.name for found in answer.runs}
        if run.name in names and newer is None:
            newer = shared.run(basics.add, 1)
        if newer is not None and newer.name in names:
            break
    assert newer is not None
    release()
    shared.finish(newer)


def test_a_watch_on_groups_counts_the_runs_of_a_task(shared):
    runs = [shared.finish(shared.run(basics.square, number)) for number in (3, 4)]
    request = run_service_pb2.WatchGroupsRequest(project_id=shared.project_id())
    request.start_date.GetCurrentTime()
    request.start_date.seconds -= 3600
    request.request.limit = 100
    answer = next(iter(shared.runs.watch_groups(request, timeout_ms=STREAM_MS)))
    [group] = [group for group in answer.task_groups if group.task_name == "basics.square"]
    assert group.total_runs >= len(runs)
    assert {run.name for run in runs} <= {status.run_name for status in group.recent_statuses}


def test_the_places_of_inputs_and_outputs_are_told(shared):
    run = shared.finish(shared.run(basics.add, 1))
    request = run_service_pb2.GetActionDataURIsRequest(action_id=shared.details(run).pb2.id)
    answer = shared.runs.get_action_data_u_r_is(request)
    assert answer.inputs_uri and answer.outputs_uri


def test_an_unknown_run_cannot_be_watched(shared):
    from connectrpc.code import Code
    from connectrpc.errors import ConnectError

    request = run_service_pb2.WatchRunDetailsRequest(run_id=shared.run_id("no-such-run"))
    with pytest.raises(ConnectError) as refused:
        list(shared.runs.watch_run_details(request, timeout_ms=STREAM_MS))
    assert refused.value.code == Code.NOT_FOUND
