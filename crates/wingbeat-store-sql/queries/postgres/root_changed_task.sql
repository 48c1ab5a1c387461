-- Roots of a task by change. $1 org, $2 project, $3 domain, $4 name, $5 version or NULL for all,
-- $6 position to start after, $7 limit, exceeded by what shares a position. Index: root_task_change.
-- Each row ends with the head as it was then; without any there is one row of nothing but the head.
SELECT {action}, h.seq FROM head h
LEFT JOIN LATERAL (
    SELECT * FROM action c
    WHERE c.parent = '' AND c.scope_org = $1 AND c.task_project = $2 AND c.task_domain = $3
        AND c.task_name = $4 AND c.changed > $6 AND ($5::text IS NULL OR c.task_version = $5)
    ORDER BY c.changed FETCH FIRST $7 ROWS WITH TIES
) a ON TRUE
ORDER BY a.changed
