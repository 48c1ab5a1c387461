-- Actions that wait for a cache key, oldest first. ?1 org, ?2 scope, ?3 key, ?4 limit. Index: action_cache_wait.
SELECT {action} FROM action a
WHERE a.wait_org = ?1 AND a.wait_scope = ?2 AND a.wait_key = ?3
ORDER BY a.since, a.run_id, a.name LIMIT ?4
