-- Writes a claim on a cache key. Parameters: the columns. Key: primary.
INSERT INTO reservation (org, scope, key, run_id, action, external, expires_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (org, scope, key) DO UPDATE SET
    run_id = excluded.run_id, action = excluded.action, external = excluded.external,
    expires_at = excluded.expires_at
