-- Actions with their present state in columns. Which columns are set follows from the phase.

CREATE TABLE action (
    id INTEGER PRIMARY KEY,
    run_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    parent TEXT NOT NULL, -- empty for the root
    depth INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    grp TEXT NOT NULL,
    spec BLOB NOT NULL,
    task_project TEXT NOT NULL,
    task_domain TEXT NOT NULL,
    task_name TEXT NOT NULL,
    task_version TEXT NOT NULL,
    task_short_name TEXT NOT NULL,
    task_environment TEXT NOT NULL,
    task_type TEXT NOT NULL,
    input_uri TEXT NOT NULL,
    queue TEXT NOT NULL,
    priority INTEGER NOT NULL,
    cpu_millis INTEGER NOT NULL,
    memory_bytes INTEGER NOT NULL,
    gpus INTEGER NOT NULL,
    user_retries INTEGER NOT NULL,
    backoff_base INTEGER,
    backoff_factor REAL,
    backoff_cap INTEGER,
    max_runtime INTEGER,
    max_queued INTEGER,
    deadline INTEGER,
    cache_org TEXT,
    cache_scope TEXT,
    cache_key TEXT,
    cache_overwrite INTEGER,
    cache_serialize INTEGER,
    cache_max_age INTEGER,
    cache_status INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    next_cause INTEGER NOT NULL,
    spent_user INTEGER NOT NULL,
    spent_system INTEGER NOT NULL,
    spent_preempted INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    live_children INTEGER NOT NULL,
    reopens_since INTEGER,
    created_by TEXT NOT NULL,
    changed INTEGER NOT NULL,
    phase INTEGER NOT NULL,
    since INTEGER,         -- phases 1 to 4
    not_before INTEGER,    -- phase 1
    wait_org TEXT,         -- phase 2: which cache key it waits for
    wait_scope TEXT,
    wait_key TEXT,
    claim_session TEXT,    -- phases 3 and 4
    claim_fence INTEGER,
    stopping INTEGER,      -- phase 4
    expires_at INTEGER,    -- phase 9
    ended_at INTEGER,      -- phases 5 to 8 and 10; NULL means live
    output_uri TEXT,
    value BLOB,
    signalled_by TEXT,
    failure_class INTEGER, -- phases 6 and 8
    failure_code TEXT,
    failure_message TEXT,
    failure_recoverable INTEGER,
    failure_worker TEXT,
    failure_wire_kind INTEGER,
    abort_reason TEXT,     -- phase 7
    abort_by TEXT,
    abort_at INTEGER,
    scope_org TEXT,        -- roots only: the run's place, so that lists of runs are served by one index
    scope_project TEXT,
    scope_domain TEXT,
    UNIQUE (run_id, name),
    CHECK ((ended_at IS NULL) = (phase IN (1, 2, 3, 4, 9))),
    CHECK ((claim_fence IS NOT NULL) = (phase IN (3, 4))),
    CHECK ((wait_key IS NOT NULL) = (phase = 2))
) STRICT;

-- Within a run: in order of age, all of them or one parent's; and in order of change.
CREATE INDEX action_age ON action (run_id, created_at, name);
CREATE INDEX action_child_age ON action (run_id, parent, created_at, name);
CREATE INDEX action_change ON action (run_id, changed, parent);

-- What has not ended, by key and by parent.
CREATE INDEX action_live ON action (run_id, name) WHERE ended_at IS NULL;
CREATE INDEX action_live_child ON action (run_id, parent, name) WHERE ended_at IS NULL;
CREATE INDEX action_paused ON action (run_id) WHERE phase = 9;
CREATE INDEX action_cache_wait ON action (wait_org, wait_scope, wait_key, since, run_id, name)
    WHERE wait_key IS NOT NULL;

-- Lists of runs: by place and by task, in order of age and of change.
CREATE INDEX root_age ON action (scope_org, scope_project, scope_domain, created_at, run_id) WHERE parent = '';
CREATE INDEX root_project_age ON action (scope_org, scope_project, created_at, run_id) WHERE parent = '';
CREATE INDEX root_change ON action (scope_org, scope_project, changed, scope_domain) WHERE parent = '';
CREATE INDEX root_task_age ON action (scope_org, task_project, task_domain, task_name, created_at, run_id)
    WHERE parent = '';
CREATE INDEX root_task_change ON action (scope_org, task_project, task_domain, task_name, changed)
    WHERE parent = '';
