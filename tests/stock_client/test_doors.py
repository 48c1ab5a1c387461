"""Who may come in: other origins and other host names may not, and proxies do not matter."""

import basics
import httpx
import pytest

CALL = "/flyteidl2.project.ProjectService/ListProjects"
HEADERS = {"content-type": "application/proto", "connect-protocol-version": "1"}


def call(client, **headers):
    return httpx.post(client.platform.url + CALL, content=b"", headers={**HEADERS, **headers}, trust_env=False)


def test_a_plain_call_is_answered(shared):
    assert call(shared).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost.evil.example", "null"])
def test_a_page_of_another_origin_is_refused(shared, origin):
    answer = call(shared, origin=origin)
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


def test_a_page_of_our_own_is_let_in(shared):
    assert call(shared, origin=shared.platform.url).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "localhost.evil.example", "169.254.1.1"])
def test_a_rebound_host_name_is_refused(shared, host):
    assert call(shared, host=host).status_code in (403, 421)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "host.docker.internal"])
def test_the_names_of_this_machine_are_let_in(shared, host):
    assert call(shared, host=f"{host}:{shared.platform.port}").status_code == 200


def test_signed_addresses_and_health_check_the_host_too(shared):
    answer = httpx.get(shared.platform.url + "/readyz", headers={"host": "evil.example"}, trust_env=False)
    assert answer.status_code in (200, 403, 421)
    assert shared.platform.answers("/healthz") and shared.platform.answers("/readyz")


@pytest.mark.within(180)
def test_a_proxy_in_the_users_shell_does_not_reach_tasks(platforms):
    proxy = {"HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"}
    own = platforms(env=proxy)
    assert own.call(basics.add_twice, 1) == 12
    printed = own.platform.stdout() + own.platform.stderr()
    assert "NO_PROXY" in printed.upper(), "`up` prints the line to export"
