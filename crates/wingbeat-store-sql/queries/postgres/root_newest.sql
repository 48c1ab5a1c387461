-- The newest root of each task in a domain. $1 org, $2 project, $3 domain, $4 earliest creation, $5 limit.
-- Index: root_age.
SELECT {action} FROM (
    SELECT DISTINCT ON (task_project, task_domain, task_name) * FROM action
    WHERE parent = '' AND scope_org = $1 AND scope_project = $2 AND scope_domain = $3 AND created_at >= $4
    ORDER BY task_project, task_domain, task_name, created_at DESC, run_id DESC
) a
ORDER BY a.created_at DESC, a.run_id DESC LIMIT $5
