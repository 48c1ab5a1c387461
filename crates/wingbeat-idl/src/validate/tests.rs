use buffa::{Message as _, MessageName};
use buffa_types::google::protobuf::{DoubleValue, Duration};
use wingbeat_proto::flyteidl2::actions::{Action, EnqueueRequest};
use wingbeat_proto::flyteidl2::common::{
    ActionAttemptIdentifier, ActionIdentifier, ActionPhase, OrgIdentifier, ProjectIdentifier, Relation,
    RelationType, RunIdentifier,
};
use wingbeat_proto::flyteidl2::core::{
    ArtifactVersionId, Backoff, Literal, LiteralCollection, RetryStrategy, ReusePolicy, TaskMetadata,
    TaskTemplate, literal,
};
use wingbeat_proto::flyteidl2::dataproxy::CreateUploadLocationRequest;
use wingbeat_proto::flyteidl2::task::{Inputs, NamedLiteral, RunSpec, TaskIdentifier, TaskSpec};
use wingbeat_proto::flyteidl2::workflow::{
    AbortRunRequest, CreateRunRequest, ListRunsRequest, TaskAction, create_run_request, list_runs_request,
};

use super::exceptions::EXCEPTIONS;
use super::schema::SCHEMA;
use super::{request_message, validate, wire_of_json};

/// What a message breaks, as the client reads it; empty for nothing.
fn broken<M: buffa::Message + MessageName>(message: &M) -> String {
    validate(M::FULL_NAME, &message.encode_to_vec())
        .map_or_else(|violation| violation.to_string(), |()| String::new())
}

fn run(name: &str) -> RunIdentifier {
    RunIdentifier { project: "p".into(), domain: "d".into(), name: name.into(), ..Default::default() }
}

fn action(name: &str) -> ActionIdentifier {
    ActionIdentifier { run: run("r").into(), name: name.into(), ..Default::default() }
}

fn create(spec: RunSpec) -> CreateRunRequest {
    CreateRunRequest {
        id: Some(create_run_request::Id::RunId(Box::new(run("r")))),
        task: Some(create_run_request::Task::TaskId(Box::new(task_id("v")))),
        run_spec: spec.into(),
        ..Default::default()
    }
}

fn task_id(version: &str) -> TaskIdentifier {
    TaskIdentifier {
        project: "p".into(),
        domain: "d".into(),
        name: "t".into(),
        version: version.into(),
        ..Default::default()
    }
}

#[test]
fn every_rule_of_the_schema_is_understood() {
    assert_eq!(SCHEMA.unknown, Vec::<String>::new());
    let rules: usize = SCHEMA
        .messages
        .values()
        .flat_map(|message| message.fields.values())
        .filter(|field| !field.rules.is_empty())
        .count();
    assert!(rules > 250, "only {rules} fields with rules: the options were not read");
}

#[test]
fn every_exception_stands_for_a_rule_of_the_schema() {
    for exception in &EXCEPTIONS {
        assert!(!exception.reason.is_empty());
        let used = SCHEMA.waived.iter().any(|(message, field, rule)| {
            (exception.message.is_empty() || exception.message == message)
                && exception.field == field
                && exception.rules.contains(rule)
        });
        assert!(used, "{exception:?} waives nothing");
    }
}

#[test]
fn identifiers_are_checked_wherever_they_stand() {
    let abort = |run: RunIdentifier| AbortRunRequest { run_id: run.into(), ..Default::default() };
    assert_eq!(broken(&abort(run("r"))), "");
    assert_eq!(broken(&abort(run(""))), "run_id.name: must not be empty");
    assert_eq!(broken(&abort(run(&"r".repeat(30)))), "");
    assert_eq!(broken(&abort(run(&"é".repeat(31)))), "run_id.name: must have at most 30 characters, got 31");
    assert_eq!(broken(&AbortRunRequest::default()), "run_id: is required");
    let nested = EnqueueRequest {
        action: Action { action_id: action(&"x".repeat(41)).into(), ..Default::default() }.into(),
        ..Default::default()
    };
    // The spec is not given either; the first rule that is broken is named.
    assert_eq!(broken(&nested), "action.spec: one of task, trace, condition must be set");
}

#[test]
fn a_nested_field_is_named_by_its_whole_path() {
    let request = EnqueueRequest {
        action: Action {
            action_id: action(&"x".repeat(41)).into(),
            input_uri: "s3://i".into(),
            run_output_base: "s3://o".into(),
            spec: Some(TaskAction { spec: TaskSpec::default().into(), ..Default::default() }.into()),
            ..Default::default()
        }
        .into(),
        ..Default::default()
    };
    assert_eq!(broken(&request), "action.action_id.name: must have at most 30 characters, got 41");
}

