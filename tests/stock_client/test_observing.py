"""Reports, logs, environment variables, labels and custom context."""

import re
from datetime import datetime, timedelta, timezone

import flyte
import flyte.remote as remote
import httpx
import observing
import pytest
from client import bounded, wait_for_lines
from flyteidl2.common import identifier_pb2
from flyteidl2.dataproxy import dataproxy_service_pb2


def report_link(client, run):
    """The signed address of the report of the run's root."""
    details = client.details(run)
    attempt = identifier_pb2.ActionAttemptIdentifier(action_id=details.pb2.id, attempt=details.attempts)
    answer = client.data.create_download_link(
        dataproxy_service_pb2.CreateDownloadLinkRequest(
            artifact_type=dataproxy_service_pb2.ARTIFACT_TYPE_REPORT, action_attempt_id=attempt
        )
    )
    return answer.pre_signed_urls.signed_url[0]


def test_a_report_is_served(shared):
    run = shared.finish(shared.run(observing.reports, "Results of the week"))
    report = run.get_report()
    assert "Results of the week" in report and "in a tab of its own" in report


def test_a_report_cannot_act_as_a_page_of_ours(shared):
    run = shared.finish(shared.run(observing.reports, "sandboxed"))
    answer = httpx.get(report_link(shared, run), trust_env=False)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_report_is_readable_while_its_task_runs(shared, markers):
    run = shared.run(observing.reports_while_running, str(markers))
    wait_for_lines(markers / "half way", 1)
    assert "half way" in run.get_report()
    (markers / "go on").touch()
    shared.finish(run)
    assert "all done" in run.get_report()


def test_logs_are_followed_while_a_task_runs_and_complete_after_it(shared, markers):
    run = shared.run(observing.prints_while_running, str(markers))
    wait_for_lines(markers / "paused", 1)
    followed = []

    def follow():
        for line in run.get_logs():
            followed.append(line)
            if "before the pause" in line:
                assert not (markers / "go on").exists()
                (markers / "go on").touch()

    bounded(follow, 40, lambda: f"the log stream ends; it gave {followed}")
    shared.finish(run)
    after = bounded(lambda: list(run.get_logs()), 20, "the stored log ends")
    for lines_seen in (followed, after):
        text = "\n".join(lines_seen)
        for expected in ("a line before the pause", "a line on stderr", "the last line, without an end"):
            assert expected in text, text


def test_log_lines_have_timestamps(shared, markers):
    (markers / "go on").touch()
    run = shared.finish(shared.run(observing.prints_while_running, str(markers)))
    stamped = bounded(lambda: list(run.get_logs(show_ts=True)), 20, "the log ends")
    line = next(line for line in stamped if "before the pause" in line)
    assert re.search(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d", line), line


def test_each_attempt_has_its_own_log(shared):
    run = shared.finish(shared.run(observing.prints_per_attempt))
    for number in (1, 2):
        text = "\n".join(bounded(lambda: list(run.get_logs(attempt=number)), 20, "the log ends"))
        assert f"printed by attempt {number - 1}" in text
        assert f"printed by attempt {2 - number}" not in text


def test_many_lines_arrive_whole_and_in_order(shared):
    run = shared.finish(shared.run(observing.prints_much, 5000))
    seen = bounded(lambda: list(run.get_logs()), 30, "the log ends")
    numbers = [int(found.group(1)) for line in seen if (found := re.search(r"line (\d{6})", line))]
    assert numbers == list(range(5000))


def test_environment_variables_of_run_and_task_reach_children(shared):
    context = flyte.with_runcontext(env_vars={"FROM_RUN": "run value"})
    found = shared.result(context.run(observing.environment_of_child, ["FROM_RUN", "FROM_TASK", "NOT_SET"]))
    assert found == {"FROM_RUN": "run value", "FROM_TASK": "task value", "NOT_SET": "(unset)"}


def test_a_task_does_not_see_the_servers_own_environment(platforms):
    own = platforms(env={"A_SECRET_OF_THE_SHELL": "hush"})
    found = own.call(observing.read_environment, ["A_SECRET_OF_THE_SHELL", "PATH"])
    assert found["A_SECRET_OF_THE_SHELL"] == "(unset)"
    assert found["PATH"] != "(unset)"


def test_labels_are_kept_and_found(shared):
    context = flyte.with_runcontext(labels={"team": "vision", "tier": "gold"})
    run = shared.finish(context.run(observing.read_context))
    other = shared.finish(flyte.with_runcontext(labels={"team": "audio"}).run(observing.read_context))
    spec = run.details().pb2.run_spec
    assert dict(spec.labels.values) == {"team": "vision", "tier": "gold"}
    by_value = {found.name for found in remote.Run.listall(with_labels={"team": "vision"})}
    by_key = {found.name for found in remote.Run.listall(with_label_keys=["team"])}
    assert run.name in by_value and other.name not in by_value
    assert {run.name, other.name} <= by_key


def test_custom_context_reaches_children_and_inner_scopes_add_to_it(shared):
    run = flyte.with_runcontext(custom_context={"team": "vision"}).run(observing.context_of_children)
    assert shared.result(run) == [{"team": "vision"}, {"team": "vision", "stage": "inner"}]


def test_a_task_knows_who_it_is(shared):
    run = shared.run(observing.who_am_i)
    assert shared.result(run) == ["flytesnacks", "development", run.name, "a0", "0"]


def test_parent_and_child_see_the_same_true_start_time_of_the_run(shared):
    before = datetime.now(timezone.utc)
    parent, child = shared.call(observing.starting_times)
    assert parent == child
    assert before - timedelta(minutes=1) < parent < datetime.now(timezone.utc) + timedelta(minutes=1)
