"""Queues with caps and priorities, shares of projects, and resources that nobody has."""

import json

import flyte
import flyte.errors
import pytest
import scheduling
from client import phase_name, wait_for_lines
from platform_process import wait_until


def ours(client, *arguments, **options):
    return client.wingbeat(*arguments, "--endpoint", client.platform.endpoint, **options)


def queues(client):
    listed = json.loads(ours(client, "queue", "list", "-o", "json"))
    return {queue["name"]: queue for queue in listed["queues"]}


def reason(client, run):
    return ours(client, "get", "action", run.name, "a0")


def in_queue(task, queue, *arguments):
    return flyte.with_runcontext(mode="remote", queue=queue).run(task, *arguments)


def test_the_default_queue_is_always_there(shared):
    assert "default" in queues(shared)
    assert "cannot be deleted" in ours(shared, "queue", "delete", "default", ok=False)


def test_queues_are_shown_by_name(platforms):
    own = platforms()
    ours(own, "queue", "set", "narrow", "--max-running", "1")
    shown = ours(own, "queue", "list", "narrow")
    assert "narrow" in shown and "default" not in shown
    assert "there is no queue wide" in ours(own, "queue", "list", "narrow", "wide", ok=False)


def test_a_run_for_a_queue_that_nobody_made_is_refused(shared):
    with pytest.raises(Exception, match="there is no queue `nobody-made-it`"):
        shared.run(scheduling.in_an_unknown_queue)


def test_a_child_for_a_queue_that_nobody_made_fails_with_that_text(shared):
    run = shared.finish(shared.run(scheduling.calls_into_an_unknown_queue), "failed")
    assert "there is no queue `nobody-made-it`" in shared.error(run).message


def test_a_bad_name_is_refused_with_what_is_allowed(shared):
    assert "a letter or digit first" in ours(shared, "queue", "set", "No Good", ok=False)


def test_a_queues_cap_holds_over_runs_and_says_so(platforms, markers):
    own = platforms(parallelism=4)
    ours(own, "queue", "set", "narrow", "--max-running", "1")
    first = own.run(scheduling.one_at_a_time, str(markers), "first")
    wait_for_lines(markers / "begun", 1)
    second = own.run(scheduling.one_at_a_time, str(markers), "second")
    wait_until(lambda: "queue `narrow` is at its cap 1/1" in reason(own, second), 20, "the reason")
    assert int(queues(own)["narrow"]["running"]) == 1
    (markers / "release-first").touch()
    assert own.result(first) == "first"
    (markers / "release-second").touch()
    assert own.result(second) == "second"
    assert [line.split()[-1] for line in wait_for_lines(markers / "begun", 2)] == ["first", "second"]


def test_a_parent_whose_child_waits_in_the_same_full_queue_does_not_lock_up(platforms):
    own = platforms(parallelism=2)
    ours(own, "queue", "set", "narrow", "--max-running", "1")
    assert own.call(scheduling.parent_in_a_full_queue, 4) == 5


def test_a_paused_queue_waits_says_so_and_goes_on_after_a_restart(platforms, markers):
    own = platforms()
    ours(own, "queue", "set", "narrow", "--pause")
    run = own.run(scheduling.one_at_a_time, str(markers), "later")
    wait_until(lambda: "queue `narrow` is paused" in reason(own, run), 20, "the reason")
    own.platform.stop()
    own.platform.restart()
    assert "queue `narrow` is paused" in reason(own, run)
    (markers / "release-later").touch()
    ours(own, "queue", "set", "narrow", "--resume")
    assert own.result(run) == "later"


def test_a_queue_of_higher_priority_goes_first(platforms, markers):
    own = platforms(parallelism=1)
    ours(own, "queue", "set", "urgent", "--priority", "5")
    ours(own, "queue", "set", "nightly", "--priority", "-5")
    blocker = own.run(scheduling.blocks, str(markers))
    wait_for_lines(markers / "blocking", 1)
    names = [("nightly", "nightly"), ("", "default"), ("urgent", "urgent")]
    runs = [in_queue(scheduling.noted, queue or None, str(markers), name) for queue, name in names]
    wait_until(lambda: all(phase_name(own.details(run).pb2.status.phase) == "queued" for run in runs), 20, "all wait")
    (markers / "unblock").touch()
    own.finish(blocker)
    for run in runs:
        own.finish(run)
    order = [line.split()[-1] for line in wait_for_lines(markers / "order", 3)]
    assert order == ["urgent", "default", "nightly"]


def test_shares_are_set_and_listed(shared):
    assert "weighs 3" in ours(shared, "share", "set", "flytesnacks", "3")
    assert "flytesnacks" in ours(shared, "share", "list")
    assert "does not exist" in ours(shared, "share", "set", "no-such-project", "3", ok=False)
    ours(shared, "share", "set", "flytesnacks", "1")


def test_what_no_executor_can_ever_run_says_so_and_times_out(shared):
    run = shared.run(scheduling.too_large)
    wait_until(lambda: "it asks for 4000 cores" in reason(shared, run), 7, "the reason")
    shared.finish(run, "timed_out")
    with pytest.raises(flyte.errors.MaxQueuedTimeExceededError):
        run.raise_for_status()
