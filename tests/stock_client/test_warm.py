"""Tasks that are forked from a preloaded interpreter behave as in a process of their own.

Forking is the default, so that the rest of this suite shows the same.
"""

import signal
from pathlib import Path

import bundled
import endings
import flyte
import pytest
import warm
from client import bounded
from conftest import PROGRAMS
from platform_process import command_line, signal_process, wait_until

WARM = {"WINGBEAT_ISOLATION": "warm"}


@pytest.fixture
def own(platforms):
    return platforms(env=WARM)


def isolation(client, run, action="a0"):
    """How the last attempt of an action was started."""
    events = client.details(run, action).pb2.attempts[-1].cluster_events
    return next(event.message for event in events if "process started" in event.message)


def interpreters(client):
    """The preloaded ones."""
    return [pid for pid in client.platform.processes() if command_line(pid).startswith("wingbeat: preloaded")]


@pytest.mark.within(300)
def test_attempts_share_nothing_but_what_was_imported(own):
    assert interpreters(own) == [], "an idle platform preloads nothing"
    runs = [own.run(warm.looks_around) for _ in range(2)] + [own.run(warm.looks_around_elsewhere)]
    one, two, elsewhere = [own.result(run) for run in runs]
    assert {isolation(own, run) for run in runs} == {"process started (warm)"}
    assert len(interpreters(own)) == 1
    assert (one["of_the_task"], one["only_here"]) == ("first", "")
    assert (elsewhere["of_the_task"], elsewhere["only_here"]) == ("", "second")
    for name in ("cwd", "tmp", "random"):
        assert len({one[name], two[name], elsewhere[name]}) == 3, name
    for seen in (one, two, elsewhere):
        assert (seen["group"], seen["program"], seen["main"]) == ("True", "a0", "a0")


@pytest.mark.within(300)
def test_a_fork_finds_nothing_of_the_rehearsal(platforms):
    fresh = platforms(env={"WINGBEAT_ISOLATION": "process"})
    afresh = fresh.result(fresh.run(warm.tells_what_it_finds))
    # The client speaks to the platform that was started last.
    own = platforms(env=WARM)
    for _ in range(2):
        run = own.run(warm.tells_what_it_finds)
        assert own.result(run) == afresh
        assert isolation(own, run) == "process started (warm)"
    logs = [log.read_text() for log in (own.platform.data / "executor" / "templates").glob("*.log")]
    assert [log for log in logs if "rehearsed in " not in log] == [], "the rehearsal has taken place"


def test_certificates_that_code_names_are_read(own):
    assert own.call(warm.trusts_what_is_not_there) == "FileNotFoundError"


@pytest.mark.within(300)
def test_modules_of_a_bundle_are_compiled_once(own):
    one, two = [own.call(warm.tells_how_it_was_compiled) for _ in range(2)]
    assert one["file"] != two["file"] and one["source"] == two["source"] == "True"
    assert one["cached"] == two["cached"]
    assert Path(one["cached"]).is_relative_to(own.platform.data / "executor" / "templates")
    assert Path(one["cached"]).exists()


@pytest.mark.within(300)
def test_plugins_that_a_bundle_brings_along_are_found(own):
    assert own.call(warm.finds_plugins_of_its_own) == ["0", "brought"]


@pytest.mark.within(300)
def test_a_variable_that_c_code_reads_gets_its_own_interpreter(own):
    assert own.call(warm.looks_around)["threads"] == ""
    run = own.run(warm.looks_around_with_threads)
    assert own.result(run)["threads"] == "1"
    assert isolation(own, run) == "process started (warm)"
    assert len(interpreters(own)) == 2


@pytest.mark.within(300)
def test_calls_of_children_work_in_sync_and_in_async(own):
    assert own.call(warm.calls_in_sync, 3) == 6 + 8 + 6
    assert own.call(warm.calls_in_async, 3) == 6 + 4 + 6


@pytest.mark.within(300)
def test_every_end_is_told_as_it_was(own, tmp_path):
    ends = {"sys.exit": "5", "os._exit": "6", "segfault": "SIGSEGV"}
    for how, word in ends.items():
        folder = tmp_path / how
        folder.mkdir()
        run = own.finish(own.run(warm.ends, how, str(folder)), "failed")
        assert word in own.error(run).message, own.error(run).message
        assert (folder / "at-exit").exists() == (how == "sys.exit")
        assert isolation(own, run) == "process started (warm)"
    assert own.call(warm.ends, "", str(tmp_path)) == 1
    assert (tmp_path / "at-exit").exists()
    assert len(interpreters(own)) == 1


