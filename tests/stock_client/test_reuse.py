"""Tasks with a ReusePolicy share processes, and each of them behaves as if it had one of its own."""

import os
import signal

import pytest
import reused
from client import lines, wait_for_lines
from platform_process import signal_process, wait_until


@pytest.fixture
def own(platforms):
    return platforms()


def isolation(client, run, action="a0"):
    """How the last attempt of an action was started."""
    events = client.details(run, action).pb2.attempts[-1].cluster_events
    return next(event.message for event in events if "process started" in event.message)


def log(client, run, action="a0"):
    return client.wingbeat("logs", run.name, action, "--endpoint", client.platform.endpoint)


def is_alive(pid):
    return os.path.exists(f"/proc/{pid}")


def found(folder, pattern):
    wait_until(lambda: list(folder.glob(pattern)), 90, f"{pattern} appears")
    return int(next(folder.glob(pattern)).name.rpartition("-")[2])


@pytest.mark.within(300)
def test_one_process_runs_many_actions_and_keeps_what_was_imported(own):
    runs = [own.run(reused.looks, number) for number in range(3)]
    runs.append(own.run(reused.looks_in_sync, 3))
    told = [own.result(run) for run in runs]
    assert {isolation(own, run) for run in runs} == {"process started (reused)"}
    assert len({one["pid"] for one in told}) == 1
    assert sorted(one["before"] for one in told) == ["0", "1", "2", "3"]
    assert len({one["tmp"] for one in told}) == 4
    for one in told:
        assert one["action"] == one["context"] == one["shown"] == "a0"
        assert one["marked"] == "", "a variable that another attempt set is gone"


@pytest.mark.within(300)
def test_what_an_attempt_says_is_in_its_own_log(own):
    runs = [own.run(reused.looks, number) for number in range(3)]
    for number, run in enumerate(runs):
        own.result(run)
        text = log(own, run)
        assert f"said by number {number}" in text and f"said by a child of number {number}" in text
        assert not any(f"number {other}" in text for other in range(3) if other != number)


@pytest.mark.within(300)
def test_every_end_is_told_as_it_was(own, markers):
    first = own.call(reused.ends, "")
    run = own.finish(own.run(reused.ends, "raise"), "failed")
    assert "not today" in own.error(run).message and own.error(run).code == "ValueError"
    run = own.finish(own.run(reused.ends, "sys.exit"), "failed")
    assert "status 5" in own.error(run).message
    assert own.call(reused.ends, "") == first, "the process has outlived them"
    run = own.finish(own.run(reused.ends, "os._exit"), "failed")
    assert "status 6" in own.error(run).message
    assert isolation(own, run) == "process started (reused)"
    assert own.call(reused.ends, "") != first, "it was replaced"
    assert own.call(reused.third_time, str(markers)) == own.call(reused.pid)


@pytest.mark.within(300)
def test_a_file_is_not_overwritten_by_the_next_attempt(own):
    files = [own.call(reused.writes_a_file, text) for text in ("first", "second")]
    for file, text in zip(files, ("first", "second")):
        with open(file.path) as there:
            assert there.read() == text


@pytest.mark.within(300)
def test_an_abort_leaves_the_process_only_if_it_stops(own, markers):
    run = own.run(reused.sleeps, str(markers))
    sleeping = found(markers, "sleeps-*")
    run.abort(reason="enough")
    own.finish(run, "aborted")
    assert own.call(reused.pid) == sleeping
    run = own.run(reused.blocks, str(markers))
    assert found(markers, "blocks-*") == sleeping
    run.abort(reason="enough")
    own.finish(run, "aborted")
    assert own.call(reused.pid) != sleeping
    wait_until(lambda: not is_alive(sleeping), 60, "the blocked process is gone")


@pytest.mark.within(300)
def test_parents_call_children_of_their_own_environment(own):
    """There is one process for all of them: a parent that waits gives its place up."""
    run = own.run(reused.parent, 2)
    assert own.result(run) == sum((d + 1) + (d + 2) + d * 10 for d in range(3))
    started = {isolation(own, run, action.name) for action in own.actions(run) if action.pb2.attempts}
    assert "process started (reused)" in started
    assert own.call(reused.parent_in_sync, 4) == 15
    pids = own.call(reused.calls_cached, 7)
    assert pids[0] == pids[1]


@pytest.mark.within(300)
def test_two_at_once_overlap_in_one_process_and_are_kept_apart(own, markers):
    run = own.run(reused.meeting, str(markers))
    told = own.result(run)
    assert len({one["pid"] for one in told}) == 1
    assert len({one["action"] for one in told}) == 2
    for one, name, other in zip(told, ("left", "right"), ("right", "left")):
        assert one["action"] == one["context"]
        text = log(own, run, one["action"])
        assert f"{name} is here" in text and f"{name} goes" in text and other not in text


@pytest.mark.within(300)
def test_no_more_processes_than_the_policy_allows(own, markers):
    run = own.run(reused.crowd, str(markers), 3)
    wait_until(lambda: len(list(markers.glob("in-*"))) == 2, 90, "two of the three run")
    waiting = {"in-0", "in-1", "in-2"} - {path.name for path in markers.glob("in-*")}
    assert len(waiting) == 1
    # What waits for a moment only says nothing.
    texts = lambda: [log(own, run, action.name) for action in own.actions(run, "reused_two.stays")]
    wait = "waits for a process of the reused environment"
    wait_until(lambda: any(wait in text for text in texts()), 30, "the third says why it waits")
    (markers / "go").touch()
    assert len(set(own.result(run))) == 2
    assert sum(wait in text for text in texts()) == 1


@pytest.mark.within(300)
def test_an_unused_process_goes(own):
    pid = own.call(reused.pid)
    assert is_alive(pid)
    wait_until(lambda: not is_alive(pid), 120, "the process ends after its idle time")
    assert own.call(reused.pid) != pid


@pytest.mark.within(300)
def test_a_killed_server_or_executor_loses_nothing(own, markers):
    run = own.run(reused.lasts, str(markers))
    wait_for_lines(markers / "starts", 1)
    own.platform.kill_server()
    own.platform.restart()
    (executor,) = own.platform.executors()
    signal_process(executor, signal.SIGKILL)
    starts = wait_for_lines(markers / "starts", 2)
    assert starts[0] != starts[1], "the attempt that ran with the executor runs again"
    wait_until(lambda: not is_alive(int(starts[0])), 60, "the former executor's process is gone")
    (markers / "go").touch()
    assert own.result(run) == int(starts[1])
    assert len(lines(markers / "starts")) == 2


@pytest.mark.within(300)
def test_isolation_switches_it_off(platforms):
    for kind, told in (("warm", "process started (warm)"), ("process", "process started (process)")):
        client = platforms(env={"WINGBEAT_ISOLATION": kind})
        run = client.run(reused.looks, 1)
        assert client.result(run)["before"] == "0"
        assert isolation(client, run) == told
