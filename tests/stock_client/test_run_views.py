"""RunViewService over the wire, in JSON as any script can call it: counts, windows and a timeline of one run."""

import json
import struct
import urllib.error
import urllib.request

import crowds
import pytest

GOOD, BAD = 7, 3
SUCCEEDED, FAILED = 5, 6


@pytest.fixture(scope="module")
def run(shared):
    run = shared.run(crowds.crowd, GOOD, BAD)
    assert shared.result(run) == sum(range(GOOD)) + BAD
    return run


def call(client, method: str, run: str, expect: int = 200, **fields) -> dict:
    run_id = {"org": "", "project": "flytesnacks", "domain": "development", "name": run}
    request = urllib.request.Request(
        f"{client.platform.url}/wingbeat.platform.v1.RunViewService/{method}",
        data=json.dumps({"runId": run_id, **fields}).encode(),
        headers={"content-type": "application/json"},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=60) as answer:
            status, body = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        status, body = error.code, error.read()
    assert status == expect, body.decode()
    return json.loads(body)


def phases(counted: dict) -> dict[int, int]:
    return {int(entry["phase"]): int(entry["count"]) for entry in counted["phases"]}


def names(window: dict) -> list[str]:
    return [row["action"]["id"]["name"] for row in window.get("rows", [])]


def test_counts_of_a_run_by_group_and_task(shared, run):
    counts = call(shared, "GetRunCounts", run.name)
    assert int(counts["all"]["total"]) == GOOD + BAD
    assert phases(counts["all"]) == {SUCCEEDED: GOOD, FAILED: BAD}
    assert [(entry["name"], phases(entry)) for entry in counts["groups"]] == [
        ("good ones", {SUCCEEDED: GOOD}),
        ("bad ones", {FAILED: BAD}),
    ]
    assert [(entry["name"], int(entry["total"])) for entry in counts["tasks"]] == [
        ("crowds.fine", GOOD),
        ("crowds.broken", BAD),
    ]


def test_counts_below_one_action(shared, run):
    below = call(shared, "GetRunCounts", run.name, parent="a0", limit=1)
    assert phases(below["all"]) == {SUCCEEDED: GOOD, FAILED: BAD}
    assert [entry["name"] for entry in below["groups"]] == ["good ones"]
    assert (int(below["nGroups"]), below.get("tasks", [])) == (2, [])
    leaf = names(call(shared, "ListWindow", run.name, limit=1))[0]
    assert int(call(shared, "GetRunCounts", run.name, parent=leaf)["all"].get("total", 0)) == 0


def test_a_window_from_anywhere(shared, run):
    whole = call(shared, "ListWindow", run.name, parent="a0")
    assert int(whole["total"]) == len(names(whole)) == GOOD + BAD
    assert "token" not in whole
    middle = call(shared, "ListWindow", run.name, parent="a0", offset="4", limit=3)
    assert names(middle) == names(whole)[4:7]
    after = call(shared, "ListWindow", run.name, parent="a0", token=middle["token"], limit=3)
    assert names(after) == names(whole)[7:10]
    backwards = call(shared, "ListWindow", run.name, descending=True)
    assert names(backwards) == names(whole)[::-1]


def test_the_window_that_holds_an_action(shared, run):
    whole = names(call(shared, "ListWindow", run.name, parent="a0"))
    assert int(call(shared, "ListWindow", run.name, limit=3, offset="7")["offset"]) == 7
    for place, name in enumerate(whole):
        for fields in [{}, {"parent": "a0"}]:
            window = call(shared, "ListWindow", run.name, containing=name, limit=4, **fields)
            begins = place // 4 * 4
            assert (int(window["offset"]), names(window)) == (begins, whole[begins : begins + 4])
        backwards = call(shared, "ListWindow", run.name, containing=name, limit=4, descending=True)
        assert names(backwards) == whole[::-1][int(backwards["offset"]) :][:4]
        assert name in names(backwards)
    failed = names(call(shared, "ListWindow", run.name, phases=[FAILED]))
    last = call(shared, "ListWindow", run.name, phases=[FAILED], containing=failed[-1], limit=2)
    assert (int(last["offset"]), names(last)) == (2, failed[2:])
    assert last["total"] == str(BAD)
    assert "token" not in last
    started = names(call(shared, "ListWindow", run.name, sort="SORT_STARTED"))
    window = call(shared, "ListWindow", run.name, sort="SORT_STARTED", containing=started[5], limit=2)
    assert (int(window["offset"]), names(window)) == (4, started[4:6])
    following = call(shared, "ListWindow", run.name, sort="SORT_STARTED", token=window["token"], limit=2)
    assert names(following) == started[6:8]
    for walked in [following, call(shared, "ListWindow", run.name, text="fine"), call(shared, "ListWindow", run.name, group="")]:
        assert "offset" not in walked


