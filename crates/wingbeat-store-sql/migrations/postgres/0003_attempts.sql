-- Attempts of actions.

CREATE TABLE attempt (
    run_id BIGINT NOT NULL,
    action TEXT COLLATE "C" NOT NULL,
    attempt BIGINT NOT NULL CHECK (attempt >= 1),
    cause BIGINT NOT NULL,
    fence BIGINT NOT NULL,
    session TEXT COLLATE "C" NOT NULL,
    held BIGINT NOT NULL CHECK (held IN (0, 1)),
    phases TEXT COLLATE "C" NOT NULL, -- `phase@micros`, in order, with spaces between
    report_uri TEXT COLLATE "C",
    isolation TEXT COLLATE "C" NOT NULL,
    cache_status BIGINT NOT NULL,
    end_kind BIGINT,      -- 1 succeeded, 2 failed, 3 timed out, 4 aborted; NULL: it has not ended
    output_uri TEXT COLLATE "C",
    failure_class BIGINT, -- kinds 2 and 3
    failure_code TEXT COLLATE "C",
    failure_message TEXT COLLATE "C",
    failure_recoverable BIGINT,
    failure_worker TEXT COLLATE "C",
    failure_wire_kind BIGINT,
    reason TEXT COLLATE "C",           -- kind 4
    PRIMARY KEY (run_id, action, attempt)
);

CREATE INDEX attempt_held ON attempt (session, run_id, action, attempt) WHERE held = 1;
