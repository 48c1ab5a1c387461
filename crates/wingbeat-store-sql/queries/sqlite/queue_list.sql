-- All queues, by name; as many as operators made. No parameters. Index: primary key.
SELECT name, priority, max_running, paused, deleted, running, waiting_parents, changed
FROM queue ORDER BY name
