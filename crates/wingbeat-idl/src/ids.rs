//! Identifiers of the wire. The org is the client's text on the way out, and the deployment's on the way in:
//! clients derive odd ones (`127` from an address), and there is only one organisation yet.

use wingbeat_model::{ActionName, NameError, ProjectKey, RunKey, TaskKey};
use wingbeat_proto::flyteidl2::common::{ActionIdentifier, ProjectIdentifier, RunIdentifier};
use wingbeat_proto::flyteidl2::task::TaskIdentifier;

/// What is wrong with an identifier, with the path of the field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// A part is empty.
    #[error("{field} is empty")]
    Empty {
        /// Path of the field: `action_id.run.project`.
        field: String,
    },
    /// A part is longer than the API allows.
    #[error("{field} has {len} characters; at most {max} are allowed")]
    TooLong {
        /// Path of the field.
        field: String,
        /// Its length.
        len: usize,
        /// The most that is allowed.
        max: usize,
    },
    /// A part holds a character that makes no name.
    #[error("{field} `{value}` may not hold `/`, `\\`, control characters, or start with `.`")]
    BadCharacter {
        /// Path of the field.
        field: String,
        /// What was given.
        value: String,
    },
    /// A run or action name is wrong.
    #[error("{field}: {source}")]
    Name {
        /// Path of the field.
        field: String,
        /// What is wrong with it.
        source: NameError,
    },
}

/// The deployment's only organisation, until there are several.
pub const DEFAULT_ORG: &str = "default";

fn part(field: &str, value: &str, max: usize) -> Result<std::sync::Arc<str>, IdError> {
    let field = || field.to_owned();
    if value.is_empty() {
        return Err(IdError::Empty { field: field() });
    }
    let len = value.chars().count();
    if len > max {
        return Err(IdError::TooLong { field: field(), len, max });
    }
    if value.starts_with('.') || value.contains(|c: char| matches!(c, '/' | '\\') || c.is_control()) {
        return Err(IdError::BadCharacter { field: field(), value: value.to_owned() });
    }
    Ok(value.into())
}

/// Org, project and domain; `field` is the path of the message they stand in.
///
/// # Errors
/// [`IdError`] with the path of the bad field.
pub fn scope(field: &str, project: &str, domain: &str) -> Result<ProjectKey, IdError> {
    Ok(ProjectKey {
        org: DEFAULT_ORG.into(),
        project: part(&format!("{field}.project"), project, 63)?,
        domain: part(&format!("{field}.domain"), domain, 63)?,
    })
}

/// From a project identifier, whose project is called `name`.
///
/// # Errors
/// [`IdError`] with the path of the bad field.
pub fn project(field: &str, wire: &ProjectIdentifier) -> Result<ProjectKey, IdError> {
    Ok(ProjectKey {
        org: DEFAULT_ORG.into(),
        project: part(&format!("{field}.name"), &wire.name, 63)?,
        domain: part(&format!("{field}.domain"), &wire.domain, 63)?,
    })
}

/// From a run identifier.
///
/// # Errors
/// [`IdError`] with the path of the bad field.
pub fn run(field: &str, wire: &RunIdentifier) -> Result<RunKey, IdError> {
    let scope = scope(field, &wire.project, &wire.domain)?;
    RunKey::new(scope, &wire.name).map_err(|source| IdError::Name { field: format!("{field}.name"), source })
}

/// From an action identifier: its run and its name there.
///
/// # Errors
/// [`IdError`] with the path of the bad field.
pub fn action(field: &str, wire: &ActionIdentifier) -> Result<(RunKey, ActionName), IdError> {
    let run = run(&format!("{field}.run"), &wire.run)?;
    // A root may be asked for by its run's name: older clients do.
    if wire.name == run.name() {
        return Ok((run, ActionName::root()));
    }
    let name = ActionName::new(&wire.name)
        .map_err(|source| IdError::Name { field: format!("{field}.name"), source })?;
    Ok((run, name))
}

/// From a task identifier.
///
/// # Errors
/// [`IdError`] with the path of the bad field.
pub fn task(field: &str, wire: &TaskIdentifier) -> Result<TaskKey, IdError> {
    Ok(TaskKey {
        scope: scope(field, &wire.project, &wire.domain)?,
        name: part(&format!("{field}.name"), &wire.name, 255)?,
        version: part(&format!("{field}.version"), &wire.version, 255)?,
    })
}

/// To the wire, with the org that the client used.
pub fn wire_run(org: &str, key: &RunKey) -> RunIdentifier {
    RunIdentifier {
        org: org.to_owned(),
        project: key.scope.project.to_string(),
        domain: key.scope.domain.to_string(),
        name: key.name().to_owned(),
        ..Default::default()
    }
}

/// To the wire, with the org that the client used.
pub fn wire_action(org: &str, run: &RunKey, name: &ActionName) -> ActionIdentifier {
    ActionIdentifier { run: wire_run(org, run).into(), name: name.as_str().to_owned(), ..Default::default() }
}

/// To the wire, with the org that the client used.
pub fn wire_task(org: &str, key: &TaskKey) -> TaskIdentifier {
    TaskIdentifier {
        org: org.to_owned(),
        project: key.scope.project.to_string(),
        domain: key.scope.domain.to_string(),
        name: key.name.to_string(),
        version: key.version.to_string(),
        ..Default::default()
    }
}
