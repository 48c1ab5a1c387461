-- Projects, deployed tasks, settings.

CREATE TABLE project (
    org TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    labels BLOB NOT NULL,
    state INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (org, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE task_version (
    org TEXT NOT NULL,
    project TEXT NOT NULL,
    domain TEXT NOT NULL,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    spec BLOB NOT NULL,
    environment TEXT NOT NULL,
    environment_description TEXT NOT NULL,
    short_name TEXT NOT NULL,
    description TEXT NOT NULL,
    is_entrypoint INTEGER NOT NULL CHECK (is_entrypoint IN (0, 1)),
    deployed_by TEXT NOT NULL,
    deployed_at INTEGER NOT NULL,
    PRIMARY KEY (org, project, domain, name, version)
) STRICT, WITHOUT ROWID;

-- The newest version of each task.
CREATE INDEX task_age ON task_version (org, project, domain, name, deployed_at, version);

CREATE TABLE setting (
    name TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
