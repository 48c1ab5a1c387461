-- Children that have not ended, by name. ?1 run, ?2 parent, ?3 limit. Index: action_live_child.
SELECT {action} FROM action a
WHERE a.run_id = ?1 AND a.parent = ?2 AND a.ended_at IS NULL
ORDER BY a.name LIMIT ?3
