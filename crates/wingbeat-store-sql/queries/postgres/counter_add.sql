-- Adds to counts. Parameters: arrays of the columns, the count being the difference. Key: primary.
INSERT INTO counter (
    run_id, parent, grp, phase, n
)
SELECT
    u.run_id, u.parent, u.grp, u.phase, u.n
FROM UNNEST(
    $1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::bigint[]
) AS u (
    run_id, parent, grp, phase, n
)
ON CONFLICT (run_id, parent, grp, phase) DO UPDATE SET n = counter.n + excluded.n
