-- Actions of a run by change. ?1 run, ?2 position to start after, ?3 position to end at, ?4 limit.
-- Index: action_change.
SELECT {action} FROM action a
WHERE a.run_id = ?1 AND a.changed > ?2 AND a.changed <= ?3
ORDER BY a.changed LIMIT ?4
