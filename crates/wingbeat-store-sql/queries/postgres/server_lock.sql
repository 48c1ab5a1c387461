-- Says that this server is there, for as long as the connection is. $1 the lock's first half, $2 the server.
SELECT pg_try_advisory_lock($1::int4, $2::int4)
