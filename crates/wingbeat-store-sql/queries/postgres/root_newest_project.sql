-- The newest root of each task in a project. $1 org, $2 project, $3 earliest creation, $4 limit.
-- Index: root_project_age.
SELECT {action} FROM (
    SELECT DISTINCT ON (task_project, task_domain, task_name) * FROM action
    WHERE parent = '' AND scope_org = $1 AND scope_project = $2 AND created_at >= $3
    ORDER BY task_project, task_domain, task_name, created_at DESC, run_id DESC
) a
ORDER BY a.created_at DESC, a.run_id DESC LIMIT $4
