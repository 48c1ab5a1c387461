"""Several servers on one PostgreSQL, each with a data folder, a port and an executor of its own, and one object store."""

import glob
import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import basics
import durable_steps
import failing
import lifecycle
import pytest
import scheduling
from client import lines, phase_name, wait_for_lines
from conftest import SCRATCH, connect
from executor_process import RemoteExecutor, Wire, executor_port
from platform_process import binary, clean_environment, wait_until
from postgres_process import PASSWORD, Postgres
from test_durable_steps import pending_condition
from test_metrics import scrape, value

CHILDREN = 3
QUIET = 10.0


@pytest.fixture(scope="module")
def postgres():
    server = Postgres()
    yield server
    server.end()


@pytest.fixture
def settings(postgres, tmp_path):
    return {
        "WINGBEAT_DATABASE": postgres.database(),
        "PGPASSWORD": PASSWORD,
        "WINGBEAT_STORE": str(tmp_path / "objects"),
    }


@pytest.fixture
def pair(platforms, settings):
    """Two servers; the client talks to the first one."""
    one = platforms(env=settings)
    two = platforms(env=settings)
    connect(one.platform)
    return one, two


def held(client, markers):
    run = client.run(lifecycle.holds_children, str(markers), CHILDREN)
    for number in range(CHILDREN):
        wait_for_lines(markers / f"child-{number}", 1)
    return run


def seen_by(client, run):
    """The same run, as that server shows it."""
    connect(client.platform)
    return type(run).get(run.name)


def assert_each_ran_once(markers):
    for name in ["parent", *(f"child-{number}" for number in range(CHILDREN))]:
        assert len(lines(markers / name)) == 1, f"{name} ran more than once"


@pytest.mark.within(240)
def test_a_watch_follows_what_runs_through_another_server(pair, markers):
    one, two = pair
    run = seen_by(two, held(one, markers))
    assert phase_name(two.details(run).raw_phase) == "running"
    with ThreadPoolExecutor(1) as pool:
        result = pool.submit(two.result, run)
        (markers / "release").touch()
        assert result.result(120) == sum(range(CHILDREN))
    assert_each_ran_once(markers)
    wait_until(lambda: [untold(one), untold(two)] == [0, 0], 60, "both servers told all that either committed")


def untold(server) -> float:
    return value(scrape(server), "wingbeat_feed_lag_commits")


@pytest.mark.within(240)
def test_an_abort_reaches_the_processes_of_another_server(pair, markers):
    one, two = pair
    run = seen_by(two, held(one, markers))
    run.abort(reason="no longer wanted")
    two.finish(run, "aborted")
    wait_until(lambda: not one.platform.tasks() and not two.platform.tasks(), 60, "the processes are gone")


@pytest.mark.within(240)
def test_a_signal_reaches_a_run_of_another_server(pair):
    one, two = pair
    run = seen_by(two, one.run(durable_steps.asks, "approve"))
    pending_condition(run, "approve").signal(True)
    assert two.result(run) == "answered True"


@pytest.mark.within(300)
def test_the_executor_of_a_killed_server_goes_on_with_another(pair, markers):
    one, two = pair
    run = held(one, markers)
    one.platform.kill_server()
    run = seen_by(two, run)
    (markers / "release").touch()
    assert two.result(run) == sum(range(CHILDREN))
    assert_each_ran_once(markers)
    assert two.call(basics.add, 1, 2) == 3
    one.platform.restart()
    connect(one.platform)
    assert one.call(basics.add, 3, 4) == 7


@pytest.fixture
def box(buckets, tmp_path):
    """Starts an executor with a join token, as on another machine."""
    started = []

    def start(client, wire, port_data):
        file = tmp_path / "token"
        client.wingbeat("executor", "token", "create", "--file", str(file), "--executor-port-data", str(port_data))
        # Not below tmp_path: the path of a socket in it has to be short.
        folder = SCRATCH / f"box-{time.monotonic_ns()}"
        started.append(RemoteExecutor(folder, file, wire.port, buckets.account(), name="box"))
        return started[0]

    yield start
    for executor in started:
        executor.end()
        print(f"--- {executor.data}:\n{executor.said()[-4000:]}")


@pytest.fixture
def pair_for_boxes(platforms, settings, buckets, tmp_path):
    """Two servers without executors, which let those of other machines in."""
    shared = {
        **settings,
        "WINGBEAT_STORE": f"s3://{buckets.bucket()}/flows",
        "WINGBEAT_NO_EXECUTOR": "true",
        "WINGBEAT_EXECUTOR_LISTEN": "127.0.0.1:0",
        "WINGBEAT_EXECUTOR_PORT_DATA": str(tmp_path / "port"),
        **buckets.account(),
    }
    one, two = platforms(env=shared), platforms(env=shared)
    connect(one.platform)
    return one, two


