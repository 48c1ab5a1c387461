-- Replaces a project. Parameters: arrays of the columns as in project_insert.sql. Index: primary key.
UPDATE project p SET
    name = u.name, description = u.description, labels = u.labels, state = u.state, created_at = u.created_at,
    updated_at = u.updated_at
FROM UNNEST(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::bigint[], $7::bigint[], $8::bigint[]
) AS u (org, id, name, description, labels, state, created_at, updated_at)
WHERE p.org = u.org AND p.id = u.id
