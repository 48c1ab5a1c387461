-- A session. ?1 id. Index: primary key.
SELECT id, executor, server, started_at, ended_at, draining, terms FROM session WHERE id = ?1
