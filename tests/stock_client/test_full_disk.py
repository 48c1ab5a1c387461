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
    with pytest.raises(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
    create = project_service_pb2.CreateProjectRequest(project={"id": "late", "name": "late"})
    with pytest.raises(ConnectError) as told:
        client.project_service.create_project(create)
    assert told.value.code == Code.RESOURCE_EXHAUSTED
    assert "disk is full" in told.value.message
    filler.unlink()
    client.project_service.create_project(create)
