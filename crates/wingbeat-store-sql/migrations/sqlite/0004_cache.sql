-- Reused results, and who computes one now.

CREATE TABLE cache_entry (
    org TEXT NOT NULL,
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    output_uri TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    source TEXT NOT NULL,
    metadata BLOB NOT NULL,
    PRIMARY KEY (org, scope, key)
) STRICT;

CREATE TABLE reservation (
    org TEXT NOT NULL,
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    run_id INTEGER,  -- an action of ours holds it,
    action TEXT,
    external TEXT,   -- or a client of the cache service
    expires_at INTEGER,
    PRIMARY KEY (org, scope, key),
    CHECK ((run_id IS NULL) = (action IS NULL)),
    CHECK ((run_id IS NULL) <> (external IS NULL))
) STRICT, WITHOUT ROWID;
