"""Libraries that a bundle's code imports are loaded once, and every attempt finds them as if it had imported them itself."""

import libraries
import pytest
from platform_process import wait_until

WARM = {"WINGBEAT_ISOLATION": "warm"}


def isolation(client, run):
    events = client.details(run, "a0").pb2.attempts[-1].cluster_events
    return next(event.message for event in events if "process started" in event.message)


@pytest.fixture
def sharing(platforms):
    """A platform that shares the libraries of `libraries.py`."""
    own = platforms(env=WARM)
    share(own)
    return own


def shared(own, task, *inputs):
    """The result of an attempt that found libraries in memory."""
    run = own.run(task, *inputs)
    result = own.result(run)
    assert "warm with" in isolation(own, run)
    return result


def share(own):
    def shares():
        run = own.run(libraries.draws)
        own.result(run)
        return "warm with" in isolation(own, run)

    wait_until(shares, 150, "libraries are shared")


@pytest.mark.within(300)
def test_an_attempt_finds_what_it_would_have_imported(platforms):
    fresh = platforms(env={"WINGBEAT_ISOLATION": "process"})
    afresh = fresh.result(fresh.run(libraries.tells_what_it_finds))
    own = platforms(env=WARM)
    share(own)
    run = own.run(libraries.tells_what_it_finds)
    found = own.result(run)
    assert {name: (afresh[name], found[name]) for name in afresh if afresh[name] != found[name]} == {}
    told = isolation(own, run)
    assert "numpy" in told or "pandas" in told or "sklearn" in told, told
    logs = [log.read_text() for log in (own.platform.data / "executor" / "templates").glob("*.log")]
    assert ["rehearsed in " in log for log in logs if "loaded " in log] == [True], logs


@pytest.mark.within(300)
def test_attempts_compute_and_draw_on_their_own(sharing):
    own = sharing
    for drawn in zip(*(shared(own, libraries.draws) for _ in range(3)), strict=True):
        assert len(set(drawn)) == 3
    results = {shared(own, libraries.fits_and_multiplies, 300) for _ in range(3)}
    assert len(results) == 1
    assert own.call(libraries.passes_a_frame_on, 100) == 4950
