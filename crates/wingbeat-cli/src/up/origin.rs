//! Where a setting was said, so that a complaint about it can name the place.

use std::fmt;
use std::path::PathBuf;

/// The place of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A flag.
    Flag(&'static str),
    /// An environment variable.
    Variable(&'static str),
    /// A line of a config file, counted from 1.
    File { path: PathBuf, line: usize },
    /// What an earlier start wrote into the data folder.
    Kept(PathBuf),
    /// Nowhere.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "flag {name}"),
            Self::Variable(name) => write!(f, "environment variable {name}"),
            Self::File { path, line } => write!(f, "{}, line {line}", path.display()),
            Self::Kept(path) => write!(f, "kept in {}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A value as it was written, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) text: String,
    pub(crate) origin: Origin,
}

impl Given {
    /// A complaint about it: `parallelism = "0" (flag --parallelism): …`.
    pub(crate) fn problem(&self, name: &str, what: impl fmt::Display) -> String {
        format!("{name} = \"{}\" ({}): {what}", self.text, self.origin)
    }
}
