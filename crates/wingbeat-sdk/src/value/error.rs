//! What is wrong with a value: where it stands, what was expected there, and what was found.

use std::fmt;

/// A value of another type than the one that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueError {
    /// From the outside in: `grid`, `[2]`, `.lr`.
    path: String,
    expected: String,
    got: String,
}

impl std::error::Error for ValueError {}

impl ValueError {
    /// Says what was expected, and what was there instead.
    pub fn new(expected: impl Into<String>, got: impl Into<String>) -> Self {
        Self { path: String::new(), expected: expected.into(), got: got.into() }
    }

    /// The same error, seen from the value that holds the wrong one under `key`.
    #[must_use]
    pub fn within(mut self, key: &str) -> Self {
        let dot = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("{key}{dot}{}", self.path);
        self
    }

    /// The same error, seen from the list that holds the wrong value.
    #[must_use]
    pub fn at(self, ix: usize) -> Self {
        self.within(&format!("[{ix}]"))
    }
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "`{}`: ", self.path)?;
        }
        write!(f, "expected {}, got {}", self.expected, self.got)
    }
}
