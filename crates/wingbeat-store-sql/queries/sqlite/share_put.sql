-- Writes a share. Parameters: the columns. Key: org, project.
INSERT INTO share (org, project, weight, changed) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (org, project) DO UPDATE SET weight = excluded.weight, changed = excluded.changed
