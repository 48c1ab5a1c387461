-- Children of an action that have ended, by change. ?1 run, ?2 position to start after, ?3 position to end at,
-- ?4 limit, ?5 parent. Index: action_change, which holds the parent too.
SELECT {action} FROM action a
WHERE a.run_id = ?1 AND a.changed > ?2 AND a.changed <= ?3 AND a.parent = ?5 AND a.ended_at IS NOT NULL
ORDER BY a.changed LIMIT ?4
