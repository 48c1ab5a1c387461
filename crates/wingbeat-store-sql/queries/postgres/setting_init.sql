-- Sets a value if there is none. Parameters: arrays of the columns. Key: name.
INSERT INTO setting (
    name, value
)
SELECT
    u.name, u.value
FROM UNNEST(
    $1::text[], $2::bytea[]
) AS u (
    name, value
)
ON CONFLICT (name) DO NOTHING
