"""Values of every kind survive the way from the client through tasks and back."""

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pandas as pd
import pytest
import typed_values as values
from flyte.io import Dir, File


@pytest.fixture(scope="module")
def runs(shared, tmp_path_factory):
    """All of this file's runs, started together; files and frames are uploaded by the client."""
    local = tmp_path_factory.mktemp("local")
    (local / "note.txt").write_text("from the client")
    (local / "folder").mkdir()
    for name in ("a.txt", "b.txt"):
        (local / "folder" / name).write_text(f"client's {name}")
    frame = pd.DataFrame({"a": [1, 2], "b": [3, 4]})
    return {
        "file": shared.run(values.file_round_trip, "from a task"),
        "client file": shared.run(values.read_file, File.from_local_sync(local / "note.txt")),
        "dir": shared.run(values.dir_round_trip, ["x.txt", "y.txt"]),
        "client dir": shared.run(values.read_dir, Dir.from_local_sync(local / "folder")),
        "written file": shared.run(values.write_file, "read by the client"),
        "frame": shared.run(values.frame_round_trip, frame),
        "returned frame": shared.run(values.double_frame, frame),
        "dataclass": shared.run(
            values.dataclass_round_trip, values.Network("n", [values.Layer(3), values.Layer(4, "tanh")], 0.5)
        ),
        "pydantic": shared.run(values.pydantic_round_trip, values.Settings(rate=1.0, tags={"k": "v"})),
        "enum": shared.run(values.other_colour, values.Colour.RED),
        "optional none": shared.run(values.describe),
        "optional text": shared.run(values.describe, text="given"),
        "containers": shared.run(
            values.containers,
            [1, 2, 3],
            {"half": 0.5},
            datetime(2024, 2, 29, 12, tzinfo=timezone.utc),
            timedelta(minutes=90),
            True,
        ),
    }


def typed(client, run, kind):
    """The first output of a run as the user's own type (by default it is rebuilt from its schema)."""
    return client.finish(run).typed_outputs({"o0": kind})["o0"]


def test_a_file_written_by_one_task_is_read_by_another(shared, runs):
    assert shared.result(runs["file"]) == "from a task"


def test_a_file_of_the_client_is_read_by_a_task(shared, runs):
    assert shared.result(runs["client file"]) == "from the client"


def test_a_file_written_by_a_task_is_read_by_the_client(shared, runs):
    file = shared.result(runs["written file"])
    assert Path(file.download_sync()).read_text() == "read by the client"


def test_a_directory_travels_between_tasks(shared, runs):
    assert shared.result(runs["dir"]) == {"x.txt": "this is x.txt", "y.txt": "this is y.txt"}


def test_a_directory_of_the_client_is_read_by_a_task(shared, runs):
    assert shared.result(runs["client dir"]) == {"a.txt": "client's a.txt", "b.txt": "client's b.txt"}


def test_a_data_frame_travels_from_the_client_between_tasks(shared, runs):
    assert shared.result(runs["frame"]) == 20


def test_a_data_frame_comes_back_to_the_client(shared, runs):
    frame = typed(shared, runs["returned frame"], pd.DataFrame)
    assert frame.to_dict("list") == {"a": [2, 4], "b": [6, 8]}


def test_a_nested_dataclass(shared, runs):
    network = typed(shared, runs["dataclass"], values.Network)
    assert network == values.Network("n-wide", [values.Layer(6), values.Layer(8, "tanh")], 0.5)


def test_a_pydantic_model(shared, runs):
    settings = typed(shared, runs["pydantic"], values.Settings)
    assert settings == values.Settings(rate=0.5, tags={"k": "v", "seen": "yes"})


def test_an_enum(shared, runs):
    assert typed(shared, runs["enum"], values.Colour) is values.Colour.BLUE


def test_an_optional_that_is_absent_and_one_that_is_given(shared, runs):
    assert shared.result(runs["optional none"]) is None
    assert shared.result(runs["optional text"]) == "given/None"


def test_lists_maps_times_and_flags(shared, runs):
    numbers, words, at, span, flag = shared.finish(runs["containers"]).outputs()
    assert (numbers, words, flag) == ([3, 2, 1], {"half": 1.0}, False)
    assert at == datetime(2024, 2, 29, 13, 30, tzinfo=timezone.utc)
    assert span == timedelta(hours=3)
