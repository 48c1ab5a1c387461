-- Deletes cache entries. $1 orgs, $2 scopes, $3 keys. Index: primary key.
DELETE FROM cache_entry c USING UNNEST($1::text[], $2::text[], $3::text[]) AS k (org, scope, key)
WHERE c.org = k.org AND c.scope = k.scope AND c.key = k.key
