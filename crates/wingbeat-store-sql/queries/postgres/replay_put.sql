-- Writes answered requests. Parameters: arrays of the columns. Key: primary.
INSERT INTO replay (
    key, digest, run_id, written_at
)
SELECT
    u.key, u.digest, u.run_id, u.written_at
FROM UNNEST(
    $1::text[], $2::bytea[], $3::bigint[], $4::bigint[]
) AS u (
    key, digest, run_id, written_at
)
ON CONFLICT (key) DO UPDATE SET
    digest = excluded.digest, run_id = excluded.run_id, written_at = excluded.written_at
