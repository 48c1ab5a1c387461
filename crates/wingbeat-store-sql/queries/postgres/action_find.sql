-- Actions by key, each looked up by itself. $1 runs, $2 names. Index: primary key.
SELECT {action} FROM UNNEST($1::bigint[], $2::text[]) AS k (run_id, name)
CROSS JOIN LATERAL (SELECT * FROM action c WHERE c.run_id = k.run_id AND c.name = k.name OFFSET 0) a
