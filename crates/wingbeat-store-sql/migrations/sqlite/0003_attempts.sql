-- Attempts of actions.

CREATE TABLE attempt (
    id INTEGER PRIMARY KEY,
    run_id INTEGER NOT NULL,
    action TEXT NOT NULL,
    attempt INTEGER NOT NULL CHECK (attempt >= 1),
    cause INTEGER NOT NULL,
    fence INTEGER NOT NULL,
    session TEXT NOT NULL,
    held INTEGER NOT NULL CHECK (held IN (0, 1)),
    phases TEXT NOT NULL, -- `phase@micros`, in order, with spaces between
    report_uri TEXT,
    isolation TEXT NOT NULL,
    cache_status INTEGER NOT NULL,
    end_kind INTEGER,      -- 1 succeeded, 2 failed, 3 timed out, 4 aborted; NULL: it has not ended
    output_uri TEXT,
    failure_class INTEGER, -- kinds 2 and 3
    failure_code TEXT,
    failure_message TEXT,
    failure_recoverable INTEGER,
    failure_worker TEXT,
    failure_wire_kind INTEGER,
    reason TEXT,           -- kind 4
    UNIQUE (run_id, action, attempt)
) STRICT;

CREATE INDEX attempt_held ON attempt (session, run_id, action, attempt) WHERE held = 1;
