-- Actions that have not ended, by key. $1 run and $2 name to start after, $3 limit. Index: action_live.
SELECT {action} FROM action a
WHERE a.ended_at IS NULL AND (a.run_id, a.name) > ($1, $2)
ORDER BY a.run_id, a.name LIMIT $3
