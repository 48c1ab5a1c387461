-- Writes actions, new or changed. Parameters: arrays of the columns as in action_columns.sql, then of a new root's place.
-- Key: (run_id, name). Parent and creation time never change, so the indexes by age are written once.
INSERT INTO action (
    run_id, name, parent, depth, kind, grp, spec, task_project, task_domain, task_name, task_version,
    task_short_name, task_environment, task_type, input_uri, queue, priority, cpu_millis, memory_bytes,
    gpus, user_retries, backoff_base, backoff_factor, backoff_cap, max_runtime, max_queued, deadline,
    cache_org, cache_scope, cache_key, cache_overwrite, cache_serialize, cache_max_age, cache_status,
    attempts, next_cause, spent_user, spent_system, spent_preempted, created_at, started_at, live_children,
    reopens_since, created_by, changed, phase, since, not_before, wait_org, wait_scope, wait_key,
    claim_session, claim_fence, stopping, expires_at, ended_at, output_uri, value, signalled_by,
    failure_class, failure_code, failure_message, failure_recoverable, failure_worker, failure_wire_kind,
    abort_reason, abort_by, abort_at, scope_org, scope_project, scope_domain
)
SELECT
    u.run_id, u.name, u.parent, u.depth, u.kind, u.grp, u.spec, u.task_project, u.task_domain, u.task_name,
    u.task_version, u.task_short_name, u.task_environment, u.task_type, u.input_uri, u.queue, u.priority,
    u.cpu_millis, u.memory_bytes, u.gpus, u.user_retries, u.backoff_base, u.backoff_factor, u.backoff_cap,
    u.max_runtime, u.max_queued, u.deadline, u.cache_org, u.cache_scope, u.cache_key, u.cache_overwrite,
    u.cache_serialize, u.cache_max_age, u.cache_status, u.attempts, u.next_cause, u.spent_user,
    u.spent_system, u.spent_preempted, u.created_at, u.started_at, u.live_children, u.reopens_since,
    u.created_by, u.changed, u.phase, u.since, u.not_before, u.wait_org, u.wait_scope, u.wait_key,
    u.claim_session, u.claim_fence, u.stopping, u.expires_at, u.ended_at, u.output_uri, u.value,
    u.signalled_by, u.failure_class, u.failure_code, u.failure_message, u.failure_recoverable,
    u.failure_worker, u.failure_wire_kind, u.abort_reason, u.abort_by, u.abort_at, u.scope_org,
    u.scope_project, u.scope_domain
FROM UNNEST(
    $1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::bytea[], $8::text[],
    $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[],
    $17::bigint[], $18::bigint[], $19::bigint[], $20::bigint[], $21::bigint[], $22::bigint[],
    $23::float8[], $24::bigint[], $25::bigint[], $26::bigint[], $27::bigint[], $28::text[], $29::text[],
    $30::text[], $31::bigint[], $32::bigint[], $33::bigint[], $34::bigint[], $35::bigint[], $36::bigint[],
    $37::bigint[], $38::bigint[], $39::bigint[], $40::bigint[], $41::bigint[], $42::bigint[],
    $43::bigint[], $44::text[], $45::bigint[], $46::bigint[], $47::bigint[], $48::bigint[], $49::text[],
    $50::text[], $51::text[], $52::text[], $53::bigint[], $54::bigint[], $55::bigint[], $56::bigint[],
    $57::text[], $58::bytea[], $59::text[], $60::bigint[], $61::text[], $62::text[], $63::bigint[],
    $64::text[], $65::bigint[], $66::text[], $67::text[], $68::bigint[], $69::text[], $70::text[], $71::text[]
) AS u (
    run_id, name, parent, depth, kind, grp, spec, task_project, task_domain, task_name, task_version,
    task_short_name, task_environment, task_type, input_uri, queue, priority, cpu_millis, memory_bytes,
    gpus, user_retries, backoff_base, backoff_factor, backoff_cap, max_runtime, max_queued, deadline,
    cache_org, cache_scope, cache_key, cache_overwrite, cache_serialize, cache_max_age, cache_status,
    attempts, next_cause, spent_user, spent_system, spent_preempted, created_at, started_at, live_children,
    reopens_since, created_by, changed, phase, since, not_before, wait_org, wait_scope, wait_key,
    claim_session, claim_fence, stopping, expires_at, ended_at, output_uri, value, signalled_by,
    failure_class, failure_code, failure_message, failure_recoverable, failure_worker, failure_wire_kind,
    abort_reason, abort_by, abort_at, scope_org, scope_project, scope_domain
)
ON CONFLICT (run_id, name) DO UPDATE SET
    depth = excluded.depth, kind = excluded.kind, grp = excluded.grp, spec = excluded.spec,
    task_project = excluded.task_project, task_domain = excluded.task_domain,
    task_name = excluded.task_name, task_version = excluded.task_version,
    task_short_name = excluded.task_short_name, task_environment = excluded.task_environment,
    task_type = excluded.task_type, input_uri = excluded.input_uri, queue = excluded.queue,
    priority = excluded.priority, cpu_millis = excluded.cpu_millis, memory_bytes = excluded.memory_bytes,
    gpus = excluded.gpus, user_retries = excluded.user_retries, backoff_base = excluded.backoff_base,
    backoff_factor = excluded.backoff_factor, backoff_cap = excluded.backoff_cap,
    max_runtime = excluded.max_runtime, max_queued = excluded.max_queued, deadline = excluded.deadline,
    cache_org = excluded.cache_org, cache_scope = excluded.cache_scope, cache_key = excluded.cache_key,
    cache_overwrite = excluded.cache_overwrite, cache_serialize = excluded.cache_serialize,
    cache_max_age = excluded.cache_max_age, cache_status = excluded.cache_status,
    attempts = excluded.attempts, next_cause = excluded.next_cause, spent_user = excluded.spent_user,
    spent_system = excluded.spent_system, spent_preempted = excluded.spent_preempted,
    started_at = excluded.started_at, live_children = excluded.live_children,
    reopens_since = excluded.reopens_since, created_by = excluded.created_by, changed = excluded.changed,
    phase = excluded.phase, since = excluded.since, not_before = excluded.not_before,
    wait_org = excluded.wait_org, wait_scope = excluded.wait_scope, wait_key = excluded.wait_key,
    claim_session = excluded.claim_session, claim_fence = excluded.claim_fence,
    stopping = excluded.stopping, expires_at = excluded.expires_at, ended_at = excluded.ended_at,
    output_uri = excluded.output_uri, value = excluded.value, signalled_by = excluded.signalled_by,
    failure_class = excluded.failure_class, failure_code = excluded.failure_code,
    failure_message = excluded.failure_message, failure_recoverable = excluded.failure_recoverable,
    failure_worker = excluded.failure_worker, failure_wire_kind = excluded.failure_wire_kind,
    abort_reason = excluded.abort_reason, abort_by = excluded.abort_by, abort_at = excluded.abort_at
