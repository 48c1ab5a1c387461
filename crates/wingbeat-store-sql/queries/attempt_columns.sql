-- Columns of an attempt, in the order in which the code reads them. Used as {attempt}.
    t.run_id, t.action, t.attempt, t.cause, t.fence, t.session, t.held, t.phases, t.report_uri, t.isolation,
    t.cache_status, t.end_kind, t.output_uri, t.failure_class, t.failure_code, t.failure_message,
    t.failure_recoverable, t.failure_worker, t.failure_wire_kind, t.reason
