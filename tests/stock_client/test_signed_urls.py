"""Signed addresses carry blobs in and out, and do nothing else."""

import base64
import hashlib
import time
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import httpx
import pytest
from connectrpc.code import Code
from connectrpc.errors import ConnectError
from flyteidl2.dataproxy import dataproxy_service_pb2
from platform_process import wait_until

CONTENT = b"the content of a blob"


def location(client, content=CONTENT, filename="blob.bin", seconds=60, **more):
    """Asks for a place to upload `content` to."""
    request = dataproxy_service_pb2.CreateUploadLocationRequest(
        project="flytesnacks",
        domain="development",
        filename=filename,
        content_md5=hashlib.md5(content).digest(),
        add_content_md5_metadata=True,
        **more,
    )
    request.expires_in.FromSeconds(seconds)
    return client.data.create_upload_location(request)


def put(place, content=CONTENT, url=None, method="PUT"):
    """Uploads as the stock client does."""
    md5 = base64.b64encode(hashlib.md5(content).digest()).decode()
    headers = {**dict(place.headers), "Content-Length": str(len(content)), "Content-MD5": md5}
    return httpx.request(method, url or place.signed_url, content=content, headers=headers, trust_env=False)


def changed(url, **query):
    """The same address with other query values; a value of None turns its last character."""
    parts = urlsplit(url)
    pairs = []
    for name, value in parse_qsl(parts.query):
        if name in query:
            value = query[name] if query[name] is not None else value[:-1] + ("A" if value[-1] != "A" else "B")
        pairs.append((name, value))
    return urlunsplit(parts._replace(query=urlencode(pairs)))


def test_a_blob_is_uploaded_once_more_without_harm(shared):
    place = location(shared, filename="repeat.bin")
    assert put(place).status_code in (200, 201, 204)
    assert put(place).status_code in (200, 201, 204)


def test_content_that_does_not_match_its_checksum_is_refused(shared):
    place = location(shared, filename="mismatch.bin")
    headers = {**dict(place.headers), "Content-MD5": base64.b64encode(hashlib.md5(CONTENT).digest()).decode()}
    answer = httpx.put(place.signed_url, content=b"something else, of other size", headers=headers, trust_env=False)
    assert answer.status_code == 400
    assert put(place, content=b"signed for another checksum").status_code in (400, 403)


def test_every_altered_query_value_is_refused(shared):
    place = location(shared, filename="altered.bin")
    names = [name for name, _ in parse_qsl(urlsplit(place.signed_url).query)]
    assert names
    for name in names:
        answer = put(place, url=changed(place.signed_url, **{name: None}))
        assert answer.status_code in (400, 403), f"{name} altered: {answer.status_code}"


def test_an_altered_path_is_refused(shared):
    place = location(shared, filename="path.bin")
    parts = urlsplit(place.signed_url)
    for path in (parts.path + "x", parts.path.replace("path.bin", "../../../escape"), parts.path + "/../../other"):
        answer = put(place, url=urlunsplit(parts._replace(path=path)))
        assert answer.status_code in (400, 403, 404), path


@pytest.mark.parametrize("method", ["GET", "DELETE", "POST"])
def test_an_upload_address_is_good_for_put_only(shared, method):
    place = location(shared, filename=f"method-{method.lower()}.bin")
    put(place)
    answer = put(place, method=method)
    assert answer.status_code in (400, 403, 404, 405)
    assert answer.content != CONTENT


def test_an_expired_address_is_refused(shared):
    place = location(shared, filename="expired.bin", seconds=1)
    time.sleep(1.1)
    answer = wait_until(lambda: (a := put(place)).status_code == 403 and a, 5, "the address has expired")
    assert "expire" in answer.text.lower()


@pytest.mark.parametrize("filename", ["../escape", "a/../../b", "/absolute", "with\x00nul"])
def test_a_filename_that_leads_elsewhere_is_refused(shared, filename):
    with pytest.raises(ConnectError) as refused:
        location(shared, filename=filename)
    assert refused.value.code == Code.INVALID_ARGUMENT


@pytest.mark.parametrize("root", ["..", "../../x", "/absolute"])
def test_a_folder_that_leads_elsewhere_is_refused(shared, root):
    with pytest.raises(ConnectError) as refused:
        location(shared, filename="f.bin", filename_root=root)
    assert refused.value.code == Code.INVALID_ARGUMENT


def test_an_unknown_project_gets_no_address(shared):
    request = dataproxy_service_pb2.CreateUploadLocationRequest(
        project="no-such-project", domain="development", filename="f", content_md5=hashlib.md5(b"").digest()
    )
    with pytest.raises(ConnectError) as refused:
        shared.data.create_upload_location(request)
    assert refused.value.code == Code.NOT_FOUND


def test_a_download_can_be_read_in_ranges(shared):
    import observing
    from test_observing import report_link

    run = shared.finish(shared.run(observing.reports, "ranges"))
    url = report_link(shared, run)
    whole = httpx.get(url, trust_env=False)
    part = httpx.get(url, headers={"Range": "bytes=5-14"}, trust_env=False)
    assert part.status_code == 206
    assert part.content == whole.content[5:15]
    assert part.headers["content-range"] == f"bytes 5-14/{len(whole.content)}"
    assert put(location(shared), url=url).status_code in (403, 405)
