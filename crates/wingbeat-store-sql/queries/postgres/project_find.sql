-- A project. $1 org, $2 id. Index: primary key.
SELECT org, id, name, description, labels, state, created_at, updated_at
FROM project WHERE org = $1 AND id = $2
