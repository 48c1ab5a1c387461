-- Projects of an organisation, oldest first. $1 org. Index: primary key.
SELECT org, id, name, description, labels, state, created_at, updated_at
FROM project WHERE org = $1 ORDER BY created_at, id
