"""What Prometheus and load balancers read."""

import json
import re
from pathlib import Path

import basics
import httpx

DASHBOARD = Path(__file__).parents[2] / "deploy" / "grafana" / "wingbeat.json"


def scrape(client) -> str:
    answer = httpx.get(client.platform.url + "/metrics", trust_env=False)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")
    return answer.text


def value(text: str, name: str) -> float:
    return sum(float(number) for number in re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.MULTILINE))


def test_a_run_moves_the_numbers(shared):
    before = scrape(shared)
    shared.call(basics.add, 1, 2)
    after = scrape(shared)
    for name in ("wingbeat_commit_seconds_count", "wingbeat_rpc_requests_total"):
        assert value(after, name) > value(before, name)
    assert value(after, "wingbeat_attempt_starts_total") > value(before, "wingbeat_attempt_starts_total")
    assert value(after, "wingbeat_executor_sessions") == 1
    assert value(after, "wingbeat_feed_lag_commits") <= 2, "more than what is being committed at this moment"
    assert 'method="CreateRun",code="ok"' in after


def test_an_error_is_counted_by_its_code(shared):
    nobody = {"runId": {"project": "flytesnacks", "domain": "development", "name": "nobody"}}
    path = "/flyteidl2.workflow.RunService/GetRunDetails"
    assert httpx.post(shared.platform.url + path, json=nobody, trust_env=False).status_code == 404
    assert re.search(r'wingbeat_rpc_requests_total{[^}]*code="not_found"} [1-9]', scrape(shared))


def test_the_dashboard_asks_only_for_what_there_is(shared):
    panels = json.loads(DASHBOARD.read_text())["panels"]
    asked = {
        name for panel in panels for target in panel["targets"] for name in re.findall(r"wingbeat_\w+", target["expr"])
    }
    families = set(re.findall(r"^# TYPE (\w+) ", scrape(shared), re.MULTILINE))
    assert asked and {re.sub(r"_(bucket|total)$", "", name) for name in asked} <= families


def test_a_load_balancer_and_grpcurl_are_answered(shared):
    """Connect's JSON form of the gRPC services that such tools call."""

    def ask(path: str, body: dict) -> httpx.Response:
        return httpx.post(shared.platform.url + path, json=body, trust_env=False)

    assert ask("/grpc.health.v1.Health/Check", {}).json()["status"] == "SERVING"
    named = {"service": "flyteidl2.workflow.RunService"}
    assert ask("/grpc.health.v1.Health/Check", named).json()["status"] == "SERVING"
    assert ask("/grpc.health.v1.Health/Check", {"service": "nobody"}).status_code == 404
    question = json.dumps({"listServices": ""}).encode()
    answer = httpx.post(
        shared.platform.url + "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        content=b"\0" + len(question).to_bytes(4, "big") + question,
        headers={"content-type": "application/connect+json"},
        trust_env=False,
    )
    assert b"flyteidl2.workflow.RunService" in answer.content
