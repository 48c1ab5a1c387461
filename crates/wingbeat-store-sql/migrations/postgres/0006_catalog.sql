-- Projects, deployed tasks, settings.

CREATE TABLE project (
    org TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    description TEXT COLLATE "C" NOT NULL,
    labels BYTEA NOT NULL,
    state BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (org, id)
);

CREATE TABLE task_version (
    org TEXT COLLATE "C" NOT NULL,
    project TEXT COLLATE "C" NOT NULL,
    domain TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    version TEXT COLLATE "C" NOT NULL,
    spec BYTEA NOT NULL,
    environment TEXT COLLATE "C" NOT NULL,
    environment_description TEXT COLLATE "C" NOT NULL,
    short_name TEXT COLLATE "C" NOT NULL,
    description TEXT COLLATE "C" NOT NULL,
    is_entrypoint BIGINT NOT NULL CHECK (is_entrypoint IN (0, 1)),
    deployed_by TEXT COLLATE "C" NOT NULL,
    deployed_at BIGINT NOT NULL,
    PRIMARY KEY (org, project, domain, name, version)
);

-- The newest version of each task.
CREATE INDEX task_age ON task_version (org, project, domain, name, deployed_at, version);

CREATE TABLE setting (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    value BYTEA NOT NULL
);
