-- Writes sessions. Parameters: arrays of the columns. Key: id.
INSERT INTO session (
    id, executor, started_at, ended_at
)
SELECT
    u.id, u.executor, u.started_at, u.ended_at
FROM UNNEST(
    $1::text[], $2::text[], $3::bigint[], $4::bigint[]
) AS u (
    id, executor, started_at, ended_at
)
ON CONFLICT (id) DO UPDATE SET
    executor = excluded.executor, started_at = excluded.started_at, ended_at = excluded.ended_at
