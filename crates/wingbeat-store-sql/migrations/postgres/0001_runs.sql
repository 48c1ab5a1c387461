-- The head of the feed, specs by digest, and runs.
-- Times are microseconds since the epoch, flags 0 or 1, spans microseconds. An empty text means none.
-- Texts are compared by their bytes, whatever the language of the database.

-- Whoever writes run state holds the lock of this row from before it reads until it has committed.
CREATE TABLE head (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    seq BIGINT NOT NULL,
    writer BIGINT NOT NULL -- chosen for each transaction, so that its writer can tell later whether it took place
) WITH (fillfactor = 10);

INSERT INTO head (one, seq, writer) VALUES (1, 0, 0);

-- Apart from the head, so that taking numbers does not wait for writers.
CREATE TABLE run_number (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    next BIGINT NOT NULL -- the first number that was never reserved
) WITH (fillfactor = 10);

INSERT INTO run_number (one, next) VALUES (1, 1);

CREATE TABLE spec (
    digest BYTEA PRIMARY KEY CHECK (length(digest) = 32),
    bytes BYTEA NOT NULL
);

CREATE TABLE run (
    id BIGINT PRIMARY KEY,
    org TEXT COLLATE "C" NOT NULL,
    project TEXT COLLATE "C" NOT NULL,
    domain TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT COLLATE "C" NOT NULL,
    spec BYTEA NOT NULL,
    source BIGINT NOT NULL,
    label_count BIGINT NOT NULL, -- rows of run_label, so that most runs need not look
    base TEXT COLLATE "C" NOT NULL,
    raw_prefix TEXT COLLATE "C" NOT NULL,
    start_time BIGINT NOT NULL,
    queue TEXT COLLATE "C" NOT NULL,
    max_concurrency BIGINT,
    running BIGINT NOT NULL,
    waiting_parents BIGINT NOT NULL,
    overwrite_cache BIGINT NOT NULL,
    cache_scope BIGINT NOT NULL,
    recovery_source BIGINT,
    recovery_force_rerun TEXT COLLATE "C", -- action names, one per line
    relation_kind BIGINT,
    relation_org TEXT COLLATE "C",
    relation_project TEXT COLLATE "C",
    relation_domain TEXT COLLATE "C",
    relation_name TEXT COLLATE "C",
    abort_reason TEXT COLLATE "C",
    abort_by TEXT COLLATE "C",
    abort_at BIGINT,
    changed BIGINT NOT NULL,
    UNIQUE (org, project, domain, name),
    CHECK ((recovery_source IS NULL) = (recovery_force_rerun IS NULL)),
    CHECK ((relation_kind IS NULL) = (relation_name IS NULL)),
    CHECK ((abort_at IS NULL) = (abort_reason IS NULL))
);

CREATE TABLE run_label (
    run_id BIGINT NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (run_id, key)
);

CREATE TABLE counter (
    run_id BIGINT NOT NULL,
    parent TEXT COLLATE "C" NOT NULL,
    grp TEXT COLLATE "C" NOT NULL,
    phase BIGINT NOT NULL,
    n BIGINT NOT NULL,
    PRIMARY KEY (run_id, parent, grp, phase)
);
