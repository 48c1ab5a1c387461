"""Executors that join over TLS: what runs there, who is let in, draining, and a network that breaks."""

import json
import subprocess
import time

import basics
import failing
import httpx
import lifecycle
import observing
import pytest
import typed_values
from client import bounded, lines, wait_for_lines
from conftest import SCRATCH, running
from executor_process import RemoteExecutor, Wire, executor_port
from platform_process import arguments, binary, clean_environment, wait_until

CHILDREN = 3


@pytest.fixture(scope="module")
def platform(buckets):
    """A server without an executor of its own."""
    env = {
        "WINGBEAT_STORE": f"s3://{buckets.bucket()}/flows",
        "WINGBEAT_EXECUTOR_LISTEN": "127.0.0.1:0",
        "WINGBEAT_NO_EXECUTOR": "true",
        **buckets.account(),
    }
    with running("elsewhere", env) as platform:
        yield platform


def token(own, tmp_path, note="test") -> "tuple[str, object]":
    """Makes a join token: its id and its file."""
    file = tmp_path / f"token-{time.monotonic_ns()}"
    said = own.wingbeat("executor", "token", "create", "--file", str(file), "--note", note, "--data", str(own.platform.data))
    assert file.stat().st_mode & 0o777 == 0o600
    return said.split()[2], file


@pytest.fixture
def join(own, buckets, tmp_path):
    """Starts executors that join `own`'s server."""
    started = []

    def start(name="box", file=None, port=None, wait=True, slots=4):
        file = file or token(own, tmp_path)[1]
        port = port or executor_port(own.platform)
        # Not below tmp_path: the path of a socket in it has to be short.
        folder = SCRATCH / f"{name}-{time.monotonic_ns()}"
        executor = RemoteExecutor(folder, file, port, buckets.account(), name=name, slots=slots)
        started.append(executor)
        if wait:
            wait_until(lambda: state(own, name) == "connected", 60, f"{name} is connected\n{executor.said()}")
        return executor

    yield start
    for executor in started:
        executor.end()
        print(f"--- {executor.data}:\n{executor.said()[-4000:]}")
        assert not executor.processes(), "an executor that has ended leaves nothing behind"


def executors(own) -> dict[str, dict]:
    status = json.loads(own.wingbeat("get", "executor", "-o", "json", "--endpoint", own.platform.endpoint))
    return {executor["name"]: executor for executor in status.get("executors", []) if executor.get("connected")}


def every_executor(own) -> str:
    return own.wingbeat("get", "executor", "--endpoint", own.platform.endpoint)


def state(own, name) -> str:
    found = executors(own).get(name)
    if found is None:
        return "away"
    return "draining" if "draining" in found["capabilities"] else "connected"


# -- what runs there ----------------------------------------------------------------------------------


def test_runs_work_as_beside_the_server(own, join):
    box = join()
    assert not own.platform.executors(), "the server stands alone"
    assert own.call(basics.gather_children, 4) is not None
    assert own.call(typed_values.file_round_trip, "from afar") == "from afar"
    report = own.finish(own.run(observing.reports, "made elsewhere"))
    assert "made elsewhere" in report.get_report()
    printed = own.finish(own.run(observing.prints_much, 20))
    seen = bounded(lambda: list(printed.get_logs()), 30, "the stored log ends")
    assert sum("line 0000" in line for line in seen) == 20
    failed = own.finish(own.run(failing.raises_key_error), "failed")
    assert "a missing key" in own.error(failed).message
    assert "box" in own.wingbeat("get", "executors", "--endpoint", own.platform.endpoint)
    assert not any(word.startswith("wbj1_") for word in arguments(box.process.pid)), "the token is in no argument"


def test_an_abort_reaches_a_task_elsewhere(own, join, markers):
    box = join()
    run = own.run(failing.waits, str(markers), "here", "never")
    wait_for_lines(markers / "here", 1)
    assert box.tasks()
    own.wingbeat("abort", run.name, "--endpoint", own.platform.endpoint)
    own.finish(run, "aborted")
    wait_until(lambda: not box.tasks(), 40, "the task is gone")


# -- who is let in ------------------------------------------------------------------------------------


