-- A cache entry. ?1 org, ?2 scope, ?3 key. Index: primary key.
SELECT org, scope, key, output_uri, created_at, updated_at, source, metadata
FROM cache_entry WHERE org = ?1 AND scope = ?2 AND key = ?3
