"""The same platform with its objects in an S3 bucket: files, frames, reports, logs, bundles, the cache, and what goes wrong."""

import base64
import hashlib
import re
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import basics
import bundled
import caching
import failing
import flyte
import httpx
import observing
import pandas as pd
import pytest
import typed_values
from bucket_process import KEY_ID, SECRET
from client import bounded, lines
from conftest import running
from flyteidl2.core import catalog_pb2
from platform_process import arguments, binary, clean_environment
from test_signed_urls import location, put

LINES = 40
PRINTED = re.compile(r"line \d{6}")


@pytest.fixture(scope="module")
def bucket(buckets):
    return buckets.bucket()


@pytest.fixture(scope="module")
def platform(buckets, bucket):
    """A platform that the tests of this file share."""
    env = {"WINGBEAT_STORE": f"s3://{bucket}/flows/main", **buckets.account()}
    with running("bucket", env) as platform:
        yield platform


def test_files_folders_and_frames_travel_between_tasks(own, buckets, bucket):
    runs = [
        own.run(typed_values.file_round_trip, "kept in a bucket"),
        own.run(typed_values.dir_round_trip, ["a", "b"]),
        own.run(typed_values.frame_round_trip, pd.DataFrame({"x": [1, 2], "y": [3, 4]})),
    ]
    assert own.result(runs[0]) == "kept in a bucket"
    assert own.result(runs[1]) == {"a": "this is a", "b": "this is b"}
    assert own.result(runs[2]) == 20
    notes = [key for key in buckets.keys(bucket, "flows/main/raw/") if key.endswith("note.txt")]
    assert notes, "raw data is below the store's prefix"
    assert all(key.startswith("flows/main/") for key in buckets.keys(bucket)), "nothing lies beside the prefix"
    assert not (own.platform.data / "store").exists(), "objects are in one place only"


def test_a_file_that_a_task_returns_is_named_by_its_object(own, bucket):
    file = own.call(typed_values.write_file, "text")
    assert file.path.startswith(f"s3://{bucket}/flows/main/")


def test_code_is_uploaded_and_found_by_children(own):
    assert own.call(bundled.child_uses_a_module) == own.call(bundled.uses_a_module)
    assert own.call(basics.gather_children, 6) is not None


def test_an_attempt_finds_the_checkpoint_of_the_one_before(own, markers):
    assert own.call(failing.resumes_from_its_checkpoint, str(markers)) == "saved by attempt 0"


def test_a_report_is_served_by_the_platform(own):
    run = own.finish(own.run(observing.reports, "from the bucket"))
    assert "from the bucket" in run.get_report()


def test_logs_are_complete_after_the_end(own, buckets, bucket):
    run = own.finish(own.run(observing.prints_much, LINES))
    seen = bounded(lambda: list(run.get_logs()), 30, "the stored log ends")
    assert sum(PRINTED.search(line) is not None for line in seen) == LINES
    assert buckets.keys(bucket, "flows/main/logs/"), "the lines are objects"
    ours = own.wingbeat("logs", run.name, "--endpoint", own.platform.endpoint).splitlines()
    assert sum(PRINTED.search(line) is not None for line in ours) == LINES


def test_a_failure_is_read_from_the_bucket(own):
    run = own.finish(own.run(failing.raises_key_error), "failed")
    assert "a missing key" in own.error(run).message


def test_cached_results_are_found_again(own, markers):
    assert own.call(caching.cached, str(markers), "kept") == "made of kept"
    again = own.run(caching.cached, str(markers), "kept")
    assert own.result(again) == "made of kept"
    assert own.details(again).status.cache_status == catalog_pb2.CACHE_HIT
    assert len(lines(markers / "kept")) == 1


def test_a_rerun_reads_the_inputs_of_the_first_run(own):
    first = own.run(basics.add, 20, 3)
    assert own.result(first) == 23
    assert own.result(flyte.rerun(first.name)) == 23


