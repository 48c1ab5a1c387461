-- Cache entries, each looked up by itself. $1 orgs, $2 scopes, $3 keys. Index: primary key.
SELECT c.org, c.scope, c.key, c.output_uri, c.created_at, c.updated_at, c.source, c.metadata
FROM UNNEST($1::text[], $2::text[], $3::text[]) AS k (org, scope, key)
CROSS JOIN LATERAL (
    SELECT * FROM cache_entry e WHERE e.org = k.org AND e.scope = k.scope AND e.key = k.key OFFSET 0
) c
