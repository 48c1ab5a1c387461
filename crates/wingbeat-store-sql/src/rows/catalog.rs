//! Projects and deployed tasks as rows.

use wingbeat_model::{Project, ProjectKey, TaskKey, TaskVersion};

use super::cell::{Binder, Columns};
use crate::fault::Fault;

/// Binds all columns of a project.
pub(crate) fn bind_project(row: &mut Binder<'_>, project: &Project) -> Result<(), Fault> {
    row.put(&*project.org)?;
    row.put(&*project.id)?;
    row.put(&project.name)?;
    row.put(&project.description)?;
    row.put(&project.labels)?;
    row.put_code(project.state)?;
    row.put_time(project.created_at)?;
    row.put_time(project.updated_at)
}

/// Reads a project.
pub(crate) fn read_project(row: &mut Columns<'_>) -> Result<Project, Fault> {
    Ok(Project {
        org: row.take_arc()?,
        id: row.take_arc()?,
        name: row.take()?,
        description: row.take()?,
        labels: row.take()?,
        state: row.take_code()?,
        created_at: row.take_time()?,
        updated_at: row.take_time()?,
    })
}

/// Binds all columns of a task version.
pub(crate) fn bind_task(row: &mut Binder<'_>, task: &TaskVersion) -> Result<(), Fault> {
    let scope = &task.key.scope;
    let key = [&scope.org, &scope.project, &scope.domain, &task.key.name, &task.key.version];
    key.into_iter().try_for_each(|text| row.put(&**text))?;
    row.put(task.spec.0)?;
    row.put(&task.environment)?;
    row.put(&task.environment_description)?;
    row.put(&task.short_name)?;
    row.put(&task.description)?;
    row.put(task.is_entrypoint)?;
    row.put(&task.deployed_by)?;
    row.put_time(task.deployed_at)
}

/// Reads a task version.
pub(crate) fn read_task(row: &mut Columns<'_>) -> Result<TaskVersion, Fault> {
    let scope = ProjectKey { org: row.take_arc()?, project: row.take_arc()?, domain: row.take_arc()? };
    Ok(TaskVersion {
        key: TaskKey { scope, name: row.take_arc()?, version: row.take_arc()? },
        spec: row.take_digest()?,
        environment: row.take()?,
        environment_description: row.take()?,
        short_name: row.take()?,
        description: row.take()?,
        is_entrypoint: row.take()?,
        deployed_by: row.take()?,
        deployed_at: row.take_time()?,
    })
}