def test_an_upload_is_checked_before_it_is_an_object(own, buckets, bucket):
    before = set(buckets.keys(bucket, "flows/main/uploads/"))
    content = b"x" * (6 << 20)
    place = location(own, content)
    assert place.native_url.startswith(f"s3://{bucket}/flows/main/uploads/")
    headers = {**dict(place.headers), "Content-MD5": base64.b64encode(hashlib.md5(content).digest()).decode()}
    altered = content[:-1] + b"y"
    answer = httpx.put(place.signed_url, content=altered, headers=headers, trust_env=False, timeout=60)
    assert answer.status_code == 400
    assert set(buckets.keys(bucket, "flows/main/uploads/")) == before
    assert put(place, content=content).status_code in (200, 201)
    [key] = set(buckets.keys(bucket, "flows/main/uploads/")) - before
    stored = buckets.client().get_object(Bucket=bucket, Key=key)
    assert stored["Body"].read() == content


def test_a_restarted_server_finds_everything_again(own):
    run = own.run(basics.add, 5, 6)
    assert own.result(run) == 11
    own.platform.stop()
    own.platform.restart()
    assert own.details(run).pb2.status.phase
    assert flyte.remote.Run.get(run.name).outputs()[0] == 11


def test_the_secret_is_shown_nowhere(own):
    own.call(basics.add, 1, 1)
    [executor] = own.platform.executors()
    assert not any(SECRET in word for word in arguments(executor))
    log = (own.platform.data / "executor" / "executor.log").read_text(errors="replace")
    assert SECRET not in own.platform.stdout() + own.platform.stderr() + log


# -- what goes wrong ----------------------------------------------------------------------------------


def refused(tmp_path, **env) -> str:
    """Runs an `up` that is expected to be refused, and tells what it said."""
    done = subprocess.run(
        [str(binary()), "up", "--data", str(tmp_path / "data"), "--listen", "127.0.0.1:0"],
        env=clean_environment(tmp_path, **env),
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert SECRET not in said and "->" in said, said
    return said


def test_a_bucket_that_does_not_exist_is_named(buckets, tmp_path):
    said = refused(tmp_path, WINGBEAT_STORE="s3://never-made/x", **buckets.account())
    assert "s3://never-made/x does not exist" in said and buckets.endpoint in said


def test_a_text_that_names_no_bucket_is_refused(tmp_path):
    said = refused_settings(tmp_path, WINGBEAT_STORE="gs://elsewhere")
    assert "WINGBEAT_STORE" in said and "s3://BUCKET/PREFIX" in said


def refused_settings(tmp_path, **env) -> str:
    command = [str(binary()), "up", "--data", str(tmp_path / "data")]
    done = subprocess.run(
        command, env=clean_environment(tmp_path, **env), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2, done.stderr
    return done.stderr


def test_plain_http_to_a_bucket_has_to_be_wanted(buckets, tmp_path):
    account = {**buckets.account(), "AWS_ALLOW_HTTP": ""}
    said = refused(tmp_path, WINGBEAT_STORE="s3://never-made", **account)
    assert "AWS_ALLOW_HTTP=true" in said


def test_an_endpoint_that_does_not_answer_is_named(buckets, tmp_path):
    account = {**buckets.account(), "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    said = refused(tmp_path, WINGBEAT_STORE="s3://never-made", **account)
    assert "http://127.0.0.1:9 did not answer" in said and "AWS_ENDPOINT_URL" in said


class Denies(BaseHTTPRequestHandler):
    """Answers everything as S3 does for keys that it does not know, and repeats the key."""

    def do_PUT(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = f"<Error><Code>InvalidAccessKeyId</Code><AWSAccessKeyId>{KEY_ID}</AWSAccessKeyId></Error>".encode()
        self.send_response(403)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_credentials_that_are_not_accepted_are_told_without_repeating_them(buckets, tmp_path):
    server = HTTPServer(("127.0.0.1", 0), Denies)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        account = {**buckets.account(), "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}"}
        said = refused(tmp_path, WINGBEAT_STORE="s3://never-made", **account)
    finally:
        server.shutdown()
        thread.join(10)
    assert "denies the right to write to s3://never-made (InvalidAccessKeyId)" in said
    assert KEY_ID not in said and "AWS_ACCESS_KEY_ID" in said
