-- Writes a session. Parameters: the columns. Key: id.
INSERT INTO session (id, executor, server, started_at, ended_at, draining, terms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (id) DO UPDATE SET
    executor = excluded.executor, server = excluded.server, started_at = excluded.started_at, ended_at = excluded.ended_at,
    draining = excluded.draining, terms = excluded.terms
