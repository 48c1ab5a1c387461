"""Many children, many waiting parents, equal random seeds."""

import at_scale
import flyte.remote as remote
import pytest
from client import phase_name

CHILDREN = 300
LEVELS = 60


@pytest.fixture(scope="module")
def runs(shared):
    """The deep and the wide run share the machine, so that neither waits for the other's end."""
    return {"deep": shared.run(at_scale.deep, LEVELS), "wide": shared.run(at_scale.wide, CHILDREN)}


def test_tasks_with_equal_random_seeds_do_not_overwrite_each_other(shared):
    assert shared.call(at_scale.seeded_files, 5) == [f"content {number}" for number in range(5)]


@pytest.mark.within(700)
def test_sixty_nested_parents_wait_without_locking_up(shared, runs):
    assert shared.result(runs["deep"], within=690) == LEVELS
    assert len(list(remote.Action.listall(for_run_name=runs["deep"].name))) == LEVELS + 1


@pytest.mark.within(700)
def test_a_run_of_300_children(shared, runs):
    assert shared.result(runs["wide"], within=690) == sum(range(CHILDREN))
    children = list(remote.Action.listall(for_run_name=runs["wide"].name, parent_name="a0"))
    assert len({child.name for child in children}) == len(children) == CHILDREN
    assert {phase_name(child.raw_phase) for child in children} == {"succeeded"}
