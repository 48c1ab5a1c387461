-- The head of the feed, specs by digest, and runs.
-- Times are microseconds since the epoch, flags 0 or 1, spans microseconds. An empty text means none.

CREATE TABLE head (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    seq INTEGER NOT NULL,
    next_run_id INTEGER NOT NULL -- the first number that was never reserved
) STRICT;

INSERT INTO head (one, seq, next_run_id) VALUES (1, 0, 1);

CREATE TABLE spec (
    digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
    bytes BLOB NOT NULL
) STRICT;

CREATE TABLE run (
    id INTEGER PRIMARY KEY,
    org TEXT NOT NULL,
    project TEXT NOT NULL,
    domain TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    spec BLOB NOT NULL,
    source INTEGER NOT NULL,
    label_count INTEGER NOT NULL, -- rows of run_label, so that most runs need not look
    base TEXT NOT NULL,
    raw_prefix TEXT NOT NULL,
    start_time INTEGER NOT NULL,
    queue TEXT NOT NULL,
    max_concurrency INTEGER,
    running INTEGER NOT NULL,
    waiting_parents INTEGER NOT NULL,
    overwrite_cache INTEGER NOT NULL,
    cache_scope INTEGER NOT NULL,
    recovery_source INTEGER,
    recovery_force_rerun TEXT, -- action names, one per line
    relation_kind INTEGER,
    relation_org TEXT,
    relation_project TEXT,
    relation_domain TEXT,
    relation_name TEXT,
    abort_reason TEXT,
    abort_by TEXT,
    abort_at INTEGER,
    changed INTEGER NOT NULL,
    UNIQUE (org, project, domain, name),
    CHECK ((recovery_source IS NULL) = (recovery_force_rerun IS NULL)),
    CHECK ((relation_kind IS NULL) = (relation_name IS NULL)),
    CHECK ((abort_at IS NULL) = (abort_reason IS NULL))
) STRICT;

CREATE TABLE run_label (
    run_id INTEGER NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (run_id, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE counter (
    run_id INTEGER NOT NULL,
    parent TEXT NOT NULL,
    grp TEXT NOT NULL,
    phase INTEGER NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (run_id, parent, grp, phase)
) STRICT, WITHOUT ROWID;