def test_an_action_that_a_list_does_not_hold(shared, run):
    whole = call(shared, "ListWindow", run.name, parent="a0", limit=2)
    good = names(call(shared, "ListWindow", run.name, phases=[SUCCEEDED]))[0]

    def refused(status, **fields):
        return call(shared, "ListWindow", run.name, expect=status, **{"containing": good, **fields})["message"]

    assert "action `nobody` does not exist in run" in refused(404, containing="nobody")
    assert "it is the root" in refused(404, containing="a0")
    assert "its phase is Succeeded" in refused(404, phases=[FAILED])
    assert "its parent is `a0`" in refused(404, parent=good)
    before = {"sort": "SORT_STARTED", "startedBefore": "2020-01-01T00:00:00Z"}
    assert "did not begin to run in that time" in refused(404, **before)
    assert "together with token" in refused(400, parent="a0", token=whole["token"])
    assert "together with offset" in refused(400, offset="2")
    for fields in [{"text": "x"}, {"group": ""}, {"sort": "SORT_STARTED", "phases": [SUCCEEDED]}]:
        assert "containing: not with text, group" in refused(400, **fields)


def test_a_window_of_what_fits(shared, run):
    failed = call(shared, "ListWindow", run.name, phases=[FAILED])
    assert int(failed["total"]) == len(names(failed)) == BAD
    grouped = call(shared, "ListWindow", run.name, group="bad ones", phases=[SUCCEEDED, FAILED])
    assert (names(grouped), int(grouped["total"])) == (names(failed), BAD)
    found = call(shared, "ListWindow", run.name, text="BROKEN")
    assert names(found) == names(failed)
    assert "total" not in found
    assert call(shared, "ListWindow", run.name, text="nowhere").get("rows", []) == []


def test_a_window_by_start(shared, run):
    rows = call(shared, "ListWindow", run.name, sort="SORT_STARTED")
    assert sorted(names(rows)) == sorted(names(call(shared, "ListWindow", run.name)))
    starts = [row["startedAt"] for row in rows["rows"]]
    assert starts == sorted(starts)
    assert all(row["action"]["status"]["startTime"] <= row["startedAt"] for row in rows["rows"])
    backwards = call(shared, "ListWindow", run.name, sort="SORT_STARTED", descending=True)
    assert names(backwards) == names(rows)[::-1]
    created = min(row["action"]["status"]["startTime"] for row in rows["rows"])
    since = call(shared, "ListWindow", run.name, sort="SORT_STARTED", startedFrom=created)
    assert names(since) == names(rows)
    before = call(shared, "ListWindow", run.name, sort="SORT_STARTED", startedBefore=created)
    assert names(before) == []


def test_a_watch_says_when_actions_began_to_run(shared, run):
    run_id = {"project": "flytesnacks", "domain": "development", "name": run.name}
    asked = json.dumps({"subscriptions": [{"id": "one", "actions": {"runId": run_id}}]}).encode()
    request = urllib.request.Request(
        f"{shared.platform.url}/wingbeat.platform.v1.MultiWatchService/WatchMany",
        data=struct.pack(">BI", 0, len(asked)) + asked,
        headers={"content-type": "application/connect+json"},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=60) as stream:
        _flags, length = struct.unpack(">BI", stream.read(5))
        said = json.loads(stream.read(length))
    actions = [one["action"] for one in said["actions"]["enrichedActions"]]
    assert {action["id"]["name"] for action in actions} == set(said["startedAt"])
    assert all(action["status"]["startTime"] <= said["startedAt"][action["id"]["name"]] for action in actions)


def test_a_timeline(shared, run):
    timeline = call(shared, "GetTimeline", run.name, buckets=20)
    buckets = timeline["buckets"]
    assert 1 <= len(buckets) <= 20
    assert sum(int(bucket.get("created", 0)) for bucket in buckets) == GOOD + BAD
    assert sum(int(bucket.get("started", 0)) for bucket in buckets) == GOOD + BAD
    ended = [entry for bucket in buckets for entry in bucket.get("ended", [])]
    assert sum(int(entry["count"]) for entry in ended) == GOOD + BAD
    assert int(buckets[-1].get("waiting", 0)) == int(buckets[-1].get("running", 0)) == 0


@pytest.mark.parametrize(
    ("method", "fields", "status", "said"),
    [
        ("ListWindow", {"phases": [0]}, 400, "phases: 0 is no number"),
        ("ListWindow", {"offset": "-1"}, 400, "offset: it must not be negative"),
        ("ListWindow", {"offset": "2", "text": "x"}, 400, "offset: not with text"),
        ("ListWindow", {"containing": "not a name!"}, 400, "containing: "),
        ("ListWindow", {"token": "nonsense"}, 400, "page token"),
        ("ListWindow", {"parent": "nobody"}, 404, "parent: action `nobody` does not exist"),
        ("ListWindow", {"startedFrom": "2026-01-01T00:00:00Z"}, 400, "SORT_STARTED"),
        ("GetRunCounts", {"parent": "a" * 40}, 400, "parent"),
        ("GetTimeline", {"buckets": 5000}, 400, "buckets: 5000 is more than 2000"),
        ("GetTimeline", {"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, 400, "to: it must be later"),
    ],
)
def test_bad_input_is_refused_by_name(shared, run, method, fields, status, said):
    assert said in call(shared, method, run.name, expect=status, **fields)["message"]


def test_a_run_that_does_not_exist(shared, run):
    for method in ["GetRunCounts", "ListWindow", "GetTimeline"]:
        assert "does not exist" in call(shared, method, "nothing-here", expect=404)["message"]
