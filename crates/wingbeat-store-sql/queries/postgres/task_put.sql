-- Writes task versions. Parameters: arrays of the columns as in task_columns.sql. Key: primary.
INSERT INTO task_version (
    org, project, domain, name, version, spec, environment, environment_description, short_name,
    description, is_entrypoint, deployed_by, deployed_at
)
SELECT
    u.org, u.project, u.domain, u.name, u.version, u.spec, u.environment, u.environment_description,
    u.short_name, u.description, u.is_entrypoint, u.deployed_by, u.deployed_at
FROM UNNEST(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bytea[], $7::text[], $8::text[],
    $9::text[], $10::text[], $11::bigint[], $12::text[], $13::bigint[]
) AS u (
    org, project, domain, name, version, spec, environment, environment_description, short_name,
    description, is_entrypoint, deployed_by, deployed_at
)
ON CONFLICT (org, project, domain, name, version) DO UPDATE SET
    spec = excluded.spec, environment = excluded.environment,
    environment_description = excluded.environment_description, short_name = excluded.short_name,
    description = excluded.description, is_entrypoint = excluded.is_entrypoint,
    deployed_by = excluded.deployed_by, deployed_at = excluded.deployed_at
