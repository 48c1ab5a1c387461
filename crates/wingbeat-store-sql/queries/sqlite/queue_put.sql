-- Writes a queue. Parameters: the columns. Key: name.
INSERT INTO queue (name, priority, max_running, paused, deleted, running, waiting_parents, changed)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
ON CONFLICT (name) DO UPDATE SET
    priority = excluded.priority, max_running = excluded.max_running, paused = excluded.paused,
    deleted = excluded.deleted, running = excluded.running, waiting_parents = excluded.waiting_parents,
    changed = excluded.changed
