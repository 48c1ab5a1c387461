//! Projects, deployed tasks and settings.

use rusqlite::Connection;
use wingbeat_model::{Project, TaskKey, TaskVersion};

use super::queries::{self, Query};
use super::row::{find, first, list, write, write_bound};
use crate::fault::Fault;
use crate::rows::catalog::{bind_project, bind_task, read_project, read_task};

/// Adds a project. `false`: its key is taken.
pub(crate) fn insert_project(db: &Connection, project: &Project) -> Result<bool, Fault> {
    write_project(db, &queries::PROJECT_INSERT, project)
}

/// Replaces a project. `false`: there is none.
pub(crate) fn update_project(db: &Connection, project: &Project) -> Result<bool, Fault> {
    write_project(db, &queries::PROJECT_UPDATE, project)
}

fn write_project(db: &Connection, query: &Query, project: &Project) -> Result<bool, Fault> {
    Ok(write_bound(db, query, |row| bind_project(row, project))? > 0)
}

/// Loads a project.
pub(crate) fn load_project(db: &Connection, org: &str, id: &str) -> Result<Option<Project>, Fault> {
    find(db, &queries::PROJECT_FIND, (org, id), read_project)
}

/// Projects of an organisation, oldest first.
pub(crate) fn projects(db: &Connection, org: &str) -> Result<Vec<Project>, Fault> {
    list(db, &queries::PROJECT_LIST, [org], read_project)
}

/// Writes a task version.
pub(crate) fn put_task(db: &Connection, task: &TaskVersion) -> Result<(), Fault> {
    write_bound(db, &queries::TASK_PUT, |row| bind_task(row, task)).map(drop)
}

/// Loads a task version.
pub(crate) fn load_task(db: &Connection, key: &TaskKey) -> Result<Option<TaskVersion>, Fault> {
    let scope = &key.scope;
    let params = (&*scope.org, &*scope.project, &*scope.domain, &*key.name, &*key.version);
    find(db, &queries::TASK_FIND, params, read_task)
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
