-- Reused results, and who computes one now.

CREATE TABLE cache_entry (
    org TEXT COLLATE "C" NOT NULL,
    scope TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    output_uri TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    metadata BYTEA NOT NULL,
    PRIMARY KEY (org, scope, key)
);

CREATE TABLE reservation (
    org TEXT COLLATE "C" NOT NULL,
    scope TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    run_id BIGINT,  -- an action of ours holds it,
    action TEXT COLLATE "C",
    external TEXT COLLATE "C",   -- or a client of the cache service
    expires_at BIGINT,
    PRIMARY KEY (org, scope, key),
    CHECK ((run_id IS NULL) = (action IS NULL)),
    CHECK ((run_id IS NULL) <> (external IS NULL))
);
