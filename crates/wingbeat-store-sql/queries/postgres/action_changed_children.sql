-- Children of an action that have ended, by change. $1 run, $2 position to start after, $3 limit, exceeded by what
-- shares a position, $4 parent. Index: action_change, which holds the parent too.
-- Each row ends with the head as it was then; without any there is one row of nothing but the head.
SELECT {action}, h.seq FROM head h
LEFT JOIN LATERAL (
    SELECT * FROM action c
    WHERE c.run_id = $1 AND c.changed > $2 AND c.parent = $4 AND c.ended_at IS NOT NULL
    ORDER BY c.changed FETCH FIRST $3 ROWS WITH TIES
) a ON TRUE
ORDER BY a.changed
