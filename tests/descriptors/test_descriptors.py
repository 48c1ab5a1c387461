"""Our API against the one inside the `flyteidl2` package from PyPI, field by field.

Clients bring their own copy of the API. Whatever is in theirs must be in ours, unchanged; what ours
has beyond it is listed in `added.txt`, so that nothing is added or lost unseen.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from google.protobuf import descriptor_pb2

from surface import Surface, installed

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
ADDED = HERE / "added.txt"

FOLDER = "flyteidl2/"


def our_descriptors() -> descriptor_pb2.FileDescriptorSet:
    """From the file in WINGBEAT_DESCRIPTORS, else as the crate has them built in."""
    path = os.environ.get("WINGBEAT_DESCRIPTORS")
    if path:
        content = Path(path).read_bytes()
    else:
        command = ["cargo", "run", "--quiet", "--package", "wingbeat-proto"]
        content = subprocess.run(
            [*command, "--example", "descriptors"], cwd=ROOT, check=True, stdout=subprocess.PIPE
        ).stdout
    return descriptor_pb2.FileDescriptorSet.FromString(content)


@pytest.fixture(scope="session")
def ours() -> dict[str, dict]:
    return Surface(our_descriptors(), FOLDER).table


@pytest.fixture(scope="session")
def theirs() -> dict[str, dict]:
    return Surface(installed("flyteidl2"), FOLDER).table


def count(table: dict[str, dict], kind: str) -> int:
    return sum(key.startswith(f"{kind} ") for key in table)


def test_the_comparison_sees_the_whole_api(theirs: dict[str, dict]) -> None:
    """Guards the test itself: an empty table would agree with everything."""
    assert count(theirs, "service") == 27
    assert count(theirs, "rpc") == 125
    assert count(theirs, "message") > 600
    rules = [facts for facts in theirs.values() if "[buf.validate.field]" in str(facts)]
    assert len(rules) > 200


def drop_a_rule(field, method, value) -> None:
    field.ClearField("options")


def renumber(field, method, value) -> None:
    field.number = 99


def rename_in_json(field, method, value) -> None:
    field.json_name = "other"


def make_it_stream(field, method, value) -> None:
    method.server_streaming = True


def renumber_a_value(field, method, value) -> None:
    value.number = 99


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (drop_a_rule, "field flyteidl2.workflow.AbortRunRequest.run_id"),
        (renumber, "field flyteidl2.workflow.AbortRunRequest.run_id"),
        (rename_in_json, "field flyteidl2.workflow.AbortRunRequest.run_id"),
        (make_it_stream, "rpc flyteidl2.workflow.RunService.AbortRun"),
        (renumber_a_value, "value flyteidl2.workflow.RunSource.RUN_SOURCE_CLI"),
    ],
)
def test_a_change_shows(theirs: dict[str, dict], change, key: str) -> None:
    changed = installed("flyteidl2")
    files = {file.name: file for file in changed.file}
    service = files["flyteidl2/workflow/run_service.proto"]
    request = next(m for m in service.message_type if m.name == "AbortRunRequest")
    method = next(m for m in service.service[0].method if m.name == "AbortRun")
    definition = files["flyteidl2/workflow/run_definition.proto"]
    source = next(e for e in definition.enum_type if e.name == "RunSource")
    change(request.field[0], method, source.value[2])
    table = Surface(changed, FOLDER).table
    assert {k for k in theirs if table.get(k) != theirs[k]} == {key}


def test_everything_of_theirs_is_in_ours(ours: dict[str, dict], theirs: dict[str, dict]) -> None:
    assert sorted(theirs.keys() - ours.keys()) == []


def test_what_both_have_is_equal(ours: dict[str, dict], theirs: dict[str, dict]) -> None:
    differences = {
        key: {"theirs": facts, "ours": ours[key]}
        for key, facts in theirs.items()
        if key in ours and ours[key] != facts
    }
    assert differences == {}


def test_what_ours_adds_is_listed(ours: dict[str, dict], theirs: dict[str, dict]) -> None:
    listed = [line for line in ADDED.read_text().splitlines() if line and line[0] != "#"]
    assert sorted(ours.keys() - theirs.keys()) == listed
