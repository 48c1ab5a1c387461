-- Writes an attempt, new or changed. Parameters: the columns as in attempt_columns.sql.
-- Key: (run_id, action, attempt).
INSERT INTO attempt (
    run_id, action, attempt, cause, fence, session, held, phases, report_uri, isolation, cache_status,
    end_kind, output_uri, failure_class, failure_code, failure_message, failure_recoverable, failure_worker,
    failure_wire_kind, reason
) VALUES (
    ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20
)
ON CONFLICT (run_id, action, attempt) DO UPDATE SET
    cause = excluded.cause, fence = excluded.fence, session = excluded.session, held = excluded.held,
    phases = excluded.phases, report_uri = excluded.report_uri, isolation = excluded.isolation,
    cache_status = excluded.cache_status, end_kind = excluded.end_kind, output_uri = excluded.output_uri,
    failure_class = excluded.failure_class, failure_code = excluded.failure_code,
    failure_message = excluded.failure_message, failure_recoverable = excluded.failure_recoverable,
    failure_worker = excluded.failure_worker, failure_wire_kind = excluded.failure_wire_kind,
    reason = excluded.reason
