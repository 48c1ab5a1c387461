"""Runs the digits sweep twice on a Flyte 2 server and shows what happened.

    python run.py --endpoint localhost:8080
"""

import argparse
import contextlib
import io
import os
import sys
import tempfile
import time
from pathlib import Path

# A proxy of the user's shell must not come between this program and a server on this machine.
for name in ("NO_PROXY", "no_proxy"):
    os.environ[name] = ",".join(filter(None, [os.environ.get(name), "localhost,127.0.0.1"]))

import flyte  # noqa: E402  (the proxy setting must come first)
import flyte.remote as remote  # noqa: E402
from flyteidl2.core import catalog_pb2  # noqa: E402

import workflow  # noqa: E402

PROJECT, DOMAIN = "flytesnacks", "development"
POLL_SECONDS = 0.3
BAR = 28


def main() -> int:
    arguments = parse_arguments()
    flyte.init(
        endpoint=arguments.endpoint, insecure=True, project=PROJECT, domain=DOMAIN, root_dir=Path(__file__).parent
    )
    print(f"\n  Which of {len(workflow.GRID)} models reads handwritten digits best?\n")
    first = watched_run("first run", arguments.timeout)
    if first is None:
        return 1
    show_result(first, arguments.report)
    second = watched_run("second run", arguments.timeout)
    if second is None:
        return 1
    return show_cache_hits(second)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--endpoint", required=True, help="host:port of the server, for plain http")
    parser.add_argument("--timeout", type=float, default=900, help="seconds that one run may take (%(default)s)")
    default_report = Path(tempfile.gettempdir()) / "digits-report.html"
    parser.add_argument("--report", type=Path, default=default_report, help="where to save the report (%(default)s)")
    return parser.parse_args()


def watched_run(title: str, timeout: float) -> remote.Run | None:
    """Starts the sweep and follows it; None when it did not succeed in time."""
    started = time.monotonic()
    # The client remembers uploads by address for a day; this address may be of another server by then.
    with contextlib.redirect_stderr(io.StringIO()):  # its steps say nothing about this demo
        run = flyte.with_runcontext(disable_run_cache=True).run(workflow.sweep)
    print(f"  {title:11} {run.url}", flush=True)
    while not (latest := remote.Run.get(run.name)).done():
        show_progress(run, started)
        if time.monotonic() - started > timeout:
            return failed(run, f"not done after {timeout:g} s")
        time.sleep(POLL_SECONDS)
    show_progress(run, started)
    clear_line()
    if latest.phase != "succeeded":
        return failed(run, f"{latest.phase}: {remote.ActionDetails.get(run_name=run.name, name='a0').error_message}")
    print(f"  {'time':11} {time.monotonic() - started:.1f} s")
    return latest


def failed(run: remote.Run, why: str) -> None:
    clear_line()
    print(f"  {run.name} {why}", file=sys.stderr)


def show_progress(run: remote.Run, started: float) -> None:
    """One line that is written over, on a terminal only."""
    if not sys.stdout.isatty():
        return
    children = [action for action in remote.Action.listall(for_run_name=run.name, parent_name="a0")]
    done = sum(action.done() for action in children)
    expected = len(workflow.GRID) + 3
    filled = BAR * done // expected
    running = sorted({action.task_name.split(".")[-1] for action in children if action.phase == "running"})
    bar = "█" * filled + "░" * (BAR - filled)
    line = f"  {time.monotonic() - started:8.1f} s  {bar} {done}/{expected}  {', '.join(running)}"
    print(f"\r\x1b[K{line}", end="", flush=True)


def clear_line() -> None:
    if sys.stdout.isatty():
        print("\r\x1b[K", end="", flush=True)


def show_result(run: remote.Run, report: Path) -> None:
    """The ranking, the retry and the report of a finished run."""
    result = run.typed_outputs({"o0": workflow.Result})["o0"]
    worst = result.scores[-1].accuracy
    print()
    for place, score in enumerate(result.scores):
        share = (score.accuracy - worst) / max(result.scores[0].accuracy - worst, 1e-9)
        bar = "█" * max(1, round(BAR * share))
        print(f"  {score.candidate.title:28} {score.accuracy:7.2%}  {bar}{'  ← best' if place == 0 else ''}")
    print(f"\n  {'best model':11} {result.best.candidate.title}, reads {result.exam.accuracy:.1%} of unseen digits")
    [examine] = actions_of(run, "digits.examine")
    print(f"  {'retried':11} examine failed once and succeeded at attempt {examine.attempts}")
    text = run.get_report()
    report.write_text(text, encoding="utf-8")
    print(f"  {'report':11} {report} ({len(text) // 1024} KiB, with a plot)\n")


def show_cache_hits(run: remote.Run) -> int:
    """Which stages of the run came from the cache; an error when none did."""
    hits: dict[str, list[bool]] = {}
    for action in actions_of(run):
        hit = action.status.cache_status == catalog_pb2.CACHE_HIT
        hits.setdefault(action.task_name.split(".")[-1], []).append(hit)
    stages = [f"{name} {sum(found)}/{len(found)}" for name, found in hits.items() if any(found)]
    total = sum(sum(found) for found in hits.values())
    print(f"  {'cache hits':11} {total} of {sum(map(len, hits.values()))} actions: {', '.join(stages) or 'none'}\n")
    return 0 if total else 1


def actions_of(run: remote.Run, task: str | None = None) -> list[remote.ActionDetails]:
    """Details of the run's actions other than its root, of one task if named."""
    listed = [action for action in remote.Action.listall(for_run_name=run.name, parent_name="a0")]
    details = [remote.ActionDetails.get(run_name=run.name, name=action.name) for action in listed]
    return [action for action in details if task is None or action.task_name == task]


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    # Not sys.exit: the client's network threads outlive the interpreter, and now and then abort it at its end.
    os._exit(status)
