-- Queues that changed. $1 after which position. As many as operators made: no index.
SELECT name, priority, max_running, paused, deleted, running, waiting_parents, changed
FROM queue WHERE changed > $1
