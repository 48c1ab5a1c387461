-- Runs by number, with their labels' keys and values. $1 numbers. Index: primary key.
SELECT {run},
    ARRAY(SELECT l.key FROM run_label l WHERE l.run_id = r.id ORDER BY l.key),
    ARRAY(SELECT l.value FROM run_label l WHERE l.run_id = r.id ORDER BY l.key)
FROM run r WHERE r.id = ANY($1::bigint[]) ORDER BY r.id
