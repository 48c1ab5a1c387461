-- Attempts by key. $1 runs, $2 actions, $3 numbers. Index: primary key.
SELECT {attempt} FROM UNNEST($1::bigint[], $2::text[], $3::bigint[]) AS k (run_id, action, attempt)
JOIN attempt t ON t.run_id = k.run_id AND t.action = k.action AND t.attempt = k.attempt
