-- A queue. ?1 name. Index: primary key.
SELECT name, priority, max_running, paused, deleted, running, waiting_parents, changed
FROM queue WHERE name = ?1
