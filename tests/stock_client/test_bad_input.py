"""Requests that are wrong get the right code and a text that helps; nothing is half written."""

import basics
import flyte
import flyte.errors
import flyte.remote as remote
import httpx
import pytest
from connectrpc.code import Code
from connectrpc.errors import ConnectError
from flyteidl2.core import literals_pb2, security_pb2
from flyteidl2.dataproxy import dataproxy_service_pb2
from flyteidl2.project import project_service_pb2
from flyteidl2.task import task_definition_pb2, task_service_pb2
from flyteidl2.workflow import run_service_pb2


def refused(call, request, *codes: Code) -> str:
    """Makes the call, checks that it is refused with one of `codes`, and returns the message."""
    with pytest.raises(ConnectError) as error:
        call(request)
    assert error.value.code in codes, f"{error.value.code}: {error.value.message}"
    return error.value.message


def count_runs(client) -> int:
    return len([run for run in remote.Run.listall(limit=10_000)])


@pytest.fixture(scope="module")
def good_request(shared):
    return shared.create_request(basics.add, 1, y=2)


@pytest.fixture
def request_for_add(good_request):
    """A good CreateRun request; each test breaks one thing in it."""
    copy = run_service_pb2.CreateRunRequest()
    copy.CopyFrom(good_request)
    return copy


def test_the_unbroken_request_is_accepted(shared, request_for_add):
    run = remote.Run(shared.runs.create_run(request_for_add).run)
    assert shared.result(run) == 3


def test_an_unknown_run_is_not_found(shared):
    request = run_service_pb2.GetRunDetailsRequest(run_id=shared.run_id("no-such-run"))
    assert "no-such-run" in refused(shared.runs.get_run_details, request, Code.NOT_FOUND)


def test_an_unknown_action_is_not_found(shared):
    request = run_service_pb2.GetActionDetailsRequest()
    request.action_id.run.CopyFrom(shared.run_id("no-such-run"))
    request.action_id.name = "a0"
    refused(shared.runs.get_action_details, request, Code.NOT_FOUND)


def test_an_unknown_task_is_not_found(shared):
    identifier = task_definition_pb2.TaskIdentifier(
        project="flytesnacks", domain="development", name="no.such_task", version="v1"
    )
    request = run_service_pb2.CreateRunRequest(project_id=shared.project_id(), task_id=identifier)
    request.inputs.SetInParent()
    request.run_spec.SetInParent()
    assert "no.such_task" in refused(shared.runs.create_run, request, Code.NOT_FOUND)


def test_an_unknown_version_of_a_task_is_not_found(shared):
    flyte.deploy(basics.env, version="known-version")
    identifier = task_definition_pb2.TaskIdentifier(
        project="flytesnacks", domain="development", name="basics.add", version="unknown-version"
    )
    request = task_service_pb2.GetTaskDetailsRequest(task_id=identifier)
    assert "unknown-version" in refused(shared.task_service.get_task_details, request, Code.NOT_FOUND)


def test_an_unknown_project_is_not_found(shared, request_for_add):
    request = project_service_pb2.GetProjectRequest(id="no-such-project")
    assert "no-such-project" in refused(shared.project_service.get_project, request, Code.NOT_FOUND)
    request_for_add.project_id.name = "no-such-project"
    assert "no-such-project" in refused(shared.runs.create_run, request_for_add, Code.NOT_FOUND)


def test_the_client_shows_that_a_project_is_unknown(shared):
    with pytest.raises(flyte.errors.RuntimeSystemError, match="no-such-project"):
        flyte.with_runcontext(project="no-such-project").run(basics.add, 1)


def test_a_run_name_that_is_too_long_is_refused_with_its_field(shared, request_for_add):
    request_for_add.run_id.CopyFrom(shared.run_id("a" * 31))
    before = count_runs(shared)
    assert "run_id.name" in refused(shared.runs.create_run, request_for_add, Code.INVALID_ARGUMENT)
    assert count_runs(shared) == before


@pytest.mark.parametrize("name", ["has space", "has/slash", "../up", "Ünicode", "UPPER"])
def test_a_run_name_with_bad_characters_is_refused(shared, request_for_add, name):
    request_for_add.run_id.CopyFrom(shared.run_id(name))
    assert "name" in refused(shared.runs.create_run, request_for_add, Code.INVALID_ARGUMENT)


def test_a_message_that_breaks_a_rule_is_refused_with_the_fields_path(shared):
    request = run_service_pb2.GetActionDetailsRequest()
    request.action_id.run.CopyFrom(shared.run_id("some-run"))
    message = refused(shared.runs.get_action_details, request, Code.INVALID_ARGUMENT)
    assert "action_id.name" in message


def test_a_missing_input_is_refused_by_name(shared, request_for_add):
    del request_for_add.inputs.literals[0]
    assert "x" in refused(shared.runs.create_run, request_for_add, Code.INVALID_ARGUMENT)


