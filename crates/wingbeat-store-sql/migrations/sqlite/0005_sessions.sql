-- Executor sessions, work that is left, and requests that were answered.

CREATE TABLE session (
    id TEXT NOT NULL PRIMARY KEY,
    executor TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX session_open ON session (executor) WHERE ended_at IS NULL;

CREATE TABLE follow_up (
    id INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL, -- 1 abort children, 2 wake cache waiters, 3 lose a session
    run_id INTEGER,        -- kind 1
    action TEXT,
    abort_reason TEXT,
    abort_by TEXT,
    abort_at INTEGER,
    cache_org TEXT,        -- kind 2
    cache_scope TEXT,
    cache_key TEXT,
    session TEXT           -- kind 3
) STRICT;

CREATE TABLE replay (
    key TEXT NOT NULL PRIMARY KEY,
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    run_id INTEGER NOT NULL,
    written_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX replay_age ON replay (written_at);
