-- Who computes a cache key. ?1 org, ?2 scope, ?3 key. Index: primary key.
SELECT org, scope, key, run_id, action, external, expires_at
FROM reservation WHERE org = ?1 AND scope = ?2 AND key = ?3
