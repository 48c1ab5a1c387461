-- Writes attempts, new or changed. Parameters: arrays of the columns as in attempt_columns.sql. Key: primary.
INSERT INTO attempt (
    run_id, action, attempt, cause, fence, session, held, phases, report_uri, isolation, cache_status,
    end_kind, output_uri, failure_class, failure_code, failure_message, failure_recoverable,
    failure_worker, failure_wire_kind, reason
)
SELECT
    u.run_id, u.action, u.attempt, u.cause, u.fence, u.session, u.held, u.phases, u.report_uri,
    u.isolation, u.cache_status, u.end_kind, u.output_uri, u.failure_class, u.failure_code,
    u.failure_message, u.failure_recoverable, u.failure_worker, u.failure_wire_kind, u.reason
FROM UNNEST(
    $1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::bigint[],
    $8::text[], $9::text[], $10::text[], $11::bigint[], $12::bigint[], $13::text[], $14::bigint[],
    $15::text[], $16::text[], $17::bigint[], $18::text[], $19::bigint[], $20::text[]
) AS u (
    run_id, action, attempt, cause, fence, session, held, phases, report_uri, isolation, cache_status,
    end_kind, output_uri, failure_class, failure_code, failure_message, failure_recoverable,
    failure_worker, failure_wire_kind, reason
)
ON CONFLICT (run_id, action, attempt) DO UPDATE SET
    cause = excluded.cause, fence = excluded.fence, session = excluded.session, held = excluded.held,
    phases = excluded.phases, report_uri = excluded.report_uri, isolation = excluded.isolation,
    cache_status = excluded.cache_status, end_kind = excluded.end_kind, output_uri = excluded.output_uri,
    failure_class = excluded.failure_class, failure_code = excluded.failure_code,
    failure_message = excluded.failure_message, failure_recoverable = excluded.failure_recoverable,
    failure_worker = excluded.failure_worker, failure_wire_kind = excluded.failure_wire_kind,
    reason = excluded.reason