@pytest.mark.within(300)
def test_what_is_left_for_the_end_of_the_process_is_done(own, tmp_path):
    run = own.run(endings.leaves_things, str(tmp_path))
    assert own.result(run) == "left"
    assert isolation(own, run) == "process started (warm)"
    assert (tmp_path / "unflushed").read_text() == "all of it\n"
    assert (tmp_path / "freed").exists() and (tmp_path / "late").exists()
    assert "Traceback" not in own.wingbeat("logs", run.name, "--endpoint", own.platform.endpoint)


@pytest.mark.within(300)
def test_a_task_that_asks_the_platform_gets_its_connection_then(own):
    for task in (endings.asks_for_its_run, endings.asks_in_sync):
        run = own.run(task)
        assert own.result(run) == run.name
        assert isolation(own, run) == "process started (warm)"


@pytest.mark.within(300)
def test_an_abort_ends_the_whole_family(own, tmp_path):
    run = own.run(warm.holds_a_family, str(tmp_path))
    wait_until((tmp_path / "up").exists, 60, "the family is there")
    assert len(own.platform.tasks()) >= 3
    run.abort(reason="enough")
    own.finish(run, "aborted")
    wait_until(lambda: not own.platform.tasks(), 30, "the family is gone")
    assert len(interpreters(own)) == 1


@pytest.mark.within(300)
def test_numeric_libraries_work_in_every_fork(own):
    assert own.call(warm.fits_a_model) == 200
    assert own.call(warm.fits_a_model) == 200
    assert own.call(warm.draws) != own.call(warm.draws)


@pytest.mark.within(300)
def test_a_killed_interpreter_is_replaced_and_its_tasks_go_on(own, tmp_path):
    run = own.run(warm.holds_a_family, str(tmp_path))
    wait_until((tmp_path / "up").exists, 60, "the task runs")
    before = interpreters(own)
    for pid in before:
        signal_process(pid, signal.SIGKILL)
    wait_until(lambda: not set(before) & set(own.platform.processes()), 30, "the interpreter is gone")
    assert own.call(warm.double, 4) == 8
    assert len(own.platform.tasks()) >= 3, "what was forked lives on"
    run.abort(reason="enough")
    own.finish(run, "aborted")


@pytest.mark.within(300)
def test_a_killed_executor_leaves_nothing_of_interpreters_and_tasks(own, tmp_path):
    run = own.run(warm.holds_a_family, str(tmp_path))
    wait_until((tmp_path / "up").exists, 60, "the task runs")
    before = set(own.platform.tasks()) | set(interpreters(own))
    (executor,) = own.platform.executors()
    signal_process(executor, signal.SIGKILL)
    wait_until(lambda: not before & set(own.platform.processes()), 60, "its processes are gone")
    run.abort(reason="enough")
    own.finish(run, "aborted")


@pytest.mark.within(300)
def test_an_abort_does_not_wait_for_an_interpreter_that_loads(own, tmp_path):
    loads = tmp_path / "loads"
    hook = "import os, pathlib, time\nif 'WINGBEAT_ROOM' in os.environ:\n"
    (tmp_path / "sitecustomize.py").write_text(hook + f"    pathlib.Path({str(loads)!r}).touch()\n    time.sleep(600)\n")
    run = own.run(warm.double.override(env_vars={"PYTHONPATH": str(tmp_path)}), 1)
    wait_until(loads.exists, 60, "an interpreter loads")
    run.abort(reason="enough")
    # It would be waited for during 20 seconds.
    own.finish(run, "aborted", within=15)


@pytest.mark.within(300)
def test_it_can_be_switched_off(platforms):
    own = platforms(env={"WINGBEAT_ISOLATION": "process"})
    run = own.run(warm.calls_in_sync, 3)
    assert own.result(run) == 6 + 8 + 6
    assert isolation(own, run) == "process started (process)"
    assert interpreters(own) == []


@pytest.mark.within(300)
def test_an_unused_interpreter_goes(platforms):
    own = platforms(env={**WARM, "WINGBEAT_WARM_IDLE": "1"})
    assert own.call(warm.double, 1) == 2
    wait_until(lambda: not interpreters(own), 60, "the interpreter is gone")
    assert own.call(warm.double, 2) == 4


@pytest.mark.within(300)
def test_code_of_a_notebook_and_data_files_reach_a_fork(own):
    assert "gave 15" in own.python(PROGRAMS / "notebook.py", own.platform.endpoint)
    run = flyte.with_runcontext(copy_style="all").run(bundled.uses_a_data_file)
    assert own.result(run) == "hello from a data file"


@pytest.mark.within(300)
def test_lines_reach_the_log_of_their_own_attempt(own):
    runs = [own.run(warm.looks_around) for _ in range(3)]
    for run in runs:
        own.finish(run)
    for run in runs:
        text = "\n".join(bounded(lambda run=run: list(run.get_logs()), 30, "the log ends"))
        assert [other.name for other in runs if f"said by a0 of {other.name}" in text] == [run.name]
