-- Writes an action, new or changed. Parameters: the columns as in action_columns.sql.
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
    abort_reason, abort_by, abort_at,
    scope_org, scope_project, scope_domain
) VALUES (
    ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22,
    ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35, ?36, ?37, ?38, ?39, ?40, ?41, ?42, ?43,
    ?44, ?45, ?46, ?47, ?48, ?49, ?50, ?51, ?52, ?53, ?54, ?55, ?56, ?57, ?58, ?59, ?60, ?61, ?62, ?63, ?64,
    ?65, ?66, ?67, ?68,
    (SELECT org FROM run WHERE id = ?1 AND ?3 = ''),
    (SELECT project FROM run WHERE id = ?1 AND ?3 = ''),
    (SELECT domain FROM run WHERE id = ?1 AND ?3 = '')
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
