-- Writes runs, new or changed. Parameters: arrays of the columns as in run_columns.sql. Key: id.
INSERT INTO run (
    id, org, project, domain, name, created_at, created_by, spec, source, label_count, base, raw_prefix,
    start_time, queue, max_concurrency, running, waiting_parents, overwrite_cache, cache_scope,
    recovery_source, recovery_force_rerun, relation_kind, relation_org, relation_project, relation_domain,
    relation_name, abort_reason, abort_by, abort_at, changed
)
SELECT
    u.id, u.org, u.project, u.domain, u.name, u.created_at, u.created_by, u.spec, u.source, u.label_count,
    u.base, u.raw_prefix, u.start_time, u.queue, u.max_concurrency, u.running, u.waiting_parents,
    u.overwrite_cache, u.cache_scope, u.recovery_source, u.recovery_force_rerun, u.relation_kind,
    u.relation_org, u.relation_project, u.relation_domain, u.relation_name, u.abort_reason, u.abort_by,
    u.abort_at, u.changed
FROM UNNEST(
    $1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::bytea[],
    $9::bigint[], $10::bigint[], $11::text[], $12::text[], $13::bigint[], $14::text[], $15::bigint[],
    $16::bigint[], $17::bigint[], $18::bigint[], $19::bigint[], $20::bigint[], $21::text[], $22::bigint[],
    $23::text[], $24::text[], $25::text[], $26::text[], $27::text[], $28::text[], $29::bigint[],
    $30::bigint[]
) AS u (
    id, org, project, domain, name, created_at, created_by, spec, source, label_count, base, raw_prefix,
    start_time, queue, max_concurrency, running, waiting_parents, overwrite_cache, cache_scope,
    recovery_source, recovery_force_rerun, relation_kind, relation_org, relation_project, relation_domain,
    relation_name, abort_reason, abort_by, abort_at, changed
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
