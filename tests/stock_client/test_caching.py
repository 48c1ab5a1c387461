"""The cache: who hits, who misses, who waits for whom."""

import caching
import flyte
import pytest
from client import bounded, lines
from flyteidl2.core import catalog_pb2

HIT = catalog_pb2.CACHE_HIT
MISS = catalog_pb2.CACHE_MISS
POPULATED = catalog_pb2.CACHE_POPULATED
DISABLED = catalog_pb2.CACHE_DISABLED


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("caching")


@pytest.fixture(scope="module")
def first(shared, folder):
    """The first run of every scenario, started together: nothing is cached yet."""
    tasks = {
        "root": caching.cached,
        "child": caching.calls_cached,
        "one": caching.cached,
        "uncached": caching.calls_uncached_twice,
        "labels": caching.calls_with_labels,
        "serialized": caching.calls_serialized,
        "overwritten": caching.calls_cached,
    }
    runs = {name: shared.run(task, str(folder), name) for name, task in tasks.items()}
    runs["versions"] = shared.run(caching.calls_versions, str(folder), "versions", "a")
    return runs


def status(client, run, task=None):
    """The cache status of the root, or of the one action of `task`."""
    details = client.only(run, task) if task else client.details(run)
    return details.status.cache_status


def test_a_second_run_of_a_cached_root_is_a_hit(shared, first, folder):
    assert shared.result(first["root"]) == "made of root"
    assert status(shared, first["root"]) in (POPULATED, MISS)
    second = shared.run(caching.cached, str(folder), "root")
    assert shared.result(second) == "made of root"
    assert status(shared, second) == HIT
    assert len(lines(folder / "root")) == 1


def test_a_child_hits_what_another_runs_child_made(shared, first, folder):
    assert shared.result(first["child"]) == "made of child"
    assert status(shared, first["child"], "caching.cached") in (POPULATED, MISS)
    second = shared.run(caching.calls_cached, str(folder), "child")
    assert shared.result(second) == "made of child"
    assert status(shared, second, "caching.cached") == HIT
    assert len(lines(folder / "child")) == 1


def test_a_hit_shows_the_reuse_as_its_one_attempt(shared, first, folder):
    shared.finish(first["root"])
    second = shared.finish(shared.run(caching.cached, str(folder), "root"))
    details = shared.details(second)
    assert details.status.cache_status == HIT
    assert (details.status.attempts, [attempt.attempt for attempt in details.pb2.attempts]) == (1, [1])
    assert details.pb2.attempts[0].outputs.output_uri.endswith("outputs.pb")
    assert bounded(lambda: list(second.get_logs()), 20, "the log ends") == []


def test_other_inputs_miss(shared, first, folder):
    assert shared.result(first["one"]) == "made of one"
    assert shared.call(caching.cached, str(folder), "other") == "made of other"
    assert len(lines(folder / "one")) == len(lines(folder / "other")) == 1


def test_a_new_cache_version_misses_and_the_old_one_still_hits(shared, first, folder):
    shared.finish(first["versions"])
    later = [shared.run(caching.calls_versions, str(folder), "versions", version) for version in ("b", "a")]
    assert [shared.result(run) for run in later] == ["versions"] * 2
    assert len(lines(folder / "versions")) == 2


def test_an_uncached_task_runs_each_time(shared, first, folder):
    run = shared.finish(first["uncached"])
    assert len(lines(folder / "uncached")) == 2
    assert {action.status.cache_status for action in shared.actions(run, "caching.uncached")} == {DISABLED}


def test_ignored_inputs_do_not_count(shared, first, folder):
    assert shared.result(first["labels"]) == ["first", "first"]
    assert len(lines(folder / "labels")) == 1


def test_equal_calls_of_a_serialized_task_run_once(shared, first, folder):
    assert shared.result(first["serialized"]) == ["serialized"] * 3
    assert len(lines(folder / "serialized")) == 1
    statuses = [action.status.cache_status for action in shared.actions(first["serialized"], "caching.one_at_a_time")]
    assert statuses.count(HIT) == 2


def test_overwrite_cache_runs_again_and_replaces_the_entry(shared, first, folder):
    assert shared.result(first["overwritten"]) == "made of overwritten"
    forced = flyte.with_runcontext(overwrite_cache=True).run(caching.calls_cached, str(folder), "overwritten")
    shared.finish(forced)
    assert status(shared, forced, "caching.cached") != HIT
    assert len(lines(folder / "overwritten")) == 2
    again = shared.finish(shared.run(caching.calls_cached, str(folder), "overwritten"))
    assert status(shared, again, "caching.cached") == HIT
