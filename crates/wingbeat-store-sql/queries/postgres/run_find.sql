-- Runs by name, with their labels' keys and values. $1 orgs, $2 projects, $3 domains, $4 names.
-- Index: their unique key.
SELECT {run},
    ARRAY(SELECT l.key FROM run_label l WHERE l.run_id = r.id ORDER BY l.key),
    ARRAY(SELECT l.value FROM run_label l WHERE l.run_id = r.id ORDER BY l.key)
FROM UNNEST($1::text[], $2::text[], $3::text[], $4::text[]) AS k (org, project, domain, name)
JOIN run r ON r.org = k.org AND r.project = k.project AND r.domain = k.domain AND r.name = k.name
