"""`wingbeat up` itself: what it says, what it refuses, how it ends."""

import signal
import subprocess
import sys

import basics
import flyte
import lifecycle
import pytest
from client import wait_for_lines
from platform_process import binary, clean_environment


def up(home, *arguments, within=20):
    """Runs `wingbeat up` to its end, which must come soon."""
    command = [str(binary()), "up", *arguments]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=within, env=clean_environment(home)
    )
    return done.returncode, done.stdout + done.stderr


def test_it_says_where_it_is_and_how_to_point_a_client_at_it(platforms):
    own = platforms()
    first, *rest = own.platform.stdout().splitlines()
    assert first == f"Wingbeat is ready at http://{own.platform.host}:{own.platform.port}"
    assert str(own.platform.data) in rest[0]
    assert any(f"localhost:{own.platform.port}" in line for line in rest)
    assert own.platform.answers("/readyz")


def test_a_second_up_on_the_same_data_folder_is_refused(platforms):
    own = platforms()
    status, said = up(own.platform.home, "--data", str(own.platform.data), "--listen", "127.0.0.1:0")
    assert status != 0
    assert str(own.platform.data) in said and ("already" in said or "in use" in said), said
    assert own.platform.answers("/readyz")
    assert own.call(basics.add, 1) == 2


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_server_executor_and_tasks(platforms, markers, how):
    own = platforms()
    own.run(lifecycle.holds_children, str(markers), 1)
    wait_for_lines(markers / "child-0", 1)
    assert own.platform.stop(how) == 0
    assert not own.platform.processes()
    said = own.platform.stdout() + own.platform.stderr()
    assert "stop" in said.lower()


def test_it_refuses_to_listen_to_the_world_without_authentication(tmp_path):
    status, said = up(tmp_path, "--data", str(tmp_path / "data"), "--listen", "0.0.0.0:0")
    assert status != 0
    assert "--no-auth" in said


def test_all_problems_of_the_configuration_are_told_together(tmp_path):
    arguments = ("--data", str(tmp_path / "data"), "--listen", "nonsense", "--python", str(tmp_path / "no-python"))
    status, said = up(tmp_path, *arguments)
    assert status != 0
    assert "nonsense" in said and "no-python" in said, said


def test_a_port_that_is_taken_is_named(platforms, tmp_path):
    own = platforms()
    address = f"127.0.0.1:{own.platform.port}"
    status, said = up(tmp_path, "--data", str(tmp_path / "data"), "--listen", address)
    assert status != 0
    assert str(own.platform.port) in said


@pytest.mark.within(180)
def test_a_python_without_flyte_fails_the_action_with_what_to_install(platforms, tmp_path):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")], check=True, timeout=40)
    own = platforms(python=str(tmp_path / "bare" / "bin" / "python"))
    run = own.finish(own.run(basics.add, 1), "failed")
    message = own.error(run).message
    assert "flyte" in message and "install" in message, message


def test_a_client_with_a_config_file_needs_nothing_else(shared, tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text(
        f"admin:\n  endpoint: dns:///{shared.platform.endpoint}\n  insecure: true\n"
        "task:\n  project: flytesnacks\n  domain: development\n"
    )
    printed = shared.flyte_cli("--config", str(config), "get", "project")
    assert "flytesnacks" in printed
    assert flyte.current_project() == "flytesnacks"