def test_an_input_of_the_wrong_type_is_refused_with_what_was_expected(shared, request_for_add):
    wrong = literals_pb2.Literal()
    wrong.scalar.primitive.string_value = "three"
    request_for_add.inputs.literals[0].value.CopyFrom(wrong)
    before = count_runs(shared)
    message = refused(shared.runs.create_run, request_for_add, Code.INVALID_ARGUMENT).lower()
    assert "x" in message and "int" in message and "str" in message
    assert count_runs(shared) == before


def test_an_input_that_the_task_does_not_have_is_refused(shared, request_for_add):
    extra = request_for_add.inputs.literals.add()
    extra.CopyFrom(request_for_add.inputs.literals[0])
    extra.name = "surplus"
    assert "surplus" in refused(shared.runs.create_run, request_for_add, Code.INVALID_ARGUMENT)


def test_oversized_inline_inputs_are_refused(shared, request_for_add):
    request_for_add.inputs.context.add(key="ballast", value="x" * (40 << 20))
    refused(shared.runs.create_run, request_for_add, Code.INVALID_ARGUMENT, Code.RESOURCE_EXHAUSTED)


def test_a_run_without_a_task_is_refused(shared, request_for_add):
    request_for_add.ClearField("task_spec")
    assert "task" in refused(shared.runs.create_run, request_for_add, Code.INVALID_ARGUMENT)


@pytest.mark.parametrize("uri", ["/etc", "/etc/passwd", "file:///etc", "../../../../etc", "s3://bucket/elsewhere"])
def test_inputs_outside_the_runs_base_are_refused(shared, request_for_add, uri):
    request_for_add.offloaded_input_data.uri = uri
    request_for_add.offloaded_input_data.inputs_hash = "h"
    codes = (Code.INVALID_ARGUMENT, Code.PERMISSION_DENIED, Code.FAILED_PRECONDITION)
    refused(shared.runs.create_run, request_for_add, *codes)


def test_a_run_base_elsewhere_is_refused(shared, request_for_add):
    request_for_add.run_spec.run_base_dir = "/etc/runs"
    codes = (Code.INVALID_ARGUMENT, Code.PERMISSION_DENIED, Code.FAILED_PRECONDITION)
    refused(shared.runs.create_run, request_for_add, *codes)
    upload = dataproxy_service_pb2.UploadInputsRequest(project_id=shared.project_id(), base_dir="/etc/runs")
    upload.task_spec.CopyFrom(request_for_add.task_spec)
    upload.inputs.SetInParent()
    refused(shared.data.upload_inputs, upload, *codes)


def test_a_trigger_is_refused_by_name(shared, request_for_add):
    request = task_service_pb2.DeployTaskRequest(spec=request_for_add.task_spec)
    request.task_id.CopyFrom(
        task_definition_pb2.TaskIdentifier(project="flytesnacks", domain="development", name="basics.add", version="trig")
    )
    trigger = request.triggers.add(name="every-morning")
    trigger.spec.active = True
    trigger.automation_spec.type = 2
    trigger.automation_spec.schedule.cron.expression = "0 6 * * *"
    trigger.automation_spec.schedule.cron.timezone = "UTC"
    assert "trigger" in refused(shared.task_service.deploy_task, request, Code.FAILED_PRECONDITION).lower()


def test_a_secret_is_refused_by_name(shared, request_for_add):
    secret = security_pb2.Secret(key="API_TOKEN", mount_requirement=security_pb2.Secret.ENV_VAR)
    request_for_add.task_spec.task_template.security_context.secrets.append(secret)
    message = refused(shared.runs.create_run, request_for_add, Code.FAILED_PRECONDITION)
    assert "secret" in message.lower() and "API_TOKEN" in message


def test_a_foreign_task_type_is_refused_by_name(shared, request_for_add):
    request_for_add.task_spec.task_template.type = "spark"
    assert "spark" in refused(shared.runs.create_run, request_for_add, Code.FAILED_PRECONDITION)


def test_an_rpc_that_is_not_served_says_so_by_name(shared):
    from flyteidl2.app.app_service_connect import AppServiceClientSync
    from flyteidl2.app import app_payload_pb2

    apps = AppServiceClientSync(shared.platform.url)
    message = refused(apps.list, app_payload_pb2.ListRequest(org="x"), Code.UNIMPLEMENTED)
    assert "AppService" in message or "List" in message


@pytest.mark.parametrize("headers", [{}, {"content-encoding": "gzip"}])
def test_a_body_that_is_not_protobuf_is_an_invalid_argument(shared, headers):
    url = f"{shared.platform.url}/flyteidl2.workflow.RunService/CreateRun"
    headers = {"content-type": "application/proto", "connect-protocol-version": "1", **headers}
    answer = httpx.post(url, content=b"\xff\xfe not protobuf \xff", headers=headers, trust_env=False)
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_argument"


def test_an_unknown_method_is_unimplemented(shared):
    url = f"{shared.platform.url}/flyteidl2.workflow.RunService/NoSuchMethod"
    answer = httpx.post(url, content=b"", headers={"content-type": "application/proto"}, trust_env=False)
    assert answer.status_code in (404, 501)
