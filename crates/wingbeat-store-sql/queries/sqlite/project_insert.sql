-- Adds a project; none is changed if its key is taken. Parameters: the columns. Key: (org, id).
INSERT INTO project (org, id, name, description, labels, state, created_at, updated_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (org, id) DO NOTHING
