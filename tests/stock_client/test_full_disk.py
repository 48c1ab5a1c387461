"""A disk that is really full: a small file system of its own, filled up."""

import hashlib
import subprocess

import httpx
import pytest
from connectrpc.code import Code
from connectrpc.errors import ConnectError
from flyteidl2.dataproxy import dataproxy_service_pb2
from flyteidl2.project import project_service_pb2
from platform_process import wait_until


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a file system of 6 MB."""
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(tmp_path)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip(f"a file system can be mounted only by root: {mounted.stderr.decode().strip()}")
    yield tmp_path
    subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def test_a_full_disk_refuses_clearly_and_heals(small_disk, platforms):
    client = platforms(start=False)
    client.platform.data = small_disk / "data"
    client.platform.start()
    content = b"x" * 8_000_000
    md5 = hashlib.md5(content).digest()
    request = dataproxy_service_pb2.CreateUploadLocationRequest(
        project="flytesnacks", domain="development", filename="big", content_md5=md5, content_length=len(content)
    )
    place = client.data.create_upload_location(request)
    refused = httpx.put(place.signed_url, content=content, headers=dict(place.headers), trust_env=False)
    assert refused.status_code == 507
    assert "the disk is full" in refused.text
    store = small_disk / "data" / "store"
    wait_until(lambda: not any(path.is_file() for path in store.rglob("*")), 5, "nothing half-written is left")

    filler = small_disk / "filler"
    refused, told = first_refusal(client, filler)
    assert told.code == Code.RESOURCE_EXHAUSTED
    assert "disk is full" in told.message
    filler.unlink()
    client.project_service.create_project(refused)


def first_refusal(client, filler):
    """Creates projects until one finds no room: the journal has pages that it writes again before it grows."""
    for number in range(1_000):
        with pytest.raises(OSError), filler.open("ab", buffering=0) as file:
            while True:
                file.write(b"x" * 4096)
        project = {"id": f"late{number}", "name": "late", "description": "x" * 200}
        create = project_service_pb2.CreateProjectRequest(project=project)
        try:
            client.project_service.create_project(create)
        except ConnectError as told:
            return create, told
    raise AssertionError("a thousand projects found room on a full disk")
