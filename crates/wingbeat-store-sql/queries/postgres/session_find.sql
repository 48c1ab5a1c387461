-- Sessions. $1 ids. Index: primary key.
SELECT id, executor, server, started_at, ended_at, draining, terms FROM session WHERE id = ANY($1::text[])
