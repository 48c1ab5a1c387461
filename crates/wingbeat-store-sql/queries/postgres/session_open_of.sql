-- Open sessions of executors. $1 executors. Index: session_open.
SELECT id, executor, server, started_at, ended_at, draining, terms FROM session
WHERE executor = ANY($1::text[]) AND ended_at IS NULL ORDER BY id
