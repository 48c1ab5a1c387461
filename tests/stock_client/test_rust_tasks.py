"""Tasks in Rust and tasks of the stock SDK call each other and read each other's files; the Rust programs are the
examples of `examples/rust`. The platform keeps its objects in a bucket, which both have to reach by themselves."""

import subprocess
import sys
from pathlib import Path

import deployed
import flyte
import flyte.remote
import pytest
import tables
import typed_values
from client import ENDED_WELL
from conftest import running
from flyteidl2.core import types_pb2
from platform_process import binary, clean_environment

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "rust"


@pytest.fixture(scope="module")
def platform(buckets):
    env = {"WINGBEAT_STORE": f"s3://{buckets.bucket()}/flows", **buckets.account()}
    with running("rust", env) as platform:
        yield platform


def said(own, words, well=(0,), **options):
    """What a program says, which has to end well."""
    env = clean_environment(own.platform.home, **options.pop("env", {}))
    ended = subprocess.run(words, env=env, capture_output=True, text=True, timeout=200, **options)
    assert ended.returncode in well, ended.stderr
    return ended.stdout.strip()


def rust(own, example, *words):
    """What an example says."""
    program = binary().parent / "examples" / example
    assert program.exists(), f"{program} does not exist: build the examples"
    here = {"program": program, "endpoint": own.platform.endpoint}
    return said(own, [program, *(word.format(**here) for word in words)])


THERE = ("--endpoint", "{endpoint}", "--program", "{program}", "--version", "v1")


@pytest.mark.within(240)
def test_python_and_rust_call_each_other(own):
    assert "hello.length v1" in rust(own, "hello", "deploy", *THERE)
    # A dataclass of Python is the struct of Rust.
    length = flyte.remote.Task.get("hello.length", version="v1")
    run = flyte.run(length, point={"x": 3.0, "y": 4.0, "label": "p"})
    run.wait()
    assert run.outputs()[0] == 5.0

    flyte.deploy(deployed.env, version="v1")
    assert rust(own, "hello", "run", "--remote", *THERE, "ask", "--name", "deployed.scale", "--x", "5") == "15"
    # A Rust parent, a Rust child that it knows only by its name.
    assert rust(own, "hello", "run", "--remote", *THERE, "ask", "--name", "hello.square", "--x", "5") == "25"


@pytest.mark.within(240)
def test_the_example_across_has_parents_in_both_languages(own, tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text(
        f"admin:\n  endpoint: {own.platform.endpoint}\n  insecure: true\n"
        "task:\n  project: flytesnacks\n  domain: development\n"
    )

    def python(word):
        words = [sys.executable, "across.py", word]
        return said(own, words, well=ENDED_WELL, cwd=EXAMPLES, env={"FLYTECTL_CONFIG": str(config)})

    python("deploy")
    assert "across_rust.smooth v1" in rust(own, "across", "deploy", *THERE)
    report = rust(own, "across", "run", "--remote", *THERE, "report", "--values", "[1, 2, 30, 4]")
    assert '"mean": 9.25' in report and '"note": "as given"' in report, report
    assert '"mean": 10.375' in report and '"note": "smoothed"' in report, report
    assert python("compare").endswith("highest: 30.0 as given, 12.0 smoothed")


@pytest.mark.within(240)
def test_python_and_rust_read_each_others_tables(own):
    assert "parquet.totals v1" in rust(own, "parquet", "deploy", *THERE)
    run = own.run(tables.all_ways)
    assert own.result(run) == dict.fromkeys(["pandas", "arrow", "csv"], {"north": 60.0, "nowhere": 80.0})


@pytest.mark.within(240)
def test_a_table_of_rust_says_its_columns(own):
    rust(own, "parquet", "deploy", *THERE)
    run = flyte.run(flyte.remote.Task.get("parquet.generate", version="v1"), rows=10)
    run.wait()
    frame = run.outputs()[0]
    kind = frame.metadata.structured_dataset_type
    assert {column.name: column.literal_type.simple for column in kind.columns} == {
        "region": types_pb2.STRING,
        "amount": types_pb2.FLOAT,
        "returned": types_pb2.BOOLEAN,
    }
    assert (frame.format, len(frame.hash)) == ("parquet", 64)


@pytest.mark.within(240)
def test_rust_lists_a_folder_in_a_bucket(own):
    rust(own, "word_count", "deploy", *THERE)
    folder = own.call(typed_values.write_dir, ["a.md", "b.md", "c.txt"])
    assert folder.path.startswith("s3://"), folder
    run = flyte.run(flyte.remote.Task.get("words.count", version="v1"), folder=folder, most=2)
    run.wait()
    assert run.outputs()[0] == {"is": 2, "md": 2}
