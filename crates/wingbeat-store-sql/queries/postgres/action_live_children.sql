-- Children of actions that have not ended, by name. $1 runs, $2 parents, $3 limit of each. Index: action_live_child.
SELECT {action} FROM UNNEST($1::bigint[], $2::text[]) AS k (run_id, parent)
CROSS JOIN LATERAL (
    SELECT * FROM action c
    WHERE c.run_id = k.run_id AND c.parent = k.parent AND c.ended_at IS NULL
    ORDER BY c.name LIMIT $3
) a
ORDER BY a.run_id, a.parent, a.name
