-- Who computes cache keys. $1 orgs, $2 scopes, $3 keys. Index: primary key.
SELECT c.org, c.scope, c.key, c.run_id, c.action, c.external, c.expires_at
FROM UNNEST($1::text[], $2::text[], $3::text[]) AS k (org, scope, key)
JOIN reservation c ON c.org = k.org AND c.scope = k.scope AND c.key = k.key
