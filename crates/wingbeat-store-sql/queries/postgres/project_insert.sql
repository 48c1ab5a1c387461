-- Adds a project; none is changed if its key is taken. Parameters: arrays of the columns. Key: (org, id).
INSERT INTO project (
    org, id, name, description, labels, state, created_at, updated_at
)
SELECT
    u.org, u.id, u.name, u.description, u.labels, u.state, u.created_at, u.updated_at
FROM UNNEST(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::bigint[], $7::bigint[], $8::bigint[]
) AS u (
    org, id, name, description, labels, state, created_at, updated_at
)
ON CONFLICT (org, id) DO NOTHING
