-- Writes claims on cache keys. Parameters: arrays of the columns. Key: primary.
INSERT INTO reservation (
    org, scope, key, run_id, action, external, expires_at
)
SELECT
    u.org, u.scope, u.key, u.run_id, u.action, u.external, u.expires_at
FROM UNNEST(
    $1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::bigint[]
) AS u (
    org, scope, key, run_id, action, external, expires_at
)
ON CONFLICT (org, scope, key) DO UPDATE SET
    run_id = excluded.run_id, action = excluded.action, external = excluded.external,
    expires_at = excluded.expires_at
