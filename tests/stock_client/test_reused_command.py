"""A reused process reads the command line of `a0` as click does, or leaves it to click."""

import importlib.util
from pathlib import Path

import click
import pytest
from flyte._bin.runtime import main as a0

SOURCE = Path(__file__).parents[2] / "crates/wingbeat-executor/src/reuse/command.py"
NEEDED = ["--inputs", "in", "-o", "out", "--version", "v1", "--run-base-dir", "base"]
PLAIN = [
    NEEDED,
    [*NEEDED, "--resolver", "a.b.C", "mod", "my_module", "instance", "my_task"],
    [*NEEDED, "mod", "--tgz", "s3://bucket/x.tgz", "--dest", ".", "my_module"],
    [*NEEDED, "--name", "--org", "--image-cache", "", "-p", "-1"],
    [*NEEDED, "--version", "v2"],
]
NOT_PLAIN = [
    [*NEEDED, "--name=a0"],
    [*NEEDED, "-pcheckpoint"],
    [*NEEDED, "--", "--name"],
    [*NEEDED, "-"],
    [*NEEDED, "--debug", "true"],
]
WRONG = [[], NEEDED[2:], [*NEEDED, "--no-such", "x"], [*NEEDED, "--name"], ["--help"]]


def by_click(command, words):
    return command.make_context("a0", list(words)).params


@pytest.fixture
def command_line(monkeypatch):
    for name in ("ACTION_NAME", "RUN_NAME", "_U_ORG_NAME", "_U_RUN_BASE", "_F_E_VS"):
        monkeypatch.delenv(name, raising=False)
    spec = importlib.util.spec_from_file_location("command", SOURCE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.CommandLine


@pytest.mark.parametrize("words", PLAIN)
@pytest.mark.parametrize("variables", [{}, {"ACTION_NAME": "a7", "_U_RUN_BASE": "elsewhere", "RUN_NAME": ""}])
def test_a_plain_line_is_read_as_click_reads_it(command_line, monkeypatch, words, variables):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert command_line(a0).read_plain(words) == by_click(a0, words)
    if "_U_RUN_BASE" in variables:
        short = [word for word in words if word not in ("--run-base-dir", "base")]
        assert command_line(a0).read_plain(short)["run_base_dir"] == "elsewhere"
        assert command_line(a0).read_plain(short) == by_click(a0, short)


@pytest.mark.parametrize("words", NOT_PLAIN)
def test_every_other_line_is_clicks(command_line, words):
    line = command_line(a0)
    assert line.read_plain(words) is None
    assert line.read(words) == by_click(a0, words)


@pytest.mark.parametrize("words", WRONG)
def test_a_wrong_line_is_refused_by_click(command_line, words):
    line = command_line(a0)
    line.read(NEEDED)
    with pytest.raises((click.ClickException, click.exceptions.Exit)):
        line.read(words)


def test_a_variable_that_is_no_text_is_clicks(command_line, monkeypatch):
    monkeypatch.setenv("_F_E_VS", "true")
    line = command_line(a0)
    assert line.read_plain(NEEDED) is None
    assert line.read(NEEDED)["debug"] is True


def test_click_is_asked_once_and_ever_after_where_it_reads_something_else(command_line):
    class Counted(click.Command):
        asked = 0

        def make_context(self, *args, **more):
            type(self).asked += 1
            return super().make_context(*args, **more)

    like_a0, other = Counted("a0", params=a0.params), Counted("a0", params=[click.Option(["--level"])])
    line = command_line(like_a0)
    assert [line.read(words) for words in PLAIN] == [by_click(a0, words) for words in PLAIN]
    assert Counted.asked == 1

    Counted.asked = 0
    line = command_line(other)
    line.absent["level"] = "not what click says"
    assert [line.read([]) for _ in range(3)] == [{"level": None}] * 3
    assert Counted.asked == 3
