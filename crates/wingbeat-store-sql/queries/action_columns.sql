-- Columns of an action, in the order in which the code reads them. Used as {action}.
    a.run_id, a.name, a.parent, a.depth, a.kind, a.grp, a.spec, a.task_project, a.task_domain, a.task_name,
    a.task_version, a.task_short_name, a.task_environment, a.task_type, a.input_uri, a.queue, a.priority,
    a.cpu_millis, a.memory_bytes, a.gpus, a.user_retries, a.backoff_base, a.backoff_factor, a.backoff_cap,
    a.max_runtime, a.max_queued, a.deadline, a.cache_org, a.cache_scope, a.cache_key, a.cache_overwrite,
    a.cache_serialize, a.cache_max_age, a.cache_status, a.attempts, a.next_cause, a.spent_user,
    a.spent_system, a.spent_preempted, a.created_at, a.started_at, a.live_children, a.reopens_since,
    a.created_by, a.changed, a.phase, a.since, a.not_before, a.wait_org, a.wait_scope, a.wait_key,
    a.claim_session, a.claim_fence, a.stopping, a.expires_at, a.ended_at, a.output_uri, a.value,
    a.signalled_by, a.failure_class, a.failure_code, a.failure_message, a.failure_recoverable,
    a.failure_worker, a.failure_wire_kind, a.abort_reason, a.abort_by, a.abort_at
