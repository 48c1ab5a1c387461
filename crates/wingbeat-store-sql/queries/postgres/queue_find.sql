-- Queues. $1 names. Index: primary key.
SELECT name, priority, max_running, paused, deleted, running, waiting_parents, changed
FROM queue WHERE name = ANY($1::text[])
