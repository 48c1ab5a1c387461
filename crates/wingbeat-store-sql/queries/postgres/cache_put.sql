-- Writes cache entries. Parameters: arrays of the columns. Key: primary.
INSERT INTO cache_entry (
    org, scope, key, output_uri, created_at, updated_at, source, metadata
)
SELECT
    u.org, u.scope, u.key, u.output_uri, u.created_at, u.updated_at, u.source, u.metadata
FROM UNNEST(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::text[], $8::bytea[]
) AS u (
    org, scope, key, output_uri, created_at, updated_at, source, metadata
)
ON CONFLICT (org, scope, key) DO UPDATE SET
    output_uri = excluded.output_uri, created_at = excluded.created_at, updated_at = excluded.updated_at,
    source = excluded.source, metadata = excluded.metadata
