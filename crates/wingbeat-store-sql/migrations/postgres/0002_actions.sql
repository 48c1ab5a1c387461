-- Actions with their present state in columns. Which columns are set follows from the phase.

CREATE TABLE action (
    run_id BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    parent TEXT COLLATE "C" NOT NULL, -- empty for the root
    depth BIGINT NOT NULL,
    kind BIGINT NOT NULL,
    grp TEXT COLLATE "C" NOT NULL,
    spec BYTEA NOT NULL,
    task_project TEXT COLLATE "C" NOT NULL,
    task_domain TEXT COLLATE "C" NOT NULL,
    task_name TEXT COLLATE "C" NOT NULL,
    task_version TEXT COLLATE "C" NOT NULL,
    task_short_name TEXT COLLATE "C" NOT NULL,
    task_environment TEXT COLLATE "C" NOT NULL,
    task_type TEXT COLLATE "C" NOT NULL,
    input_uri TEXT COLLATE "C" NOT NULL,
    queue TEXT COLLATE "C" NOT NULL,
    priority BIGINT NOT NULL,
    cpu_millis BIGINT NOT NULL,
    memory_bytes BIGINT NOT NULL,
    gpus BIGINT NOT NULL,
    user_retries BIGINT NOT NULL,
    backoff_base BIGINT,
    backoff_factor DOUBLE PRECISION,
    backoff_cap BIGINT,
    max_runtime BIGINT,
    max_queued BIGINT,
    deadline BIGINT,
    cache_org TEXT COLLATE "C",
    cache_scope TEXT COLLATE "C",
    cache_key TEXT COLLATE "C",
    cache_overwrite BIGINT,
    cache_serialize BIGINT,
    cache_max_age BIGINT,
    cache_status BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    next_cause BIGINT NOT NULL,
    spent_user BIGINT NOT NULL,
    spent_system BIGINT NOT NULL,
    spent_preempted BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    live_children BIGINT NOT NULL,
    reopens_since BIGINT,
    created_by TEXT COLLATE "C" NOT NULL,
    changed BIGINT NOT NULL,
    phase BIGINT NOT NULL,
    since BIGINT,         -- phases 1 to 4
    not_before BIGINT,    -- phase 1
    wait_org TEXT COLLATE "C",         -- phase 2: which cache key it waits for
    wait_scope TEXT COLLATE "C",
    wait_key TEXT COLLATE "C",
    claim_session TEXT COLLATE "C",    -- phases 3 and 4
    claim_fence BIGINT,
    stopping BIGINT,      -- phase 4
    expires_at BIGINT,    -- phase 9
    ended_at BIGINT,      -- phases 5 to 8 and 10; NULL means live
    output_uri TEXT COLLATE "C",
    value BYTEA,
    signalled_by TEXT COLLATE "C",
    failure_class BIGINT, -- phases 6 and 8
    failure_code TEXT COLLATE "C",
    failure_message TEXT COLLATE "C",
    failure_recoverable BIGINT,
    failure_worker TEXT COLLATE "C",
    failure_wire_kind BIGINT,
    abort_reason TEXT COLLATE "C",     -- phase 7
    abort_by TEXT COLLATE "C",
    abort_at BIGINT,
    scope_org TEXT COLLATE "C",        -- roots only: the run's place, so that lists of runs are served by one index
    scope_project TEXT COLLATE "C",
    scope_domain TEXT COLLATE "C",
    PRIMARY KEY (run_id, name),
    CHECK ((ended_at IS NULL) = (phase IN (1, 2, 3, 4, 9))),
    CHECK ((claim_fence IS NOT NULL) = (phase IN (3, 4))),
    CHECK ((wait_key IS NOT NULL) = (phase = 2))
);

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
