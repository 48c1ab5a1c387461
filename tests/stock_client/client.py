"""What the tests ask of a platform: runs, actions, results, raw calls.

Only public API of the stock `flyte` package and of its generated Connect clients is used.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from concurrent.futures import Future, TimeoutError as NotYet
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import flyte
import flyte.remote as remote
from flyteidl2.common import identifier_pb2, phase_pb2
from flyteidl2.dataproxy.dataproxy_service_connect import DataProxyServiceClientSync
from flyteidl2.project.project_service_connect import ProjectServiceClientSync
from flyteidl2.task.task_service_connect import TaskServiceClientSync
from flyteidl2.workflow import run_service_pb2
from flyteidl2.workflow.run_service_connect import RunServiceClientSync

from platform_process import Platform, binary, clean_environment, wait_until

RUN_WITHIN = 120.0


class Client:
    """The stock client, pointed at one platform."""

    last: ClassVar[Client | None] = None

    def __init__(self, platform: Platform):
        self.platform = platform
        Client.last = self

    # -- runs ---------------------------------------------------------------------------------

    def run(self, task, *args, **kwargs) -> remote.Run:
        """Starts a run of `task`."""
        return flyte.run(task, *args, **kwargs)

    def finish(self, run: remote.Run, phase: str = "succeeded", within: float = RUN_WITHIN) -> remote.Run:
        """Waits for the end of `run` over its watch, and checks how it ended."""
        bounded(lambda: run.wait(quiet=True), within, lambda: f"run {run.name} ends\n{self.describe(run)}")
        assert phase_name(run.raw_phase) == phase, f"expected {phase}\n{self.describe(run)}"
        return run

    def result(self, run: remote.Run, within: float = RUN_WITHIN) -> Any:
        """The first output of `run`, once it has succeeded."""
        return self.finish(run, within=within).outputs()[0]

    def call(self, task, *args, **kwargs) -> Any:
        """Runs `task` to its end and returns its first output."""
        return self.result(self.run(task, *args, **kwargs))

    def error(self, run: remote.Run):
        """The error_info of the root action."""
        return self.details(run, "a0").error_info

    # -- actions ------------------------------------------------------------------------------

    def actions(self, run: remote.Run, task: str | None = None) -> list[remote.ActionDetails]:
        """The details of the run's actions, of one task (or trace) name if given."""
        listed = [action for action in remote.Action.listall(for_run_name=run.name)]
        details = [self.details(run, action.name) for action in listed]
        return [detail for detail in details if task is None or action_label(detail) == task]

    def only(self, run: remote.Run, task: str) -> remote.ActionDetails:
        """The details of the one action of `task`."""
        found = self.actions(run, task)
        assert len(found) == 1, f"{len(found)} actions of {task}\n{self.describe(run)}"
        return found[0]

    def details(self, run: remote.Run, action: str = "a0") -> remote.ActionDetails:
        return remote.ActionDetails.get(run_name=run.name, name=action)

    def describe(self, run: remote.Run) -> str:
        """The run's actions as a table, for messages of failed checks."""
        try:
            lines = [self._describe_action(detail) for detail in self.actions(run)[:40]]
        except Exception as problem:  # a message must not hide the failure it is for
            return f"(its actions cannot be read: {problem})"
        return "\n".join([f"run {run.name}:"] + lines)

    def _describe_action(self, detail: remote.ActionDetails) -> str:
        error = detail.error_info.message[-1500:] if detail.error_info else ""
        phase = phase_name(detail.raw_phase)
        return f"  {detail.name:26} {action_label(detail):30} {phase:10} attempts={detail.attempts} {error}"

    # -- the command line ---------------------------------------------------------------------

    def flyte_cli(self, *arguments: str, within: float = 90, ok: bool = True, cwd: Path | None = None) -> str:
        """Runs the stock `flyte` command against the platform and returns what it printed."""
        command = [str(Path(sys.executable).with_name("flyte")), "--endpoint", self.platform.endpoint, "--insecure"]
        return run_program([*command, *arguments], self.platform, within=within, ok=ok, cwd=cwd, well=ENDED_WELL)

    def wingbeat(self, *arguments: str, within: float = 60, ok: bool = True) -> str:
        """Runs our own command line against the platform and returns what it printed."""
        return run_program([str(binary()), *arguments], self.platform, within=within, ok=ok)

    def python(self, script: Path, *arguments: str, within: float = 120) -> str:
        """Runs a Python program of a user in a process of its own."""
        command = [sys.executable, str(script), *arguments]
        return run_program(command, self.platform, within=within, ok=True, well=ENDED_WELL)

    # -- raw calls ----------------------------------------------------------------------------

    @property
    def runs(self) -> RunServiceClientSync:
        return RunServiceClientSync(self.platform.url)

    @property
    def data(self) -> DataProxyServiceClientSync:
        return DataProxyServiceClientSync(self.platform.url)

    @property
    def task_service(self) -> TaskServiceClientSync:
        return TaskServiceClientSync(self.platform.url)

    @property
    def project_service(self) -> ProjectServiceClientSync:
        return ProjectServiceClientSync(self.platform.url)

    def project_id(self, name: str = "flytesnacks", domain: str = "development"):
        return identifier_pb2.ProjectIdentifier(name=name, domain=domain)

    def run_id(self, name: str, project: str = "flytesnacks", domain: str = "development"):
        return identifier_pb2.RunIdentifier(project=project, domain=domain, name=name)

    def create_request(self, task, *args, **kwargs) -> run_service_pb2.CreateRunRequest:
        """The request with which the stock client would create a run, with its inputs inline."""
        dry = flyte.with_runcontext(dry_run=True).run(task, *args, **kwargs)
        spec = dry.task_spec
        spec.task_template.id.project = "flytesnacks"
        spec.task_template.id.domain = "development"
        spec.task_template.id.version = spec.task_template.id.version or "v1"
        request = run_service_pb2.CreateRunRequest(project_id=self.project_id(), task_spec=spec)
        request.inputs.CopyFrom(dry.inputs.proto_inputs)
        request.run_spec.SetInParent()
        return request


