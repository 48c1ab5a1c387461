"""Named runs, deployed tasks, reruns and recovery."""

import basics
import deployed
import failing
import flyte
import flyte.errors
import flyte.remote as remote
import lifecycle
import pytest
from client import lines, phase_name
from flyteidl2.common import run_pb2


def test_a_run_has_the_name_it_was_given(shared):
    run = flyte.with_runcontext(name="my-first-run").run(basics.add, 1)
    assert run.name == "my-first-run"
    assert shared.result(run) == 2
    assert remote.Run.get("my-first-run").outputs()[0] == 2


def test_a_name_is_taken_only_once(shared):
    run = flyte.with_runcontext(name="taken-once").run(basics.add, 1)
    with pytest.raises(flyte.errors.RuntimeUserError) as refused:
        flyte.with_runcontext(name="taken-once").run(basics.add, 2)
    assert refused.value.code == "RunAlreadyExistsError"
    assert shared.result(run) == 2


def test_generated_names_differ_and_are_short(shared):
    names = [shared.run(basics.add, number).name for number in range(3)]
    assert len(set(names)) == 3
    assert all(len(name) <= 30 and name[0].isalpha() for name in names)


def test_a_deployed_task_is_run_by_its_name(shared):
    flyte.deploy(deployed.env, version="v1")
    task = remote.Task.get("deployed.scale", version="v1")
    assert shared.call(task, x=5) == 15
    assert shared.call(task, x=5, factor=2) == 10


def test_deploying_the_same_version_again_is_no_error(shared):
    flyte.deploy(deployed.env, version="same")
    flyte.deploy(deployed.env, version="same")
    versions = [task.version for task in remote.Task.listall(by_task_name="deployed.scale")]
    assert len(versions) == 1, "a list of tasks has one row per name"


def test_the_latest_version_is_the_one_deployed_last(shared):
    flyte.deploy(deployed.env, version="zz-older")
    flyte.deploy(deployed.env, version="aa-newer")
    fetched = remote.Task.get("deployed.scale", auto_version="latest").fetch()
    assert fetched.version == "aa-newer"
    assert fetched.default_input_args == ("factor",)


def test_a_task_calls_a_deployed_task_by_name(shared):
    flyte.deploy(deployed.env, version="by-name")
    run = shared.run(deployed.calls_by_name, 7)
    assert shared.result(run) == 21


def test_an_overridden_deployed_task_runs_with_its_changes(shared):
    flyte.deploy(deployed.env, version="overridden")
    task = remote.Task.get("deployed.scale", version="overridden").override(short_name="renamed")
    run = shared.run(task, x=2)
    assert shared.result(run) == 6
    assert shared.details(run).metadata.task.short_name == "renamed"


def test_tasks_are_listed_and_found_by_name(shared):
    flyte.deploy(basics.env, version="listed")
    listed = {task.name for task in remote.Task.listall(limit=500)}
    assert {"basics.add", "basics.nested"} <= listed
    assert [task.name for task in remote.Task.listall(by_task_name="basics.add")] == ["basics.add"]
    in_environment = {task.name for task in remote.Task.listall(by_task_env="basics")}
    assert in_environment and all(name.startswith("basics.") for name in in_environment)


def test_a_task_that_is_not_there_is_reported_as_such(shared):
    with pytest.raises(flyte.errors.RemoteTaskNotFoundError):
        remote.Task.get("no.such_task", version="v1").fetch()


@pytest.fixture(scope="module")
def first(shared):
    """Finished runs to repeat, started together."""
    runs = {"sum": shared.run(basics.add, 30, y=4), "nested": shared.run(basics.nested, 2)}
    return {name: shared.finish(run) for name, run in runs.items()}


@pytest.fixture(scope="module")
def failed(shared, tmp_path_factory):
    """A run whose second step has failed and whose cause has been repaired since, and its folder."""
    folder = tmp_path_factory.mktemp("failed")
    run = shared.finish(shared.run(lifecycle.pipeline, str(folder)), "failed")
    (folder / "repaired").touch()
    return run, folder


def test_a_rerun_repeats_the_run_with_its_inputs(shared, first):
    again = flyte.rerun(first["sum"].name)
    assert again.name != first["sum"].name
    assert shared.result(again) == 34
    relation = shared.details(again).pb2.metadata.relation
    assert relation.related_to.name == first["sum"].name
    assert relation.relation_type == run_pb2.RELATION_TYPE_RERUN


def test_a_rerun_with_a_changed_input_keeps_the_others(shared, first):
    assert shared.result(flyte.rerun(first["sum"].name, x=100)) == 104


def test_a_child_can_be_rerun_alone(shared, first):
    child = shared.only(first["nested"], "basics.add_twice")
    assert shared.result(flyte.rerun(first["nested"].name, action_name=child.name)) == 13


def test_the_first_failure_of_a_run_is_its_child(shared, failed):
    failure = failed[0].first_failure()
    assert failure.task_name == "lifecycle.repairable_step"
    assert "did not appear" in failure.error_message


def test_recovering_a_failed_run_reuses_what_had_succeeded(shared, failed):
    run, folder = failed
    recovered = flyte.rerun(run.name, recover=True)
    assert shared.result(recovered) == "good and repaired!"
    assert (len(lines(folder / "good")), len(lines(folder / "repairable"))) == (1, 2)
    reused = shared.only(recovered, "lifecycle.good_step")
    assert phase_name(reused.raw_phase) == "recovered"
    relation = shared.details(recovered).pb2.metadata.relation
    assert relation.relation_type == run_pb2.RELATION_TYPE_RECOVER


def test_a_recovery_can_force_an_action_to_run_again(shared, failed):
    run, folder = failed
    before = len(lines(folder / "good"))
    good = shared.only(run, "lifecycle.good_step")
    recovered = flyte.rerun(run.name, recover=True, force_rerun_actions=[good.name])
    assert shared.result(recovered) == "good and repaired!"
    assert len(lines(folder / "good")) == before + 1


def test_a_run_with_a_concurrency_cap_never_exceeds_it(shared, markers):
    context = flyte.with_runcontext(max_action_concurrency=2)
    run = context.run(failing.counts_its_peers, str(markers), 4)
    assert shared.result(run) <= 2
