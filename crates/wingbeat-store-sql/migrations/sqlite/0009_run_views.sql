-- Pictures of one run: sums that are kept while actions change, and windows by phase and by start.

CREATE TABLE tally (
    run_id INTEGER NOT NULL,
    kind INTEGER NOT NULL, -- 1: actions that stand somewhere, by grp, task and phase; 2: events by slot
    slot INTEGER NOT NULL, -- kind 2: seconds since the run's creation
    grp TEXT NOT NULL,     -- kind 1
    task TEXT NOT NULL,    -- kind 1
    code INTEGER NOT NULL, -- kind 1: the phase; kind 2: what happened
    n INTEGER NOT NULL,
    PRIMARY KEY (run_id, kind, slot, grp, task, code)
) STRICT, WITHOUT ROWID;

-- What is there already. A slot is as long as the age of the run wants it: see the model's `tally`.
INSERT INTO tally (run_id, kind, slot, grp, task, code, n)
SELECT run_id, 1, 0, grp, task_name, phase, count(*) FROM action WHERE name <> 'a0' GROUP BY run_id, grp, task_name, phase;

INSERT INTO tally (run_id, kind, slot, grp, task, code, n)
SELECT run_id, 2, age / width * width, '', '', code, count(*)
FROM (
    SELECT run_id, code, age, CASE
        WHEN age < 3600 THEN 1 WHEN age < 36000 THEN 10 WHEN age < 360000 THEN 100 WHEN age < 3600000 THEN 1000
        WHEN age < 36000000 THEN 10000 ELSE 100000 END AS width
    FROM (
        SELECT e.run_id, e.code, max(e.at - r.created_at, 0) / 1000000 AS age
        FROM (
            SELECT run_id, 0 AS code, created_at AS at FROM action WHERE name <> 'a0'
            UNION ALL
            SELECT run_id, 1, started_at FROM action WHERE name <> 'a0' AND started_at IS NOT NULL
            UNION ALL
            SELECT run_id, CASE WHEN started_at IS NULL THEN 100 + phase ELSE phase END, ended_at
            FROM action WHERE name <> 'a0' AND ended_at IS NOT NULL
        ) e JOIN run r ON r.id = e.run_id
    )
)
GROUP BY run_id, age / width * width, code;

-- Within a run: by phase in order of age, and what has started in order of that. The parent is there to be looked at.
CREATE INDEX action_phase ON action (run_id, phase, created_at, name, parent);
CREATE INDEX action_start ON action (run_id, started_at, name, parent) WHERE started_at IS NOT NULL;