#[test]
fn what_the_stock_client_sends_against_the_rules_passes() {
    // No organisation at all, or one of an odd form.
    for org in ["", "127", "Odd_Org"] {
        let mut id = run("r");
        id.org = org.into();
        assert_eq!(broken(&AbortRunRequest { run_id: id.into(), ..Default::default() }), "", "{org}");
        assert_eq!(broken(&OrgIdentifier { name: org.into(), ..Default::default() }), "", "{org}");
    }
    assert_eq!(broken(&ProjectIdentifier { name: "p".into(), ..Default::default() }), "");
    let none_yet =
        ActionAttemptIdentifier { action_id: action("a0").into(), attempt: 0, ..Default::default() };
    assert_eq!(broken(&none_yet), "");
}

#[test]
fn a_required_oneof_is_named_with_its_members() {
    assert_eq!(broken(&CreateRunRequest::default()), "id: one of run_id, project_id must be set");
    assert_eq!(
        broken(&ListRunsRequest::default()),
        "scope_by: one of org, project_id, trigger_name, task_name, task_id must be set"
    );
    let by_org = ListRunsRequest {
        scope_by: Some(list_runs_request::ScopeBy::Org(String::new())),
        ..Default::default()
    };
    assert_eq!(broken(&by_org), "");
    assert_eq!(broken(&create(RunSpec::default())), "");
}

#[test]
fn of_a_oneof_only_the_last_member_counts() {
    let mut bytes = create(RunSpec::default()).encode_to_vec();
    // A run id without a name, then a project id: decoders keep the latter.
    let bad =
        CreateRunRequest { id: Some(create_run_request::Id::RunId(Box::new(run("")))), ..Default::default() };
    let good = CreateRunRequest {
        id: Some(create_run_request::Id::ProjectId(Box::default())),
        ..Default::default()
    };
    bytes.extend(bad.encode_to_vec());
    bytes.extend(good.encode_to_vec());
    assert_eq!(validate(CreateRunRequest::FULL_NAME, &bytes), Ok(()));
}

#[test]
fn a_message_that_comes_in_parts_is_checked_as_a_whole() {
    let part =
        |id: RunIdentifier| AbortRunRequest { run_id: id.into(), ..Default::default() }.encode_to_vec();
    let scope = RunIdentifier { project: "p".into(), domain: "d".into(), ..Default::default() };
    let name = RunIdentifier { name: "r".into(), ..Default::default() };
    let whole = [part(scope.clone()), part(name)].concat();
    assert_eq!(validate(AbortRunRequest::FULL_NAME, &whole), Ok(()));
    let missing = validate(AbortRunRequest::FULL_NAME, &part(scope)).expect_err("it has no name");
    assert_eq!((missing.field.as_str(), missing.rule), ("run_id.name", "min_len"));
}

#[test]
fn tasks_inside_a_request_are_checked() {
    let with = |metadata: TaskMetadata| {
        let template = TaskTemplate { metadata: metadata.into(), ..Default::default() };
        let spec = TaskSpec { task_template: template.into(), ..Default::default() };
        let mut request = create(RunSpec::default());
        request.task = Some(create_run_request::Task::TaskSpec(Box::new(spec)));
        broken(&request)
    };
    let backoff = |factor: Option<f64>, cap: Option<Duration>, base: i64| TaskMetadata {
        retries: RetryStrategy {
            retries: 1,
            backoff: Backoff {
                base: Duration { seconds: base, ..Default::default() }.into(),
                factor,
                cap: cap.into(),
                ..Default::default()
            }
            .into(),
            ..Default::default()
        }
        .into(),
        ..Default::default()
    };
    let path = "task_spec.task_template.metadata.retries.backoff";
    assert_eq!(with(backoff(Some(1.0), None, 1)), "");
    assert_eq!(with(backoff(None, None, 0)), "");
    assert_eq!(with(backoff(Some(2.0), Some(Duration::from_secs_nanos(60, 0)), 1)), "");
    assert_eq!(with(backoff(Some(0.5), None, 1)), format!("{path}.factor: must be at least 1, got 0.5"));
    assert_eq!(with(backoff(Some(f64::NAN), None, 1)), format!("{path}.factor: must be at least 1, got NaN"));
    assert_eq!(with(backoff(None, None, -1)), format!("{path}.base: must be at least 0 s, got -1 s"));
    assert_eq!(
        with(backoff(Some(2.0), None, 1)),
        format!("{path}: cap is required when factor > 1 to prevent unbounded retry delay growth")
    );
}

#[test]
fn expressions_hold_or_say_why_not() {
    let policy =
        |min, max| ReusePolicy { min_replicas: min, max_replicas: max, concurrency: 1, ..Default::default() };
    assert_eq!(broken(&policy(1, 2)), "");
    assert_eq!(broken(&policy(2, 1)), "max_replicas must be >= min_replicas");
    assert_eq!(broken(&policy(-1, 1)), "min_replicas: must be at least 0, got -1");
    let relation = |kind: i32| Relation {
        related_to: run("r").into(),
        relation_type: kind.into(),
        ..Default::default()
    };
    assert_eq!(broken(&relation(RelationType::RELATION_TYPE_SPAWN as i32)), "");
    assert_eq!(broken(&relation(0)), "relation_type: is required");
    assert!(broken(&relation(-1)).starts_with("relation_type: Relation type must be greater than 0"));
}

