//! Names and keys. Each is made only through its check, so a bad one cannot travel inward.

use std::fmt;
use std::sync::Arc;

/// The name of every run's first action. Clients rely on it.
pub const ROOT_ACTION: &str = "a0";

/// Why a name was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing was given.
    #[error("{what} is empty")]
    Empty {
        /// Which name: `run name`.
        what: &'static str,
    },
    /// Longer than the field allows.
    #[error("{what} `{name}` has {len} characters; at most {max} are allowed")]
    TooLong {
        /// Which name.
        what: &'static str,
        /// What was given, cut to 80 characters.
        name: String,
        /// Its length.
        len: usize,
        /// The most that is allowed.
        max: usize,
    },
    /// A character that the field does not allow.
    #[error("{what} `{name}` may hold only {allowed}")]
    BadCharacter {
        /// Which name.
        what: &'static str,
        /// What was given, cut to 80 characters.
        name: String,
        /// What is allowed, in words.
        allowed: &'static str,
    },
}

fn check(what: &'static str, name: &str, max: usize) -> Result<(), NameError> {
    if name.is_empty() {
        return Err(NameError::Empty { what });
    }
    let shown = || name.chars().take(80).collect::<String>();
    let len = name.chars().count();
    if len > max {
        return Err(NameError::TooLong { what, name: shown(), len, max });
    }
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !name.chars().all(fine) || name.starts_with('.') {
        let allowed = "letters, digits, `-`, `_` and `.` (not first)";
        return Err(NameError::BadCharacter { what, name: shown(), allowed });
    }
    Ok(())
}

/// The server's number of a run. Equal run names in two projects never meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(pub i64);

/// A position in the feed. Commit order is sequence order; gaps are harmless.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Seq(pub i64);

/// Guards one attempt: a report with another fence is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fence(pub u64);

/// One life of one executor process.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub Arc<str>);

/// One life of one server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerId(pub i64);

impl ServerId {
    /// Whoever serves a store that takes one server only.
    pub const ONLY: Self = Self(0);
}

/// SHA-256 of a stored spec.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in &self.0[..6] {
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

/// An org, a project and a domain. The org is the deployment's own name of it, not the client's text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProjectKey {
    /// Which organisation; `default` where there is only one.
    pub org: Arc<str>,
    /// Which project.
    pub project: Arc<str>,
    /// Which domain of it.
    pub domain: Arc<str>,
}

/// A run as clients name it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunKey {
    /// Where it lives.
    pub scope: ProjectKey,
    name: Arc<str>,
}

impl RunKey {
    /// The longest run name that clients can handle.
    pub const MAX_NAME: usize = 30;

    /// Checks the name: 1 to 30 characters, lower-case letters, digits and `-`, first a letter, last not `-`.
    ///
    /// # Errors
    /// [`NameError`] says what is wrong with it.
    pub fn new(scope: ProjectKey, name: &str) -> Result<Self, NameError> {
        check("run name", name, Self::MAX_NAME)?;
        let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let ends = !name.ends_with('-') && name.starts_with(|c: char| c.is_ascii_lowercase());
        if !ends || !name.chars().all(inner) {
            let allowed = "lower-case letters, digits and `-`, and starts with a letter";
            return Err(NameError::BadCharacter { what: "run name", name: name.to_owned(), allowed });
        }
        Ok(Self { scope, name: name.into() })
    }

    /// A key that was checked when it was stored.
    pub fn stored(scope: ProjectKey, name: &str) -> Self {
        Self { scope, name: name.into() }
    }

    /// The run's name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for RunKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.scope.project, self.scope.domain, self.name)
    }
}

/// A task version as clients name it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskKey {
    /// Where it was deployed.
    pub scope: ProjectKey,
    /// `environment.function`.
    pub name: Arc<str>,
    /// Version text of the deployer.
    pub version: Arc<str>,
}

/// The name of an action within its run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActionName(Arc<str>);

impl ActionName {
    /// The longest action name that is accepted.
    pub const MAX: usize = 30;

    /// Checks the name.
    ///
    /// # Errors
    /// [`NameError`] says what is wrong with it.
    pub fn new(name: &str) -> Result<Self, NameError> {
        check("action name", name, Self::MAX)?;
        Ok(Self(name.into()))
    }

    /// The root action's name.
    pub fn root() -> Self {
        Self(ROOT_ACTION.into())
    }

    /// A name that was checked when it was stored.
    pub fn stored(name: &str) -> Self {
        Self(name.into())
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Is this the run's root?
    pub fn is_root(&self) -> bool {
        &*self.0 == ROOT_ACTION
    }
}

impl fmt::Display for ActionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An action anywhere on the platform.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActionKey {
    /// Its run.
    pub run: RunId,
    /// Its name there.
    pub name: ActionName,
}

impl ActionKey {
    /// The root of `run`.
    pub fn root(run: RunId) -> Self {
        Self { run, name: ActionName::root() }
    }
}

/// One attempt of an action, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttemptKey {
    /// The action.
    pub action: ActionKey,
    /// Dense from 1.
    pub attempt: u32,
}
