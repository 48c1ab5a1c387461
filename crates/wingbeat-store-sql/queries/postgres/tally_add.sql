-- Adds to sums. Parameters: arrays of the columns, the sum being the difference. Key: primary.
INSERT INTO tally (
    run_id, kind, slot, grp, task, code, n
)
SELECT
    u.run_id, u.kind, u.slot, u.grp, u.task, u.code, u.n
FROM UNNEST(
    $1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::bigint[], $7::bigint[]
) AS u (
    run_id, kind, slot, grp, task, code, n
)
ON CONFLICT (run_id, kind, slot, grp, task, code) DO UPDATE SET n = tally.n + excluded.n
