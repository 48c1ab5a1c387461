-- All open sessions, by id; as many as executors. No parameters. Index: session_open.
SELECT id, executor, server, started_at, ended_at, draining, terms FROM session INDEXED BY session_open WHERE ended_at IS NULL ORDER BY id
