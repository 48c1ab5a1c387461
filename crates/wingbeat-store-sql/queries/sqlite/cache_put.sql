-- Writes a cache entry. Parameters: the columns. Key: primary.
INSERT INTO cache_entry (org, scope, key, output_uri, created_at, updated_at, source, metadata)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
ON CONFLICT (org, scope, key) DO UPDATE SET
    output_uri = excluded.output_uri, created_at = excluded.created_at, updated_at = excluded.updated_at,
    source = excluded.source, metadata = excluded.metadata
