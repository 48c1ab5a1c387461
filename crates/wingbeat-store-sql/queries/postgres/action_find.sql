-- Actions by key. $1 runs, $2 names. Index: primary key.
SELECT {action} FROM UNNEST($1::bigint[], $2::text[]) AS k (run_id, name)
JOIN action a ON a.run_id = k.run_id AND a.name = k.name
