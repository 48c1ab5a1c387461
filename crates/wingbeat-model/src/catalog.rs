//! Things that change seldom: projects and deployed tasks. Written by ordinary transactions.

use std::sync::Arc;

use crate::{Digest, TaskKey, Timestamp};

/// The state of a project, with the wire's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i32)]
#[allow(missing_docs, reason = "the names are the wire's own")]
pub enum ProjectState {
    Active = 0,
    Archived = 1,
    SystemGenerated = 2,
    SystemArchived = 3,
}

impl ProjectState {
    /// From the wire's number; unknown ones are `Active`.
    pub fn from_number(number: i32) -> Self {
        [Self::Active, Self::Archived, Self::SystemGenerated, Self::SystemArchived]
            .into_iter()
            .find(|state| *state as i32 == number)
            .unwrap_or(Self::Active)
    }
}

/// A project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// The organisation.
    pub org: Arc<str>,
    /// Its id: `flytesnacks`.
    pub id: Arc<str>,
    /// For people.
    pub name: String,
    /// For people.
    pub description: String,
    /// `Labels` of the wire, as bytes.
    pub labels: Vec<u8>,
    /// Its state.
    pub state: ProjectState,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// One deployed version of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskVersion {
    /// Its name and version.
    pub key: TaskKey,
    /// Digest of its `TaskSpec`.
    pub spec: Digest,
    /// Environment's name.
    pub environment: String,
    /// Environment's description, at most 255 characters.
    pub environment_description: String,
    /// Function's name.
    pub short_name: String,
    /// Short description, at most 255 characters.
    pub description: String,
    /// Is it a program's entry point?
    pub is_entrypoint: bool,
    /// Who deployed it.
    pub deployed_by: String,
    /// When it was deployed.
    pub deployed_at: Timestamp,
}
