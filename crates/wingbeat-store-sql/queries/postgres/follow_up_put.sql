-- Writes work that is left. Parameters: arrays of the columns. Key: id.
INSERT INTO follow_up (
    id, kind, run_id, action, abort_reason, abort_by, abort_at, cache_org, cache_scope, cache_key, session
)
SELECT
    u.id, u.kind, u.run_id, u.action, u.abort_reason, u.abort_by, u.abort_at, u.cache_org, u.cache_scope,
    u.cache_key, u.session
FROM UNNEST(
    $1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::text[],
    $9::text[], $10::text[], $11::text[]
) AS u (
    id, kind, run_id, action, abort_reason, abort_by, abort_at, cache_org, cache_scope, cache_key, session
)
ON CONFLICT (id) DO UPDATE SET
    kind = excluded.kind, run_id = excluded.run_id, action = excluded.action,
    abort_reason = excluded.abort_reason, abort_by = excluded.abort_by, abort_at = excluded.abort_at,
    cache_org = excluded.cache_org, cache_scope = excluded.cache_scope, cache_key = excluded.cache_key,
    session = excluded.session
