-- Writes a task version. Parameters: the columns as in task_columns.sql. Key: primary.
INSERT INTO task_version (
    org, project, domain, name, version, spec, environment, environment_description, short_name,
    description, is_entrypoint, deployed_by, deployed_at
) VALUES (
    ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13
)
ON CONFLICT (org, project, domain, name, version) DO UPDATE SET
    spec = excluded.spec, environment = excluded.environment,
    environment_description = excluded.environment_description, short_name = excluded.short_name,
    description = excluded.description, is_entrypoint = excluded.is_entrypoint,
    deployed_by = excluded.deployed_by, deployed_at = excluded.deployed_at
