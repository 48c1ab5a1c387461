-- The newest root of each task in a domain. ?1 org, ?2 project, ?3 domain, ?4 earliest creation, ?5 limit.
-- Index: root_age. max() makes SQLite take the other columns from the row that holds the maximum.
SELECT {action} FROM (
    SELECT id, max(created_at) AS newest, run_id FROM action
    WHERE parent = '' AND scope_org = ?1 AND scope_project = ?2 AND scope_domain = ?3 AND created_at >= ?4
    GROUP BY task_project, task_domain, task_name
) n
CROSS JOIN action a ON a.id = n.id
ORDER BY n.newest DESC, n.run_id DESC LIMIT ?5
