"""Lists of runs and actions, with every filter and order that the client can send."""

from datetime import datetime, timedelta, timezone

import basics
import flyte
import flyte.remote as remote
import lifecycle
import pytest
from client import phase_name
from flyte.models import ActionPhase
from flyte.remote._common import TimeFilter
from flyteidl2.common import list_pb2
from flyteidl2.workflow import run_service_pb2


@pytest.fixture(scope="module")
def some_runs(shared, tmp_path_factory):
    """Three runs, of which one fails, in a known order."""
    folder = str(tmp_path_factory.mktemp("lists"))
    good = shared.finish(flyte.with_runcontext(version="list-v1").run(basics.add, 1))
    other = shared.finish(shared.run(basics.square, 2))
    failed = shared.finish(shared.run(lifecycle.pipeline, folder), "failed")
    return good, other, failed


def names(**filters):
    return [run.name for run in remote.Run.listall(limit=1000, **filters)]


def test_runs_come_oldest_first_unless_told(shared, some_runs):
    wanted = [run.name for run in some_runs]
    listed = [name for name in names() if name in wanted]
    assert listed == wanted
    newest_first = [name for name in names(sort_by=("created_at", "desc")) if name in wanted]
    assert newest_first == wanted[::-1]


def test_a_limit_is_kept(shared, some_runs):
    assert len(list(remote.Run.listall(limit=2))) == 2


def test_runs_by_one_phase_and_by_several(shared, some_runs):
    good, _, failed = some_runs
    succeeded = names(in_phase=(ActionPhase.SUCCEEDED,))
    assert good.name in succeeded and failed.name not in succeeded
    both = names(in_phase=(ActionPhase.SUCCEEDED, ActionPhase.FAILED))
    assert {good.name, failed.name} <= set(both)


def test_a_phase_of_two_digits_is_understood(shared, some_runs):
    assert not set(names(in_phase=(ActionPhase.RECOVERED,))) & {run.name for run in some_runs}


def test_runs_by_task_name_and_version(shared, some_runs):
    good, other, _ = some_runs
    assert good.name in names(task_name="basics.add") and other.name not in names(task_name="basics.add")
    assert names(task_version="list-v1") == [good.name]


def test_runs_by_creation_and_update_time(shared, some_runs):
    good, other, _ = some_runs
    created = shared.details(other).pb2.status.start_time.ToDatetime(tzinfo=timezone.utc)
    later = names(created_at=TimeFilter(after=created - timedelta(milliseconds=50)))
    assert other.name in later
    before = names(created_at=TimeFilter(before=created - timedelta(milliseconds=50)))
    assert good.name in before and other.name not in before
    tomorrow = datetime.now(timezone.utc) + timedelta(days=1)
    assert names(updated_at=TimeFilter(after=tomorrow)) == []
    assert good.name in names(updated_at=TimeFilter(before=tomorrow))


def test_runs_of_the_current_user(shared, some_runs):
    subject = remote.User.get().subject()
    assert some_runs[0].name in names(created_by_subject=subject)
    assert names(created_by_subject="somebody-else") == []


def test_pages_join_without_gaps_or_repeats(shared, some_runs):
    seen, token = [], ""
    for _ in range(1000):
        request = list_pb2.ListRequest(limit=2, token=token)
        page = shared.runs.list_runs(run_service_pb2.ListRunsRequest(request=request, project_id=shared.project_id()))
        assert len(page.runs) <= 2
        seen += [run.action.id.run.name for run in page.runs]
        token = page.token
        if not token:
            break
    assert sorted(seen) == sorted(set(seen)) and {run.name for run in some_runs} <= set(seen)


def test_actions_of_a_run_are_listed_with_their_parents(shared, some_runs):
    _, _, failed = some_runs
    actions = list(remote.Action.listall(for_run_name=failed.name))
    assert actions[0].name == "a0" and {action.parent_name for action in actions[1:]} == {"a0"}
    children = list(remote.Action.listall(for_run_name=failed.name, parent_name="a0"))
    assert {child.task_name for child in children} == {"lifecycle.good_step", "lifecycle.repairable_step"}


def test_actions_by_phase_and_order(shared, some_runs):
    _, _, failed = some_runs
    found = remote.Action.listall(for_run_name=failed.name, in_phase=(ActionPhase.SUCCEEDED,))
    assert [action.task_name for action in found] == ["lifecycle.good_step"]
    backwards = [a.name for a in remote.Action.listall(for_run_name=failed.name, sort_by=("created_at", "desc"))]
    assert backwards[-1] == "a0"


def test_run_details_have_the_spec_and_action_details_the_task(shared, some_runs):
    good, *_ = some_runs
    details = remote.RunDetails.get(good.name)
    assert details.task_name == "basics.add"
    assert details.pb2.HasField("run_spec")
    action = shared.details(good)
    assert action.pb2.task.task_template.id.name == "basics.add"
    assert action.pb2.metadata.task.id.version == "list-v1"
    assert phase_name(action.raw_phase) == "succeeded" and action.runtime.total_seconds() > 0


def test_projects_are_listed_created_and_archived(shared):
    assert remote.Project.get("flytesnacks").pb2.id == "flytesnacks"
    remote.Project.create("weather", "Weather", description="forecasts")
    assert "weather" in {project.pb2.id for project in remote.Project.listall()}
    remote.Project.get("weather").archive()
    assert "weather" not in {project.pb2.id for project in remote.Project.listall()}
    assert "weather" in {project.pb2.id for project in remote.Project.listall(archived=True)}


def test_equal_run_names_in_two_projects_never_meet(shared):
    remote.Project.create("elsewhere", "Elsewhere")
    here = flyte.with_runcontext(name="same-name").run(basics.add, 1)
    there = flyte.with_runcontext(name="same-name", project="elsewhere").run(basics.add, 100)
    assert shared.result(here) == 2
    assert shared.result(there) == 101
