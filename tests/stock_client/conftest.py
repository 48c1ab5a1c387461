"""What every test gets: a shared platform, platforms of its own, a client, and a deadline.

The stock client is process-global (`flyte.init`), so one client serves the session and is
pointed at a test's own platform for the length of that test. HOME is temporary before `flyte`
is imported: its caches are keyed by address and must not outlive a data folder.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
PROGRAMS = HERE / "programs"
SCRATCH = Path(tempfile.mkdtemp(prefix="wingbeat-stock-client-"))

os.environ["HOME"] = str(SCRATCH / "home")
os.environ["DO_NOT_TRACK"] = "1"
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "localhost,127.0.0.1"
for variable in ("FLYTECTL_CONFIG", "UCTL_CONFIG", "FLYTE_API_KEY", "http_proxy", "HTTP_PROXY"):
    os.environ.pop(variable, None)
(SCRATCH / "home").mkdir()

import flyte  # noqa: E402  (HOME must be set first)

from client import Client  # noqa: E402
from platform_process import Platform, binary  # noqa: E402

DEFAULT_DEADLINE = 150
PROJECT = "flytesnacks"
DOMAIN = "development"


def connect(platform: Platform) -> Client:
    """Points the client of this process at `platform`."""
    flyte.init(endpoint=platform.endpoint, insecure=True, project=PROJECT, domain=DOMAIN, root_dir=PROGRAMS)
    return Client(platform)


def pytest_sessionstart(session):
    session.shared_platform = None
    if not session.config.option.collectonly and not binary().exists():
        pytest.exit(f"{binary()} does not exist: build it, or name it in WINGBEAT_BIN", returncode=3)


@pytest.fixture(scope="session")
def shared_platform(request):
    """The platform that most tests use. It must stop cleanly and leave no process behind."""
    platform = Platform(SCRATCH / "shared", sys.executable)
    try:
        request.session.shared_platform = platform.start()
        yield platform
    finally:
        request.session.shared_platform = None
        status = platform.process.poll() if platform.process else None
        left = platform.destroy()
        report_platform(platform)
    assert status is None, f"the shared platform had ended with {status}"
    assert not left, f"left behind by a clean stop: {left}"


@pytest.fixture(scope="module")
def shared(shared_platform):
    """A client of the shared platform."""
    return connect(shared_platform)


def back_to_shared(request) -> None:
    """After a test with a platform of its own: the rest of the session talks to the shared one."""
    if request.session.shared_platform is not None:
        connect(request.session.shared_platform)


@pytest.fixture
def own(request, platform):
    """The client, which talks to the platform of this file meanwhile."""
    try:
        yield connect(platform)
    finally:
        back_to_shared(request)


@pytest.fixture
def platforms(request):
    """Starts platforms for one test; each is ended after it, with nothing left behind."""
    started: list[Platform] = []

    def start(**options) -> Client:
        start_it = options.pop("start", True)
        platform = Platform(SCRATCH / f"own-{time.monotonic_ns()}", options.pop("python", sys.executable), **options)
        started.append(platform)
        if start_it:
            platform.start()
        return connect(platform) if start_it else Client(platform)

    try:
        yield start
    finally:
        back_to_shared(request)
        left = [line for platform in started for line in platform.destroy()]
        for platform in started:
            if getattr(request.node, "failed", False):
                report_platform(platform)
        if not getattr(request.node, "failed", False):
            assert not left, f"left behind by a clean stop: {left}"


@contextmanager
def running(name: str, env: dict[str, str]):
    """A platform that the tests of one file share, with nothing left behind after them."""
    platform = Platform(SCRATCH / f"{name}-{time.monotonic_ns()}", sys.executable, env=env)
    try:
        yield platform.start()
    finally:
        left = platform.destroy()
        report_platform(platform)
    assert not left, f"left behind by a clean stop: {left}"


@pytest.fixture(scope="session")
def buckets():
    """An S3 server that nobody of us wrote."""
    from bucket_process import Buckets  # only where it is needed: it takes a second to import

    server = Buckets()
    yield server
    server.end()


@pytest.fixture
def markers(tmp_path) -> Path:
    """A folder in which tasks leave a line each time they run, and wait for files to appear."""
    folder = tmp_path / "markers"
    folder.mkdir()
    return folder


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item):
    with deadline(item):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    with deadline(item):
        return (yield)


@contextmanager
def deadline(item):
    """No setup and no test waits for ever: after its deadline it fails where it stands."""
    marker = item.get_closest_marker("within")
    seconds = marker.args[0] if marker else DEFAULT_DEADLINE

    def expire(_signal, _frame):
        raise TimeoutError(f"{item.name} took longer than {seconds} s")

    previous = signal.signal(signal.SIGALRM, expire)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed:
        item.failed = True
        platform = getattr(Client.last, "platform", None)
        if platform is not None:
            report.sections.append(("server log (end)", platform.stderr()[-4000:]))
    return report


def pytest_sessionfinish(session, exitstatus):
    if exitstatus == 0:
        shutil.rmtree(SCRATCH, ignore_errors=True)
    else:
        print(f"\ndata folders and logs are kept in {SCRATCH}")


def report_platform(platform: Platform) -> None:
    """Shows what a platform wrote, for the log of a failed test."""
    print(f"\n--- {platform.data.name}: stdout\n{platform.stdout()[-2000:]}")
    print(f"--- {platform.data.name}: stderr\n{platform.stderr()[-8000:]}")
