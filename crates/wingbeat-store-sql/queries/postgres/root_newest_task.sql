-- The newest root of a task. $1 org, $2 project, $3 domain, $4 name, $5 version or NULL for all,
-- $6 earliest creation, $7 limit. Index: root_task_age.
SELECT {action} FROM action a
WHERE a.parent = '' AND a.scope_org = $1 AND a.task_project = $2 AND a.task_domain = $3 AND a.task_name = $4
    AND a.created_at >= $6 AND ($5::text IS NULL OR a.task_version = $5)
ORDER BY a.created_at DESC, a.run_id DESC LIMIT least(1, $7)
