-- Writes sessions. Parameters: arrays of the columns. Key: id.
INSERT INTO session (
    id, executor, server, started_at, ended_at
)
SELECT
    u.id, u.executor, u.server, u.started_at, u.ended_at
FROM UNNEST(
    $1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[]
) AS u (
    id, executor, server, started_at, ended_at
)
ON CONFLICT (id) DO UPDATE SET
    executor = excluded.executor, server = excluded.server, started_at = excluded.started_at, ended_at = excluded.ended_at
