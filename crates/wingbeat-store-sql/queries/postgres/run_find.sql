-- Runs by name, each looked up by itself, with their labels' keys and values. $1 orgs, $2 projects, $3 domains, $4 names.
-- Index: their unique key.
SELECT {run},
    ARRAY(SELECT l.key FROM run_label l WHERE l.run_id = r.id ORDER BY l.key),
    ARRAY(SELECT l.value FROM run_label l WHERE l.run_id = r.id ORDER BY l.key)
FROM UNNEST($1::text[], $2::text[], $3::text[], $4::text[]) AS k (org, project, domain, name)
CROSS JOIN LATERAL (
    SELECT * FROM run c WHERE c.org = k.org AND c.project = k.project AND c.domain = k.domain AND c.name = k.name OFFSET 0
) r