@pytest.mark.within(300)
def test_an_executor_elsewhere_goes_on_with_another_server(pair_for_boxes, box, tmp_path, markers):
    one, two = pair_for_boxes
    wire = Wire(executor_port(one.platform))
    box(one, wire, tmp_path / "port")
    run = held(one, markers)
    wire.lead_to(executor_port(two.platform))
    one.platform.kill_server()
    (markers / "release").touch()
    assert two.result(seen_by(two, run)) == sum(range(CHILDREN))
    assert_each_ran_once(markers)
    wire.end()


@pytest.mark.within(300)
def test_an_executor_is_seen_and_drained_through_another_server(pair_for_boxes, box, tmp_path, markers):
    one, two = pair_for_boxes
    elsewhere = box(one, Wire(executor_port(one.platform)), tmp_path / "port")
    run = one.run(failing.waits, str(markers), "here", "release")
    wait_for_lines(markers / "here", 1)

    def row(client):
        """Without the time, which each server knows a little differently."""
        rows = client.wingbeat("get", "executor", "--endpoint", client.platform.endpoint).splitlines()
        [words] = [row.split() for row in rows if row.startswith("box ")]
        return words[:2] + words[-2:]

    assert row(two) == row(one)
    assert row(two)[1] == "connected" and row(two)[2].startswith("1/")
    assert "attempts now: 1" in two.wingbeat("executor", "drain", "box", "--endpoint", two.platform.endpoint)
    wait_until(lambda: row(one)[1] == "draining", 30, "it drains")
    waiting = seen_by(two, one.run(basics.add, 1, 2))
    why = ["get", "action", waiting.name, "a0", "--endpoint", two.platform.endpoint]
    wait_until(lambda: "drains" in two.wingbeat(*why), 30, "the reason, whichever server is asked")
    (markers / "release").touch()
    assert two.result(seen_by(two, run)) == "here"
    assert elsewhere.wait() == 0
    two.wingbeat("abort", waiting.name, "--endpoint", two.platform.endpoint)


@pytest.mark.within(240)
def test_idle_servers_ask_the_database_nothing(pair, postgres, settings):
    one, _ = pair
    assert one.call(basics.add, 1, 2) == 3

    def quiet():
        before = last_statement(postgres, settings)
        time.sleep(QUIET)
        return before == last_statement(postgres, settings)

    wait_until(quiet, 120, f"both servers ask nothing for {QUIET:g} s")


def last_statement(postgres, settings):
    """When the connections of servers, as many as there are, were last used."""
    question = "SELECT count(*), max(state_change) FROM pg_stat_activity WHERE application_name = 'wingbeat'"
    psql = sorted(glob.glob("/usr/lib/postgresql/*/bin/psql"))[-1:] or ["psql"]
    done = subprocess.run(
        [*psql, settings["WINGBEAT_DATABASE"], "-Atc", question],
        env={**os.environ, "PGPASSWORD": PASSWORD},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return done.stdout.strip()


def test_a_server_with_other_objects_is_refused(pair, settings, tmp_path):
    one, _ = pair
    done = subprocess.run(
        [str(binary()), "up", "--data", str(tmp_path / "third"), "--listen", "127.0.0.1:0"],
        env=clean_environment(tmp_path, **{**settings, "WINGBEAT_STORE": str(tmp_path / "other-objects")}),
        capture_output=True,
        text=True,
        timeout=60,
    )
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert "in another store" in said and settings["WINGBEAT_STORE"] in said and "--store" in said
    assert one.call(basics.add, 1, 2) == 3


@pytest.mark.within(240)
def test_a_queue_that_is_paused_through_one_server_is_paused_on_all(pair, markers):
    one, two = pair
    set_queue = ["queue", "set", "narrow", "--endpoint", two.platform.endpoint]
    two.wingbeat(*set_queue, "--pause")
    run = one.run(scheduling.one_at_a_time, str(markers), "later")
    shown = ["get", "action", run.name, "a0", "--endpoint", one.platform.endpoint]
    wait_until(lambda: "queue `narrow` is paused" in one.wingbeat(*shown), 60, "the reason")
    (markers / "release-later").touch()
    two.wingbeat(*set_queue, "--resume")
    assert one.result(run) == "later"
