-- Writes sessions. Parameters: arrays of the columns. Key: id.
INSERT INTO session (
    id, executor, server, started_at, ended_at, draining, terms
)
SELECT
    u.id, u.executor, u.server, u.started_at, u.ended_at, u.draining, u.terms
FROM UNNEST(
    $1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bytea[]
) AS u (
    id, executor, server, started_at, ended_at, draining, terms
)
ON CONFLICT (id) DO UPDATE SET
    executor = excluded.executor, server = excluded.server, started_at = excluded.started_at, ended_at = excluded.ended_at,
    draining = excluded.draining, terms = excluded.terms
