//! Runs as rows, in the order of `run_columns.sql`. Their labels stand beside them.

use wingbeat_model::{ActionName, ProjectKey, Recovery, Relation, Run, RunId, RunKey, Seq};

use super::cell::{Binder, Columns};
use super::parts::missing;
use crate::fault::Fault;

/// Binds all columns.
pub(crate) fn bind(row: &mut Binder<'_>, run: &Run) -> Result<(), Fault> {
    row.put(run.id.0)?;
    bind_key(row, &run.key)?;
    row.put_time(run.created_at)?;
    row.put(&run.created_by)?;
    row.put(run.spec.0)?;
    row.put(run.source)?;
    row.put(i64::try_from(run.labels.len()).unwrap_or(i64::MAX))?;
    row.put(&run.base)?;
    row.put(&run.raw_prefix)?;
    row.put_time(run.start_time)?;
    row.put(&run.queue)?;
    row.put(run.max_concurrency)?;
    row.put(run.running)?;
    row.put(run.waiting_parents)?;
    row.put(run.overwrite_cache)?;
    row.put_code(run.cache_scope)?;
    row.put(run.recovery.as_ref().map(|recovery| recovery.source.0))?;
    row.put(run.recovery.as_ref().map(force_rerun_to_text))?;
    match &run.relation {
        None => row.put_nulls(5)?,
        Some(relation) => {
            row.put_code(relation.kind)?;
            bind_key(row, &relation.run)?;
        }
    }
    row.put_abort(run.abort.as_ref())?;
    row.put(run.changed.0)
}

/// Binds the three columns of a root's place.
pub(crate) fn bind_place(row: &mut Binder<'_>, run: Option<&Run>) -> Result<(), Fault> {
    let place = run.map(|run| &run.key.scope);
    row.put(place.map(|place| &*place.org))?;
    row.put(place.map(|place| &*place.project))?;
    row.put(place.map(|place| &*place.domain))
}

/// Binds the four columns of a name.
pub(crate) fn bind_key(row: &mut Binder<'_>, key: &RunKey) -> Result<(), Fault> {
    row.put(&*key.scope.org)?;
    row.put(&*key.scope.project)?;
    row.put(&*key.scope.domain)?;
    row.put(key.name())
}

/// Reads a run without its labels, and how many it has.
pub(crate) fn read(row: &mut Columns<'_>) -> Result<(Run, i64), Fault> {
    let id = RunId(row.take()?);
    let key = read_key(row)?;
    let (created_at, created_by) = (row.take_time()?, row.take()?);
    let (spec, source) = (row.take_digest()?, row.take()?);
    let label_count = row.take()?;
    let run = Run {
        id,
        key,
        created_at,
        created_by,
        spec,
        source,
        labels: Vec::new(),
        base: row.take()?,
        raw_prefix: row.take()?,
        start_time: row.take_time()?,
        queue: row.take()?,
        max_concurrency: row.take()?,
        running: row.take()?,
        waiting_parents: row.take()?,
        overwrite_cache: row.take()?,
        cache_scope: row.take_code()?,
        recovery: read_recovery(row)?,
        relation: read_relation(row)?,
        abort: row.take_abort()?,
        changed: Seq(row.take()?),
    };
    Ok((run, label_count))
}

fn read_key(row: &mut Columns<'_>) -> Result<RunKey, Fault> {
    let scope = ProjectKey { org: row.take_arc()?, project: row.take_arc()?, domain: row.take_arc()? };
    Ok(RunKey::stored(scope, &row.take::<String>()?))
}

fn read_recovery(row: &mut Columns<'_>) -> Result<Option<Recovery>, Fault> {
    let (source, forced) = (row.take::<Option<i64>>()?, row.take::<Option<String>>()?);
    Ok(source.map(|source| Recovery {
        source: RunId(source),
        force_rerun: forced.unwrap_or_default().lines().map(ActionName::stored).collect(),
    }))
}

fn force_rerun_to_text(recovery: &Recovery) -> String {
    recovery.force_rerun.iter().map(ActionName::as_str).collect::<Vec<_>>().join("\n")
}

fn read_relation(row: &mut Columns<'_>) -> Result<Option<Relation>, Fault> {
    let kind = row.take_maybe_code()?;
    let (org, project) = (row.take::<Option<_>>()?, row.take::<Option<_>>()?);
    let domain = row.take::<Option<_>>()?;
    let name = row.take::<Option<String>>()?;
    let Some(kind) = kind else { return Ok(None) };
    let lost = || missing("run of a relation");
    let scope = ProjectKey {
        org: org.ok_or_else(lost())?,
        project: project.ok_or_else(lost())?,
        domain: domain.ok_or_else(lost())?,
    };
    let name = name.ok_or_else(lost())?;
    Ok(Some(Relation { kind, run: RunKey::stored(scope, &name) }))
}
