-- Roots of a task by change. ?1 org, ?2 project, ?3 domain, ?4 name, ?5 version or NULL for all,
-- ?6 position to start after, ?7 position to end at, ?8 limit. Index: root_task_change.
SELECT {action} FROM action a
WHERE a.parent = '' AND a.scope_org = ?1 AND a.task_project = ?2 AND a.task_domain = ?3 AND a.task_name = ?4
    AND a.changed > ?6 AND a.changed <= ?7 AND (?5 IS NULL OR a.task_version = ?5)
ORDER BY a.changed LIMIT ?8
