-- Roots of a project by change. ?1 org, ?2 project, ?3 domain or empty for all, ?4 position to start after,
-- ?5 position to end at, ?6 limit. Index: root_change.
SELECT {action} FROM action a
WHERE a.parent = '' AND a.scope_org = ?1 AND a.scope_project = ?2 AND a.changed > ?4 AND a.changed <= ?5
    AND (?3 = '' OR a.scope_domain = ?3)
ORDER BY a.changed LIMIT ?6
