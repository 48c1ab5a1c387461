"""Services that the stock client calls seldom or never, through its own generated clients."""

import basics
import durable_steps
import lifecycle
import observing
import pytest
from client import bounded, phase_name, wait_for_lines
from connectrpc.code import Code
from flyteidl2.auth import auth_service_pb2, identity_pb2
from flyteidl2.auth.auth_service_connect import AuthMetadataServiceClientSync
from flyteidl2.auth.identity_connect import IdentityServiceClientSync
from flyteidl2.cacheservice import cacheservice_pb2 as cache
from flyteidl2.cacheservice.v2 import cacheservice_pb2 as cache_v2
from flyteidl2.cacheservice.v2.cacheservice_connect import CacheServiceClientSync
from flyteidl2.cluster import payload_pb2
from flyteidl2.cluster.service_connect import ClusterServiceClientSync
from flyteidl2.workflow import internal_run_service_pb2, run_logs_service_pb2, run_service_pb2, translator_service_pb2
from flyteidl2.workflow.internal_run_service_connect import InternalRunServiceClientSync
from flyteidl2.workflow.run_logs_service_connect import RunLogsServiceClientSync
from flyteidl2.workflow.translator_service_connect import TranslatorServiceClientSync
from google.protobuf.json_format import MessageToDict
from test_bad_input import refused
from test_durable_steps import pending_condition

STREAM_MS = 60_000


def action_id(client, run, name="a0"):
    request = run_service_pb2.GetActionDetailsRequest()
    request.action_id.run.CopyFrom(client.run_id(run.name))
    request.action_id.name = name
    return request.action_id


# -- logs ---------------------------------------------------------------------------------------------


def test_an_attempt_has_a_context_for_its_logs(shared):
    run = shared.finish(shared.run(basics.add, 1))
    request = run_service_pb2.GetActionLogContextRequest(action_id=action_id(shared, run), attempt=1)
    answer = shared.runs.get_action_log_context(request)
    assert answer.log_context.primary_pod_name
    assert 0 < answer.start_time.ToNanoseconds() <= answer.end_time.ToNanoseconds()
    request.attempt = 2
    refused(shared.runs.get_action_log_context, request, Code.NOT_FOUND)


def test_a_silent_log_says_now_and_then_that_it_lives(shared, markers):
    run = shared.run(observing.prints_while_running, str(markers))
    wait_for_lines(markers / "paused", 1)
    request = run_logs_service_pb2.TailLogsRequest(action_id=action_id(shared, run), attempt=1)
    stream = RunLogsServiceClientSync(shared.platform.url).tail_logs(request, timeout_ms=STREAM_MS)

    def nothing_said():
        return next(answer for answer in stream if not any(logs.lines for logs in answer.logs))

    # The stock client gives a stream up that is silent for 30 s.
    bounded(nothing_said, 25, "an answer without lines comes while nothing is printed")
    (markers / "go on").touch()
    texts = [line.message for answer in stream for logs in answer.logs for line in logs.lines]
    assert "the last line, without an end\n" in texts
    shared.finish(run)


# -- caches of other data planes ----------------------------------------------------------------------


@pytest.fixture
def cached(shared):
    """Calls of the cache, for one key that nobody else uses."""
    run = shared.finish(shared.run(basics.add, 1))
    where = run_service_pb2.GetActionDataURIsRequest(action_id=action_id(shared, run))
    return Cached(shared, run.name, shared.runs.get_action_data_u_r_is(where).outputs_uri)


class Cached:
    def __init__(self, client, key, uri):
        self.service = CacheServiceClientSync(client.platform.url)
        self.key, self.uri = key, uri
        self.identifier = cache_v2.Identifier(org="any", project="flytesnacks", domain="development")

    def asking(self, request, **base):
        asked = request(identifier=self.identifier)
        for name, value in {"key": self.key, **base}.items():
            part = getattr(asked.base_request, name)
            part.CopyFrom(value) if hasattr(part, "CopyFrom") else setattr(asked.base_request, name, value)
        return asked

    def get(self):
        return self.asking(cache_v2.GetCacheRequest)

    def put(self, uri=None, overwrite=False):
        output = cache.CachedOutput(output_uri=uri or self.uri)
        return self.asking(cache_v2.PutCacheRequest, output=output, overwrite=cache.OverwriteOutput(overwrite=overwrite))

    def reserve(self, owner):
        return self.asking(cache_v2.GetOrExtendReservationRequest, owner_id=owner)

    def release(self, owner):
        return self.asking(cache_v2.ReleaseReservationRequest, owner_id=owner)

    def holder(self, owner):
        return self.service.get_or_extend_reservation(self.reserve(owner)).reservation.owner_id


def test_an_entry_is_put_found_kept_and_deleted(cached):
    service = cached.service
    assert cached.key in refused(service.get, cached.get(), Code.NOT_FOUND)
    service.put(cached.put())
    found = service.get(cached.get()).output
    assert found.output_uri == cached.uri and found.metadata.created_at.seconds > 0
    refused(service.put, cached.put(), Code.ALREADY_EXISTS)
    service.put(cached.put(overwrite=True))
    service.delete(cached.asking(cache_v2.DeleteCacheRequest))
    refused(service.get, cached.get(), Code.NOT_FOUND)


def test_what_cannot_be_kept_is_refused_and_nothing_is_kept(cached):
    for uri in ("/etc/passwd", "s3://elsewhere/outputs.pb"):
        assert "output_uri" in refused(cached.service.put, cached.put(uri=uri), Code.INVALID_ARGUMENT)
    without = cached.asking(cache_v2.PutCacheRequest)
    assert "output_uri" in refused(cached.service.put, without, Code.INVALID_ARGUMENT)
    refused(cached.service.get, cached.get(), Code.NOT_FOUND)


