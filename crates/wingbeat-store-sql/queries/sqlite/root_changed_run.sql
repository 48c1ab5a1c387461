-- The root of a run if it changed. ?1 run, ?2 position to start after, ?3 position to end at, ?4 limit.
-- Index: its unique key.
SELECT {action} FROM action a
WHERE a.run_id = ?1 AND a.name = 'a0' AND a.changed > ?2 AND a.changed <= ?3
ORDER BY a.changed LIMIT ?4
