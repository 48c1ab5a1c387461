"""What the stock `flyte` command prints about a platform."""

import json

import basics
import observing
import pytest

SCOPE = ("--project", "flytesnacks", "--domain", "development")


@pytest.fixture(scope="module")
def finished(shared):
    return shared.finish(shared.run(basics.nested, 1))


def test_get_run_lists_runs_and_shows_one(shared, finished):
    listed = json.loads(shared.flyte_cli("--output-format", "json-raw", "get", "run", "--limit", "1000", *SCOPE))
    assert finished.name in [run["action"]["id"]["run"]["name"] for run in listed]
    shown = shared.flyte_cli("get", "run", finished.name, *SCOPE)
    assert finished.name in shown and "basics.nested" in shown


def test_get_action_lists_actions_and_shows_one(shared, finished):
    listed = shared.flyte_cli("get", "action", finished.name, *SCOPE)
    assert "a0" in listed and "basics.add_twice" in listed
    assert "succeeded" in shared.flyte_cli("get", "action", finished.name, "a0", *SCOPE).lower()


def test_get_action_speaks_json(shared, finished):
    printed = shared.flyte_cli("--output-format", "json-raw", "get", "action", finished.name, *SCOPE)
    actions = json.loads(printed)
    assert len(actions) == 4


def test_get_task_lists_deployed_tasks(shared):
    import flyte

    flyte.deploy(basics.env, version="cli-v1")
    assert "basics.nested" in shared.flyte_cli("get", "task", *SCOPE)
    assert "cli-v1" in shared.flyte_cli("get", "task", "basics.nested", "cli-v1", *SCOPE)


def test_get_project_lists_the_project(shared):
    assert "flytesnacks" in shared.flyte_cli("get", "project")


def test_get_logs_prints_lines_of_their_own(shared):
    run = shared.finish(shared.run(observing.prints_much, 30))
    printed = shared.flyte_cli("get", "logs", run.name, *SCOPE)
    assert [line for line in printed.splitlines() if "line 000007" in line]
    assert not [line for line in printed.splitlines() if "line 000007" in line and "line 000008" in line]


def test_get_io_prints_inputs_and_outputs(shared, finished):
    printed = shared.flyte_cli("get", "io", finished.name, *SCOPE)
    assert "1200" in printed and "x" in printed


def test_whoami_names_the_user(shared):
    assert "subject" in shared.flyte_cli("whoami").lower()


def test_run_starts_a_file_of_the_user(shared, tmp_path):
    program = tmp_path / "hello_cli.py"
    program.write_text(
        "import flyte\n\nenv = flyte.TaskEnvironment('hello_cli')\n\n\n"
        "@env.task\nasync def greet(name: str) -> str:\n    return f'hello {name}'\n"
    )
    printed = shared.flyte_cli("run", "--follow", *SCOPE, program.name, "greet", "--name", "you", cwd=tmp_path)
    assert "succeeded" in printed.lower() or "completed" in printed.lower()


def test_an_unknown_run_is_said_to_be_not_found(shared):
    printed = shared.flyte_cli("get", "run", "no-such-run", *SCOPE, ok=False)
    assert "NOT FOUND" in printed and "no-such-run" in printed
