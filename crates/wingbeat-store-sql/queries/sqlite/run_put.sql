-- Writes a run, new or changed. Parameters: the columns as in run_columns.sql. Key: id.
INSERT INTO run (
    id, org, project, domain, name, created_at, created_by, spec, source, label_count, base, raw_prefix,
    start_time, queue, max_concurrency, running, waiting_parents, overwrite_cache, cache_scope,
    recovery_source, recovery_force_rerun, relation_kind, relation_org, relation_project, relation_domain,
    relation_name, abort_reason, abort_by, abort_at, changed
) VALUES (
    ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22,
    ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30
)
ON CONFLICT (id) DO UPDATE SET
    created_at = excluded.created_at, created_by = excluded.created_by, spec = excluded.spec,
    source = excluded.source, label_count = excluded.label_count, base = excluded.base,
    raw_prefix = excluded.raw_prefix, start_time = excluded.start_time, queue = excluded.queue,
    max_concurrency = excluded.max_concurrency, running = excluded.running,
    waiting_parents = excluded.waiting_parents, overwrite_cache = excluded.overwrite_cache,
    cache_scope = excluded.cache_scope, recovery_source = excluded.recovery_source,
    recovery_force_rerun = excluded.recovery_force_rerun, relation_kind = excluded.relation_kind,
    relation_org = excluded.relation_org, relation_project = excluded.relation_project,
    relation_domain = excluded.relation_domain, relation_name = excluded.relation_name,
    abort_reason = excluded.abort_reason, abort_by = excluded.abort_by, abort_at = excluded.abort_at,
    changed = excluded.changed
