-- Writes shares. Parameters: arrays of the columns. Key: org, project.
INSERT INTO share (org, project, weight, changed)
SELECT u.org, u.project, u.weight, u.changed
FROM UNNEST($1::text[], $2::text[], $3::bigint[], $4::bigint[]) AS u (org, project, weight, changed)
ON CONFLICT (org, project) DO UPDATE SET weight = excluded.weight, changed = excluded.changed
