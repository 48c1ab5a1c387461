-- Roots of a project by change. $1 org, $2 project, $3 domain or empty for all, $4 position to start after,
-- $5 limit, exceeded by what shares a position. Index: root_change.
-- Each row ends with the head as it was then; without any there is one row of nothing but the head.
SELECT {action}, h.seq FROM head h
LEFT JOIN LATERAL (
    SELECT * FROM action c
    WHERE c.parent = '' AND c.scope_org = $1 AND c.scope_project = $2 AND c.changed > $4
        AND ($3 = '' OR c.scope_domain = $3)
    ORDER BY c.changed FETCH FIRST $5 ROWS WITH TIES
) a ON TRUE
ORDER BY a.changed
