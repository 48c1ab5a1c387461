-- Queues with what runs in them, and projects' shares.

CREATE TABLE queue (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    priority BIGINT NOT NULL,
    max_running BIGINT,
    paused BIGINT NOT NULL,
    deleted BIGINT NOT NULL,
    running BIGINT NOT NULL,
    waiting_parents BIGINT NOT NULL,
    changed BIGINT NOT NULL
);

-- What runs already is counted, and queues that are in use go on to exist.
INSERT INTO queue (name, priority, max_running, paused, deleted, running, waiting_parents, changed)
SELECT CASE queue WHEN '' THEN 'default' ELSE queue END, 0, NULL, 0, 0,
    SUM(CASE WHEN claim_fence IS NOT NULL THEN 1 ELSE 0 END),
    SUM(CASE WHEN claim_fence IS NOT NULL AND live_children > 0 THEN 1 ELSE 0 END), 0
FROM action WHERE ended_at IS NULL GROUP BY 1;

CREATE TABLE share (
    org TEXT COLLATE "C" NOT NULL,
    project TEXT COLLATE "C" NOT NULL,
    weight BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    PRIMARY KEY (org, project)
);
