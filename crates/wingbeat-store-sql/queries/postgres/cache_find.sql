-- Cache entries. $1 orgs, $2 scopes, $3 keys. Index: primary key.
SELECT c.org, c.scope, c.key, c.output_uri, c.created_at, c.updated_at, c.source, c.metadata
FROM UNNEST($1::text[], $2::text[], $3::text[]) AS k (org, scope, key)
JOIN cache_entry c ON c.org = k.org AND c.scope = k.scope AND c.key = k.key
