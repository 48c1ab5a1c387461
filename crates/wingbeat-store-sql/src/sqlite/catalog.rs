//! Projects, deployed tasks and settings as rows.

use rusqlite::{Connection, params};
use wingbeat_model::{Project, ProjectKey, TaskKey, TaskVersion};

use super::fault::Fault;
use super::queries::{self, Query};
use super::row::{Columns, find, first, list, write, write_bound};

/// Adds a project. `false`: its key is taken.
pub(crate) fn insert_project(db: &Connection, project: &Project) -> Result<bool, Fault> {
    write_project(db, &queries::PROJECT_INSERT, project)
}

/// Replaces a project. `false`: there is none.
pub(crate) fn update_project(db: &Connection, project: &Project) -> Result<bool, Fault> {
    write_project(db, &queries::PROJECT_UPDATE, project)
}

fn write_project(db: &Connection, query: &Query, project: &Project) -> Result<bool, Fault> {
    let params = params![
        &*project.org,
        &*project.id,
        project.name,
        project.description,
        project.labels,
        project.state as i32,
        project.created_at.as_micros(),
        project.updated_at.as_micros(),
    ];
    Ok(write(db, query, params)? > 0)
}

/// Loads a project.
pub(crate) fn load_project(db: &Connection, org: &str, id: &str) -> Result<Option<Project>, Fault> {
    find(db, &queries::PROJECT_FIND, (org, id), read_project)
}

/// Projects of an organisation, oldest first.
pub(crate) fn projects(db: &Connection, org: &str) -> Result<Vec<Project>, Fault> {
    list(db, &queries::PROJECT_LIST, [org], read_project)
}

fn read_project(row: &mut Columns<'_, '_>) -> Result<Project, Fault> {
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

/// Writes a task version.
pub(crate) fn put_task(db: &Connection, task: &TaskVersion) -> Result<(), Fault> {
    write_bound(db, &queries::TASK_PUT, |row| {
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
    })
}

/// Loads a task version.
pub(crate) fn load_task(db: &Connection, key: &TaskKey) -> Result<Option<TaskVersion>, Fault> {
    let scope = &key.scope;
    let params = (&*scope.org, &*scope.project, &*scope.domain, &*key.name, &*key.version);
    find(db, &queries::TASK_FIND, params, read_task)
}

/// Reads a task version.
pub(crate) fn read_task(row: &mut Columns<'_, '_>) -> Result<TaskVersion, Fault> {
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

/// Sets a value if there is none; what is there now.
pub(crate) fn init_setting(db: &Connection, name: &str, value: &[u8]) -> Result<Vec<u8>, Fault> {
    write(db, &queries::SETTING_INIT, (name, value))?;
    let found = find_setting(db, name)?;
    found.ok_or_else(|| Fault::corrupt(format!("setting {name} after it was set")))
}

/// A setting.
pub(crate) fn find_setting(db: &Connection, name: &str) -> Result<Option<Vec<u8>>, Fault> {
    find(db, &queries::SETTING_FIND, [name], first)
}