#[test]
fn lists_are_checked_as_a_whole_and_by_item() {
    use wingbeat_proto::flyteidl2::task::{InlineRule, inline_rule};
    let rule = |phases: &[ActionPhase]| InlineRule {
        on_phases: phases.iter().map(|phase| (*phase).into()).collect(),
        delivery: Some(inline_rule::Delivery::DeliveryConfigName("d".into())),
        ..Default::default()
    };
    assert_eq!(broken(&rule(&[ActionPhase::ACTION_PHASE_FAILED])), "");
    assert_eq!(broken(&rule(&[ActionPhase::ACTION_PHASE_PAUSED])), "");
    assert_eq!(broken(&rule(&[])), "on_phases: must have at least 1 items, got 0");
    assert_eq!(
        broken(&rule(&[ActionPhase::ACTION_PHASE_FAILED, ActionPhase::ACTION_PHASE_FAILED])),
        "on_phases: must not have an item twice"
    );
    assert_eq!(
        broken(&rule(&[ActionPhase::ACTION_PHASE_FAILED, ActionPhase::ACTION_PHASE_RUNNING])),
        "on_phases[1]: must be one of [5, 6, 7, 8, 9], got 4"
    );
    assert!(
        broken(&rule(&[ActionPhase::ACTION_PHASE_FAILED, ActionPhase::ACTION_PHASE_PAUSED]))
            .contains("must not subscribe to other phases")
    );
}

#[test]
fn bytes_and_their_length() {
    let upload = |md5: usize| CreateUploadLocationRequest {
        project: "p".into(),
        domain: "d".into(),
        content_md5: vec![0; md5],
        ..Default::default()
    };
    assert_eq!(broken(&upload(16)), "");
    assert_eq!(broken(&upload(15)), "content_md5: must have exactly 16 bytes, got 15");
}

#[test]
fn values_deep_in_the_inputs_are_checked_and_named() {
    let bad = Literal {
        artifact_id: ArtifactVersionId { version: "no spaces".into(), ..Default::default() }.into(),
        ..Default::default()
    };
    let list = LiteralCollection { literals: vec![Literal::default(), bad], ..Default::default() };
    let value = Literal { value: Some(literal::Value::Collection(Box::new(list))), ..Default::default() };
    let inputs = Inputs {
        literals: vec![NamedLiteral { name: "xs".into(), value: value.into(), ..Default::default() }],
        ..Default::default()
    };
    let text = broken(&inputs);
    assert!(
        text.starts_with("literals[0].value.collection.literals[1].artifact_id.version: `no spaces`"),
        "{text}"
    );
}

#[test]
fn nesting_without_end_takes_linear_time() {
    // Deeper than any decoder goes, and wide: each level is looked at once.
    let mut value = Literal::default();
    for _ in 0..90 {
        let list = LiteralCollection { literals: vec![value], ..Default::default() };
        value = Literal { value: Some(literal::Value::Collection(Box::new(list))), ..Default::default() };
    }
    assert_eq!(broken(&value), "");
    let mut bytes = Vec::new();
    for _ in 0..100_000 {
        bytes.extend_from_slice(&[0x0a, 0x00]);
    }
    assert_eq!(validate(LiteralCollection::FULL_NAME, &bytes), Ok(()));
}

#[test]
fn what_is_no_message_or_not_known_passes() {
    assert_eq!(validate(CreateRunRequest::FULL_NAME, &[0xff, 0xff]), Ok(()));
    assert_eq!(validate("a.b.C", b"anything"), Ok(()));
    assert_eq!(validate("google.protobuf.DoubleValue", &DoubleValue::default().encode_to_vec()), Ok(()));
}

#[test]
fn procedures_know_what_they_are_asked_with() {
    assert_eq!(
        request_message("/flyteidl2.workflow.RunService/CreateRun"),
        Some("flyteidl2.workflow.CreateRunRequest")
    );
    assert_eq!(request_message("/flyteidl2.workflow.RunService/Nothing"), None);
    let parts = "/wingbeat.platform.v1.MultiWatchService/WatchMany";
    assert_eq!(request_message(parts), None, "each subscription is checked alone");
}

#[test]
fn json_becomes_the_same_bytes() {
    let request = create(RunSpec::default());
    let json = serde_json::to_vec(&request).expect("a message is JSON");
    let bytes = wire_of_json(CreateRunRequest::FULL_NAME, &json).expect("it can be read");
    assert_eq!(CreateRunRequest::decode_from_slice(&bytes).expect("it decodes"), request);
    assert_eq!(wire_of_json(CreateRunRequest::FULL_NAME, b"{"), None);
    let short = wire_of_json(AbortRunRequest::FULL_NAME, br#"{"runId":{"project":"p"},"later":1}"#);
    let violation =
        validate(AbortRunRequest::FULL_NAME, &short.expect("it can be read")).expect_err("no domain");
    assert_eq!(violation.to_string(), "run_id.domain: must not be empty");
}
