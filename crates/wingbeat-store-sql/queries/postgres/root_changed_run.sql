-- The root of a run if it changed. $1 run, $2 position to start after, $3 limit. Index: primary key.
-- Each row ends with the head as it was then; without any there is one row of nothing but the head.
SELECT {action}, h.seq FROM head h
LEFT JOIN LATERAL (
    SELECT * FROM action c
    WHERE c.run_id = $1 AND c.name = 'a0' AND c.changed > $2
    ORDER BY c.changed FETCH FIRST $3 ROWS WITH TIES
) a ON TRUE
ORDER BY a.changed
