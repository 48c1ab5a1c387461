-- Moves the head, leaves the echo of the transaction, and wakes the other servers once it is durable.
-- $1 runs, $2 names and $3 attempts of what was touched, $4 position, $5 writer, $6 position before, $7 server.
WITH moved AS (
    UPDATE head SET seq = $4, writer = $5 WHERE one = 1
), echoed AS (
    INSERT INTO echo (seq, base, server, runs, names, attempts)
    VALUES ($4, $6, $7, $1::bigint[], $2::text[], $3::bigint[])
)
SELECT pg_notify('wingbeat' || hashtext(current_schema()), CAST(CAST($7 AS BIGINT) AS TEXT))
