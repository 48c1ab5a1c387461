-- Executor sessions, work that is left, and requests that were answered.

CREATE TABLE session (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    executor TEXT COLLATE "C" NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT
);

CREATE INDEX session_open ON session (executor) WHERE ended_at IS NULL;

CREATE TABLE follow_up (
    id BIGINT PRIMARY KEY,
    kind BIGINT NOT NULL, -- 1 abort children, 2 wake cache waiters, 3 lose a session
    run_id BIGINT,        -- kind 1
    action TEXT COLLATE "C",
    abort_reason TEXT COLLATE "C",
    abort_by TEXT COLLATE "C",
    abort_at BIGINT,
    cache_org TEXT COLLATE "C",        -- kind 2
    cache_scope TEXT COLLATE "C",
    cache_key TEXT COLLATE "C",
    session TEXT COLLATE "C"           -- kind 3
);

CREATE TABLE replay (
    key TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    digest BYTEA NOT NULL CHECK (length(digest) = 32),
    run_id BIGINT NOT NULL,
    written_at BIGINT NOT NULL
);

CREATE INDEX replay_age ON replay (written_at);
