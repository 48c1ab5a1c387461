-- Writes queues. Parameters: arrays of the columns. Key: name.
INSERT INTO queue (
    name, priority, max_running, paused, deleted, running, waiting_parents, changed
)
SELECT
    u.name, u.priority, u.max_running, u.paused, u.deleted, u.running, u.waiting_parents, u.changed
FROM UNNEST(
    $1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[]
) AS u (
    name, priority, max_running, paused, deleted, running, waiting_parents, changed
)
ON CONFLICT (name) DO UPDATE SET
    priority = excluded.priority, max_running = excluded.max_running, paused = excluded.paused,
    deleted = excluded.deleted, running = excluded.running, waiting_parents = excluded.waiting_parents,
    changed = excluded.changed
