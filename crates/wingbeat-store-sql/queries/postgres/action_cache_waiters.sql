-- Actions that wait for cache keys, oldest first. $1 orgs, $2 scopes, $3 keys, $4 limit of each.
-- Index: action_cache_wait.
SELECT {action} FROM UNNEST($1::text[], $2::text[], $3::text[]) AS k (org, scope, key)
CROSS JOIN LATERAL (
    SELECT * FROM action c
    WHERE c.wait_org = k.org AND c.wait_scope = k.scope AND c.wait_key = k.key
    ORDER BY c.since, c.run_id, c.name LIMIT $4
) a
ORDER BY a.wait_org, a.wait_scope, a.wait_key, a.since, a.run_id, a.name
