"""The same platform with its metadata in PostgreSQL: runs, crashes of the server, outages of the database."""

import subprocess
import time

import basics
import failing
import lifecycle
import pytest
from client import lines, wait_for_lines
from platform_process import arguments, binary, clean_environment, environment
from postgres_process import PASSWORD, Postgres

CHILDREN = 3


@pytest.fixture(scope="module")
def postgres():
    server = Postgres()
    yield server
    server.end()


@pytest.fixture
def own(platforms, postgres):
    """A platform on a new database."""
    return platforms(env={"WINGBEAT_DATABASE": postgres.database(), "PGPASSWORD": PASSWORD})


def held(own, markers):
    run = own.run(lifecycle.holds_children, str(markers), CHILDREN)
    for number in range(CHILDREN):
        wait_for_lines(markers / f"child-{number}", 1)
    return run


def assert_ended_right(own, run, markers):
    assert own.result(run) == sum(range(CHILDREN))
    for name in ["parent", *(f"child-{number}" for number in range(CHILDREN))]:
        assert len(lines(markers / name)) == 1, f"{name} ran more than once"


@pytest.mark.within(240)
def test_fan_out_and_retries(own, markers):
    assert own.call(basics.gather_children, 12) is not None
    run = own.run(failing.third_time_lucky, str(markers))
    assert own.result(run) == 2
    assert own.details(run).attempts == 3
    assert not (own.platform.data / "wingbeat.db").exists(), "metadata is in one place only"


@pytest.mark.within(240)
def test_a_killed_server_finds_everything_again(own, markers):
    run = held(own, markers)
    own.platform.kill_server()
    own.platform.restart()
    (markers / "release").touch()
    assert_ended_right(own, run, markers)


@pytest.mark.within(240)
@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_database_that_is_away_for_a_while_harms_no_run(own, postgres, markers, how):
    run = held(own, markers)
    postgres.ask(how)
    (markers / "release").touch()
    time.sleep(3)
    postgres.ask("start")
    assert_ended_right(own, run, markers)
    assert own.call(basics.add, 1, 2) == 3


def test_the_password_is_shown_nowhere(own):
    own.call(basics.add, 1)
    [executor] = own.platform.executors()
    assert not any(PASSWORD in word for word in arguments(executor) + environment(executor))
    assert PASSWORD not in own.platform.stdout() + own.platform.stderr()


def up(tmp_path, **env):
    """Runs an `up` that is expected to be refused, and tells what it said."""
    done = subprocess.run(
        [str(binary()), "up", "--data", str(tmp_path / "data"), "--listen", "127.0.0.1:0"],
        env=clean_environment(tmp_path, **env),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode != 0
    return done.stdout + done.stderr


def test_a_wrong_password_is_told_without_repeating_it(postgres, tmp_path):
    said = up(tmp_path, WINGBEAT_DATABASE=postgres.database(), PGPASSWORD="sesame-wrong")
    assert "password" in said and "database test" in said
    assert "sesame" not in said
    said = up(tmp_path, WINGBEAT_DATABASE="postgres://ada:sesame@localhost:1/flows")
    assert "localhost:1" in said and "cannot be reached" in said
    assert "sesame" not in said
