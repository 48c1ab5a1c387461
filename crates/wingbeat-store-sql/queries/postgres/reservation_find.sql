-- Who computes cache keys, each looked up by itself. $1 orgs, $2 scopes, $3 keys. Index: primary key.
SELECT c.org, c.scope, c.key, c.run_id, c.action, c.external, c.expires_at
FROM UNNEST($1::text[], $2::text[], $3::text[]) AS k (org, scope, key)
CROSS JOIN LATERAL (
    SELECT * FROM reservation e WHERE e.org = k.org AND e.scope = k.scope AND e.key = k.key OFFSET 0
) c
