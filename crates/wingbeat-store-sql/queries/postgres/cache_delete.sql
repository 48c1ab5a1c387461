-- Deletes cache entries, each looked up by itself as in action_count.sql. $1 orgs, $2 scopes, $3 keys. Index: primary key.
DELETE FROM cache_entry c USING UNNEST($1::text[], $2::text[], $3::text[]) AS k (org, scope, key)
CROSS JOIN LATERAL (
    SELECT e.ctid AS place FROM cache_entry e WHERE e.org = k.org AND e.scope = k.scope AND e.key = k.key OFFSET 0
) AS found
WHERE c.ctid = found.place