def test_a_key_is_reserved_by_one_at_a_time(cached):
    assert cached.holder("first") == "first"
    assert cached.holder("second") == "first"
    assert cached.holder("first") == "first"
    refused(cached.service.release_reservation, cached.release("second"), Code.NOT_FOUND)
    assert cached.holder("second") == "first", "only its holder can give it back"
    cached.service.release_reservation(cached.release("first"))
    assert cached.holder("second") == "second"
    assert "owner_id" in refused(cached.service.get_or_extend_reservation, cached.reserve(""), Code.INVALID_ARGUMENT)


# -- forms --------------------------------------------------------------------------------------------


def test_a_form_is_made_of_a_task_and_values_of_a_form(shared):
    service = TranslatorServiceClientSync(shared.platform.url)
    spec = shared.create_request(basics.add, 1).task_spec
    default = spec.default_inputs.add(name="y")
    default.parameter.default.scalar.primitive.integer = 1
    form = service.task_spec_to_launch_form_json(translator_service_pb2.TaskSpecToLaunchFormJsonRequest(task_spec=spec))
    properties = MessageToDict(form.json)["properties"]
    assert properties["x"]["type"] == "integer" and properties["y"]["default"] == 1
    assert list(form.json["required"]) == ["x"]
    form.json["properties"]["x"]["default"] = 41
    filled = translator_service_pb2.LaunchFormJsonToLiteralsRequest(json=form.json)
    literals = {one.name: one.value for one in service.launch_form_json_to_literals(filled).literals}
    assert literals["x"].scalar.primitive.integer == 41


def test_plain_values_become_literals_or_are_refused_by_name(shared):
    service = TranslatorServiceClientSync(shared.platform.url)
    variables = shared.create_request(basics.add, 1).task_spec.task_template.interface.inputs
    request = translator_service_pb2.JsonValuesToLiteralsRequest(variables=variables)
    request.values.update({"x": 41, "y": 1})
    [literal] = [one for one in service.json_values_to_literals(request).literals if one.name == "x"]
    assert literal.value.scalar.primitive.integer == 41
    back = translator_service_pb2.LiteralsToLaunchFormJsonRequest(variables=variables, literals=[literal])
    form = MessageToDict(service.literals_to_launch_form_json(back).json)
    assert form["properties"]["x"]["default"] == 41
    request.values.update({"x": "many"})
    assert "x" in refused(service.json_values_to_literals, request, Code.INVALID_ARGUMENT)


# -- who and where ------------------------------------------------------------------------------------


def test_data_lies_with_the_server_that_is_asked(shared):
    request = payload_pb2.SelectClusterRequest(operation=payload_pb2.SelectClusterRequest.OPERATION_TAIL_LOGS)
    request.project_id.CopyFrom(shared.project_id())
    service = ClusterServiceClientSync(shared.platform.url)
    assert service.select_cluster(request).cluster_endpoint == ""
    request.operation = 0
    assert "operation" in refused(service.select_cluster, request, Code.INVALID_ARGUMENT)


def test_everybody_is_let_in_and_told_so(shared):
    metadata = AuthMetadataServiceClientSync(shared.platform.url)
    text = refused(metadata.get_o_auth2_metadata, auth_service_pb2.GetOAuth2MetadataRequest(), Code.FAILED_PRECONDITION)
    assert "insecure" in text
    config = metadata.get_public_client_config(auth_service_pb2.GetPublicClientConfigRequest())
    assert config.authorization_metadata_key == "authorization"
    assert IdentityServiceClientSync(shared.platform.url).user_info(identity_pb2.UserInfoRequest()).subject


# -- what other data planes report --------------------------------------------------------------------


def test_an_action_is_recorded_once_and_its_state_is_not_set_from_outside(shared, markers):
    run = shared.run(lifecycle.held_child, str(markers), 0)
    wait_for_lines(markers / "child-0", 1)
    service = InternalRunServiceClientSync(shared.platform.url)
    request = internal_run_service_pb2.RecordActionRequest(parent="a0", action_id=action_id(shared, run, "asked"))
    request.condition.name = "from outside"
    request.condition.type.simple = 4
    for _repeated in range(2):
        assert service.record_action(request).status.code == 0
    assert phase_name(shared.details(run, "asked").raw_phase) == "paused"
    update = internal_run_service_pb2.UpdateActionStatusRequest(action_id=request.action_id)
    update.status.phase, update.status.attempts = 5, 1
    status = service.update_action_status(update).status
    assert status.code == 9 and "nothing was changed" in status.message
    assert phase_name(shared.details(run, "asked").raw_phase) == "paused"
    (markers / "release").touch()
    shared.finish(run)
    request.action_id.name, request.parent = "late", "no-such-parent"
    assert service.record_action(request).status.code == 5


# -- our own command line, for programs -----------------------------------------------------------------


def test_logs_signals_and_aborts_speak_json_too(shared, markers):
    def as_json(*arguments):
        import json

        text = shared.wingbeat(*arguments, "-o", "json", "--endpoint", shared.platform.endpoint)
        return [json.loads(line) for line in text.splitlines()] if arguments[0] == "logs" else json.loads(text)

    asked = shared.run(durable_steps.asks, "in json")
    pending_condition(asked, "in json")
    assert as_json("signal", asked.name, "in json", "yes") is not None
    assert shared.result(asked) == "answered True"
    printed = shared.finish(shared.run(observing.prints_much, 3))
    assert "line 000002" in str(as_json("logs", printed.name))
    held = shared.run(lifecycle.held_child, str(markers), 7)
    wait_for_lines(markers / "child-7", 1)
    assert as_json("abort", held.name) is not None
    shared.finish(held, "aborted")
