-- Writes labels. Parameters: arrays of the columns. Key: (run_id, key).
INSERT INTO run_label (
    run_id, key, value
)
SELECT
    u.run_id, u.key, u.value
FROM UNNEST(
    $1::bigint[], $2::text[], $3::text[]
) AS u (
    run_id, key, value
)
ON CONFLICT (run_id, key) DO UPDATE SET
    value = excluded.value
