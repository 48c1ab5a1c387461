-- Work that is left, oldest first. No parameters. Index: primary key.
SELECT id, kind, run_id, action, abort_reason, abort_by, abort_at, cache_org, cache_scope, cache_key, session
FROM follow_up ORDER BY id
