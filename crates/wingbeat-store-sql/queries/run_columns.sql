-- Columns of a run, in the order in which the code reads them. Used as {run}.
    r.id, r.org, r.project, r.domain, r.name, r.created_at, r.created_by, r.spec, r.source, r.label_count,
    r.base, r.raw_prefix, r.start_time, r.queue, r.max_concurrency, r.running, r.waiting_parents,
    r.overwrite_cache, r.cache_scope, r.recovery_source, r.recovery_force_rerun, r.relation_kind,
    r.relation_org, r.relation_project, r.relation_domain, r.relation_name, r.abort_reason, r.abort_by,
    r.abort_at, r.changed
