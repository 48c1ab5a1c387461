-- Open sessions of an executor. ?1 executor. Index: session_open.
SELECT id, executor, server, started_at, ended_at, draining, terms FROM session WHERE executor = ?1 AND ended_at IS NULL ORDER BY id