def test_without_a_bucket_there_is_no_such_port(tmp_path):
    command = [str(binary()), "up", "--data", str(tmp_path / "data"), "--executor-listen", "127.0.0.1:0"]
    done = subprocess.run(command, env=clean_environment(tmp_path), capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "cannot reach the objects in the data folder" in done.stderr and "--store s3://" in done.stderr


def refused(join, file, port=None) -> str:
    executor = join(name="stranger", file=file, port=port, wait=False)
    assert executor.wait() == 1
    text = file.read_text().strip()
    assert text not in executor.said() and text.split("_")[2] not in executor.said()
    return executor.said()


def altered(file, tmp_path, part):
    """A copy of a token file in which one part is another one of the same form."""
    parts = file.read_text().strip().split("_")
    parts[part] = "".join("0" if digit != "0" else "1" for digit in parts[part])
    copy = tmp_path / f"altered-{part}"
    copy.write_text("_".join(parts) + "\n")
    return copy


def test_a_wrong_token_is_refused(own, join, tmp_path):
    _, file = token(own, tmp_path)
    for part in (1, 2):
        assert "does not know this join token" in refused(join, altered(file, tmp_path, part))


def test_another_server_is_recognised_by_its_certificate(own, join, tmp_path):
    _, file = token(own, tmp_path)
    said = refused(join, altered(file, tmp_path, 3))
    assert "is not the one that the join token names" in said and "token create" in said


def test_a_token_is_shown_to_nobody_who_speaks_no_tls(own, join, tmp_path):
    _, file = token(own, tmp_path)
    said = refused(join, file, port=own.platform.port)
    assert "TLS with" in said and "--executor-listen" in said


def test_a_client_on_the_executors_port_is_told_where_it_is(own):
    answer = httpx.get(f"http://127.0.0.1:{executor_port(own.platform)}/healthz", trust_env=False)
    assert answer.status_code == 400 and "--listen" in answer.text


def test_a_revoked_token_cuts_its_executor_off(own, join, tmp_path, markers):
    name, file = token(own, tmp_path, note="soon revoked")
    box = join(file=file)
    run = own.run(failing.waits, str(markers), "here", "release")
    wait_for_lines(markers / "here", 1)
    where = ["--data", str(own.platform.data)]
    own.wingbeat("executor", "token", "revoke", name, *where)
    assert box.wait() == 1
    assert "revoked" in box.said()
    assert not box.tasks(), "its tasks were stopped"
    [row] = [row for row in own.wingbeat("executor", "token", "list", *where).splitlines() if name in row]
    assert "revoked" in row and "soon revoked" in row
    own.wingbeat("abort", run.name, "--endpoint", own.platform.endpoint)


# -- draining and breaking ----------------------------------------------------------------------------


def on_its_machine(own, box):
    own.wingbeat("executor", "drain", "--data", str(box.data))


def through_the_server(own, box):
    said = own.wingbeat("executor", "drain", "old-box", "--endpoint", own.platform.endpoint)
    assert "old-box takes nothing new" in said and "attempts now: 1" in said


@pytest.mark.parametrize("drain", [on_its_machine, through_the_server])
def test_a_drained_executor_ends_what_it_runs_and_takes_nothing_new(own, join, markers, drain):
    box = join(name="old-box")
    run = own.run(failing.waits, str(markers), "here", "release")
    wait_for_lines(markers / "here", 1)
    drain(own, box)
    wait_until(lambda: state(own, "old-box") == "draining", 30, "it is shown as draining")
    later = own.run(basics.add, 1, 2)
    join(name="new-box")
    assert own.result(later) == 3
    assert box.process.poll() is None, "it still has something to end"
    (markers / "release").touch()
    assert own.result(run) == "here"
    assert box.wait() == 0
    assert own.details(run).attempts == 1 and len(lines(markers / "here")) == 1
    assert state(own, "old-box") == "away" and "old-box" not in every_executor(own), "its session has ended"


def test_who_cannot_be_drained_is_said(own, join):
    join(name="box")
    for name, why in [("boks", "there is no executor `boks`"), ("local", "stands beside a server"), ("local-0a1b2c3d", "--no-executor")]:
        assert why in own.wingbeat("executor", "drain", name, "--endpoint", own.platform.endpoint, ok=False)
    nobody = own.wingbeat("executor", "drain", "--endpoint", own.platform.endpoint, ok=False)
    assert "which executor of that server is meant is not said" in nobody, "not one that happens to run on this machine"


def test_an_executor_that_is_away_drains_when_it_comes_back(own, join, markers):
    wire = Wire(executor_port(own.platform))
    box = join(port=wire.port)
    run = own.run(failing.waits, str(markers), "here", "release")
    wait_for_lines(markers / "here", 1)
    wire.cut()
    wait_until(lambda: state(own, "box") == "away", 30, "the server notices")
    said = own.wingbeat("executor", "drain", "box", "--endpoint", own.platform.endpoint)
    assert "drains when it comes back" in said
    (markers / "release").touch()
    wire.mend()
    assert own.result(run) == "here"
    assert box.wait() == 0
    assert own.details(run).attempts == 1
    wire.end()


def test_a_short_break_of_the_network_is_not_noticed_by_tasks(own, join, markers):
    wire = Wire(executor_port(own.platform))
    box = join(port=wire.port)
    run = own.run(lifecycle.holds_children, str(markers), CHILDREN)
    for number in range(CHILDREN):
        wait_for_lines(markers / f"child-{number}", 1)
    wire.cut()
    wait_until(lambda: state(own, "box") == "away", 30, "the server notices")
    (markers / "release").touch()
    wire.mend()
    assert own.result(run) == sum(range(CHILDREN))
    for name in ["parent", *(f"child-{number}" for number in range(CHILDREN))]:
        assert len(lines(markers / name)) == 1, f"{name} ran more than once"
    wire.end()
    box.end()


@pytest.mark.within(300)
def test_after_a_long_break_another_executor_goes_on(own, join, markers):
    wire = Wire(executor_port(own.platform))
    lost = join(name="lost", port=wire.port)
    run = own.run(failing.waits, str(markers), "here", "release")
    wait_for_lines(markers / "here", 1)
    join(name="spare")
    wire.cut()
    wait_for_lines(markers / "here", 2, within=120)
    wire.mend()
    wait_until(lambda: not lost.tasks(), 90, "the executor that comes back stops what is no longer its own")
    (markers / "release").touch()
    assert own.result(run) == "here"
    assert own.details(run).attempts == 2 and len(lines(markers / "here")) == 2
    wire.end()
