"""kill -9 at random, under load: servers, executors, interpreters that tasks are forked from, task processes and the database of
real platforms.

Two platforms run at once: one with real processes, on which the stock `flyte` client runs trees of tasks, and one
with a simulated executor that takes as many runs as the client can create. One of them, as chance has it, keeps its
state in a PostgreSQL of its own, the other in SQLite (both with WINGBEAT_SKIP_POSTGRES=1). All choices come from a seed that is
printed first. When the time is over the killing stops, and every run that was acknowledged must have ended with the
right result, and every line that a task printed must be in its log.

Not checked: lines of processes that were alive when their executor was killed. They run again, and what the executor
had not yet made durable of their first attempt is lost with it.

    python tests/chaos/chaos.py --seconds 300 [--seed 17]
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "stock_client")]
SCRATCH = Path(tempfile.mkdtemp(prefix="wingbeat-chaos-"))
os.environ["HOME"] = str(SCRATCH)
os.environ["DO_NOT_TRACK"] = "1"
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "localhost,127.0.0.1"

import flyte  # noqa: E402  (HOME must be set first)

from client import Client, phase_name  # noqa: E402
from platform_process import Platform, binary, clean_environment, signal_process  # noqa: E402
from postgres_process import PASSWORD, SKIP, Postgres  # noqa: E402

import load  # noqa: E402

# An action that loses more attempts than this by kills has spent its retries, and may fail.
SYSTEM_RETRIES = 3
SETTLES_WITHIN = 240.0


class Simulated(Platform):
    """A platform whose executor starts no process."""

    def command(self, *, listen: str | None) -> list[str]:
        return [*super().command(listen=listen), "--executor", "simulated"]


class Killer(threading.Thread):
    """Kills parts of platforms until it is told to stop, and starts servers and the database again."""

    def __init__(self, platforms: list[Platform], database: Postgres | None, rng: random.Random):
        super().__init__(daemon=True)
        self.platforms = platforms
        self.database = database
        self.rng = rng
        self.over = threading.Event()
        self.kills = {"server": 0, "executor": 0, "interpreter": 0, "task": 0, "database": 0}
        self.lost_pids: set[int] = set()
        self.problem: BaseException | None = None

    def run(self) -> None:
        try:
            while not self.over.wait(self.rng.uniform(0.3, 2.5)):
                real, simulated = self.platforms
                if self.database and self.rng.random() < 0.15:
                    self.kill_database(self.database)
                else:
                    self.strike(real if self.rng.random() < 0.7 else simulated)
        except BaseException as problem:  # told by the main thread
            self.problem = problem

    def strike(self, platform: Platform) -> None:
        drawn = self.rng.random()
        if drawn < 0.45:
            platform.kill_server()
            self.kills["server"] += 1
            time.sleep(self.rng.uniform(0.0, 2.0))
            platform.restart()
        elif drawn < 0.55:
            self.kill_executor(platform)
        elif drawn < 0.7:
            self.kill_one("interpreter", platform.interpreters())
        else:
            self.kill_one("task", platform.tasks())

    def kill_one(self, kind: str, processes: list[int]) -> None:
        if processes:
            signal_process(self.rng.choice(processes), signal.SIGKILL)
            self.kills[kind] += 1

    def kill_database(self, database: Postgres) -> None:
        database.ask("kill")
        self.kills["database"] += 1
        time.sleep(self.rng.uniform(0.0, 3.0))
        database.ask("start")

    def kill_executor(self, platform: Platform) -> None:
        executors = platform.executors()
        if len(executors) != 1:
            return
        before = set(platform.tasks())
        signal_process(executors[0], signal.SIGKILL)
        # One may have started meanwhile.
        self.lost_pids |= before | set(platform.tasks())
        self.kills["executor"] += 1


class Load(threading.Thread):
    """Starts runs on one platform, a few at a time, until it is told to stop."""

    def __init__(self, start, pause: float):
        super().__init__(daemon=True)
        self.start_one = start
        self.pause = pause
        self.over = threading.Event()
        self.started: list = []
        self.refused = 0

    def run(self) -> None:
        while not self.over.is_set():
            try:
                self.started.append(self.start_one())
            except Exception:  # the server is down: nothing was acknowledged
                self.refused += 1
                time.sleep(0.2)
            self.over.wait(self.pause)


def connect(platform: Platform) -> Client:
    flyte.init(endpoint=platform.endpoint, insecure=True, project="flytesnacks", domain="development", root_dir=HERE)
    return Client(platform)


def details(client: Client, run, action: str = "a0"):
    """Reads again and again: reading is not what is tested here."""
    for _ in range(20):
        try:
            return client.details(run, action)
        except Exception:
            time.sleep(0.5)
    return client.details(run, action)


def wait_for_trees(client: Client, trees: list, deadline: float) -> list[str]:
    problems = []
    for run, width in trees:
        while not details(client, run).done():
            if time.monotonic() > deadline:
                problems.append(f"run {run.name} has not ended\n{client.describe(run)}")
                break
            time.sleep(0.3)
        else:
            problems += check_result(client, run, width)
    return problems


def check_result(client: Client, run, width: int) -> list[str]:
    root = details(client, run)
    phase = phase_name(root.raw_phase)
    if phase != "succeeded":
        spent = [action for action in client.actions(run) if action.attempts > SYSTEM_RETRIES]
        if spent:
            print(f"run {run.name} has spent its retries: {spent[0].name} was killed {spent[0].attempts} times")
            return []
        return [f"run {run.name} is {phase}\n{client.describe(run)}"]
    [result] = type(run).get(run.name).outputs()
    wanted = sum(number * number for number in range(width))
    return [] if result == wanted else [f"run {run.name} came to {result}, not {wanted}"]


def check_lines(client: Client, run, folder: Path, lost: set[int]) -> tuple[int, list[str]]:
    """How many lines were looked for, and which are missing."""
    copies = (folder / "printed").read_text().splitlines() if (folder / "printed").exists() else []
    wanted: dict[str, list[str]] = {}
    for line in copies:
        action, pid, _ = line.split(" ", 2)
        if int(pid) not in lost:
            wanted.setdefault(action, []).append(line)
    problems, looked = [], 0
    for action, lines in wanted.items():
        there = logged(client, run, action)
        looked += len(lines)
        missing = [line for line in lines if line not in there]
        if missing:
            problems.append(f"run {run.name}: {len(missing)} lines of {action} are not in its log: {missing[:3]}")
    return looked, problems


def logged(client: Client, run, action: str) -> set[str]:
    """Every line of every attempt of an action."""
    lines: set[str] = set()
    for attempt in range(1, details(client, run, action).attempts + 1):
        done = subprocess.run(
            [str(binary()), "logs", run.name, action, "--attempt", str(attempt), "--endpoint", client.platform.url],
            capture_output=True,
            text=True,
            timeout=60,
            env=clean_environment(client.platform.home),
        )
        lines |= set(done.stdout.splitlines())
    return lines


def wait_for_simulated(client: Client, names: list[str], deadline: float) -> list[str]:
    left = list(names)
    while left and time.monotonic() < deadline:
        left = [name for name in left if not ended_well(client, name)]
        time.sleep(0.2)
    return [f"simulated run {name} did not succeed" for name in left[:5]]


def ended_well(client: Client, name: str) -> bool:
    from flyteidl2.workflow import run_service_pb2

    request = run_service_pb2.GetRunDetailsRequest(run_id=client.run_id(name))
    try:
        found = client.runs.get_run_details(request)
    except Exception:
        return False
    return phase_name(found.details.action.status.phase) == "succeeded"


def chaos(seconds: float, seed: int) -> list[str]:
    rng = random.Random(seed)
    database = None if os.environ.get(SKIP) == "1" else Postgres()
    in_database = {"WINGBEAT_DATABASE": database.database(), "PGPASSWORD": PASSWORD} if database else {}
    stores = [in_database, {}]
    rng.shuffle(stores)
    real = Platform(SCRATCH / "real", sys.executable, env=stores[0])
    simulated = Simulated(SCRATCH / "simulated", sys.executable, env=stores[1])
    platforms = [real, simulated]
    try:
        for platform in platforms:
            platform.start()
            print(f"{platform.data.name}: {'PostgreSQL' if platform.extra_env else 'SQLite'}", flush=True)
        return rage(connect(real), Client(simulated), database, rng, seconds)
    finally:
        for platform in platforms:
            platform.destroy()
        if database:
            database.end()


def rage(
    client: Client, other: Client, database: Postgres | None, rng: random.Random, seconds: float
) -> list[str]:
    folders: dict[str, Path] = {}
    request = other.create_request(load.nothing, 1)
    lock = threading.Lock()

    def tree():
        with lock:
            width, folder = rng.randint(1, 3), SCRATCH / f"printed-{len(folders)}"
            folder.mkdir(exist_ok=True)
        run = client.run(load.tree, str(folder), width)
        folders[run.name] = folder
        return run, width

    loads = [
        Load(tree, pause=2.0),
        Load(lambda: other.runs.create_run(request).run.action.id.run.name, pause=0.01),
    ]
    killer = Killer([client.platform, other.platform], database, random.Random(rng.random()))
    for thread in (*loads, killer):
        thread.start()
    time.sleep(seconds)
    for thread in (*loads, killer):
        thread.over.set()
    for thread in (*loads, killer):
        thread.join(150)
    if killer.problem:
        raise killer.problem
    trees, names = loads[0].started, loads[1].started
    print(f"killed {killer.kills}; {len(trees)} runs of processes, {len(names)} simulated ones were acknowledged")
    deadline = time.monotonic() + SETTLES_WITHIN
    problems = wait_for_trees(client, trees, deadline) + wait_for_simulated(other, names, deadline)
    looked = 0
    for run, _ in trees:
        count, missing = check_lines(client, run, folders[run.name], killer.lost_pids)
        looked += count
        problems += missing
    print(f"{looked} printed lines were looked for")
    if not trees or not names or not looked:
        problems.append("there was no load: this proves nothing")
    return problems


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    given = parser.parse_args()
    print(f"chaos: seed {given.seed}, {given.seconds:g} s", flush=True)
    problems = chaos(given.seconds, given.seed)
    for problem in problems:
        print(f"BROKEN: {problem}")
    if problems:
        print(f"chaos: seed {given.seed} found {len(problems)} problems; the platforms' files are in {SCRATCH}")
        return 1
    shutil.rmtree(SCRATCH, ignore_errors=True)
    print("chaos: every run has the right result and every line is there")
    return 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    # Not sys.exit: the client's network threads outlive the interpreter, and now and then abort it at its end.
    os._exit(status)
