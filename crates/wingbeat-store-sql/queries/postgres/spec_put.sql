-- Stores specs; known ones are left alone. Parameters: arrays of the columns. Key: digest.
INSERT INTO spec (
    digest, bytes
)
SELECT
    u.digest, u.bytes
FROM UNNEST(
    $1::bytea[], $2::bytea[]
) AS u (
    digest, bytes
)
ON CONFLICT (digest) DO NOTHING
