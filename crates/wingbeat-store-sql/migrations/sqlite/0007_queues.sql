-- Queues with what runs in them, and projects' shares.

CREATE TABLE queue (
    name TEXT NOT NULL PRIMARY KEY,
    priority INTEGER NOT NULL,
    max_running INTEGER,
    paused INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    running INTEGER NOT NULL,
    waiting_parents INTEGER NOT NULL,
    changed INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What runs already is counted, and queues that are in use go on to exist.
INSERT INTO queue (name, priority, max_running, paused, deleted, running, waiting_parents, changed)
SELECT CASE queue WHEN '' THEN 'default' ELSE queue END, 0, NULL, 0, 0,
    SUM(CASE WHEN claim_fence IS NOT NULL THEN 1 ELSE 0 END),
    SUM(CASE WHEN claim_fence IS NOT NULL AND live_children > 0 THEN 1 ELSE 0 END), 0
FROM action WHERE ended_at IS NULL GROUP BY 1;

CREATE TABLE share (
    org TEXT NOT NULL,
    project TEXT NOT NULL,
    weight INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    PRIMARY KEY (org, project)
) STRICT, WITHOUT ROWID;
