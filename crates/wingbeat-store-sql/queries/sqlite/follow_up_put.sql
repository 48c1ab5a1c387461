-- Writes work that is left. Parameters: the columns. Key: id.
INSERT INTO follow_up (id, kind, run_id, action, abort_reason, abort_by, abort_at, cache_org, cache_scope, cache_key, session)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
ON CONFLICT (id) DO UPDATE SET
    kind = excluded.kind, run_id = excluded.run_id, action = excluded.action,
    abort_reason = excluded.abort_reason, abort_by = excluded.abort_by, abort_at = excluded.abort_at,
    cache_org = excluded.cache_org, cache_scope = excluded.cache_scope, cache_key = excluded.cache_key,
    session = excluded.session
