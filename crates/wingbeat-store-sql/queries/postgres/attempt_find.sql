-- Attempts by key, each looked up by itself. $1 runs, $2 actions, $3 numbers. Index: primary key.
SELECT {attempt} FROM UNNEST($1::bigint[], $2::text[], $3::bigint[]) AS k (run_id, action, attempt)
CROSS JOIN LATERAL (
    SELECT * FROM attempt c WHERE c.run_id = k.run_id AND c.action = k.action AND c.attempt = k.attempt OFFSET 0
) t