# -- small things -----------------------------------------------------------------------------


def bounded(work, within: float, what) -> Any:
    """Does `work()` on a thread and fails when it takes longer than `within` seconds."""
    future: Future = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as problem:  # handed to the waiting thread, whatever it is
            future.set_exception(problem)

    Thread(target=run, daemon=True).start()
    try:
        return future.result(within)
    except NotYet:
        if future.done():
            raise
        raise AssertionError(f"not within {within:g} s: {what() if callable(what) else what}") from None


# The client's network threads outlive the interpreter, and now and then abort it at its very end, after all is done
# and printed (flyte 2.12.1).
ENDED_WELL = (0, -signal.SIGABRT)


def run_program(
    command: list[str],
    platform: Platform,
    *,
    within: float,
    ok: bool,
    cwd: Path | None = None,
    well: tuple[int, ...] = (0,),
) -> str:
    """Runs a program with a clean environment; its output, stdout and stderr together."""
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=within,
        text=True,
        env=clean_environment(platform.home, COLUMNS="240", NO_COLOR="1", TERM="dumb"),
        cwd=cwd or platform.home,
    )
    if ok:
        assert done.returncode in well, f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}"
    else:
        assert done.returncode != 0, f"{' '.join(command)} should have failed:\n{done.stdout}"
    return done.stdout


def phase_name(phase: int) -> str:
    return phase_pb2.ActionPhase.Name(phase).removeprefix("ACTION_PHASE_").lower()


def action_label(detail: remote.ActionDetails) -> str:
    """The name a user knows an action by: task, trace or condition."""
    metadata = detail.pb2.metadata
    if metadata.HasField("trace"):
        return metadata.trace.name
    if metadata.HasField("condition"):
        return metadata.condition.name
    return metadata.task.id.name


def lines(path: Path) -> list[str]:
    """The lines that tasks left in a marker file."""
    return path.read_text().splitlines() if path.exists() else []


def wait_for_lines(path: Path, count: int, within: float = 90) -> list[str]:
    """Waits until tasks have left `count` lines in a marker file."""
    wait_until(lambda: len(lines(path)) >= count, within, f"{count} lines in {path.name}, which has {lines(path)}")
    return lines(path)
