-- Columns of a task version, in the order in which the code reads them. Used as {task}.
    v.org, v.project, v.domain, v.name, v.version, v.spec, v.environment, v.environment_description,
    v.short_name, v.description, v.is_entrypoint, v.deployed_by, v.deployed_at
