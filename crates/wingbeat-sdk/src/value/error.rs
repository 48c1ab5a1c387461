//! What is wrong with a value: where it stands, what was expected there, and what was found.

use std::fmt;

/// A value of another type than the one that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueError(Box<Mismatch>);

/// Behind a pointer, so that what every field that is read returns stays small.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mismatch {
    /// From the outside in: `grid`, `[2]`, `.lr`.
    path: String,
    expected: String,
    got: String,
}

impl std::error::Error for ValueError {}

impl ValueError {
    /// Says what was expected, and what was there instead.
    pub fn new(expected: impl Into<String>, got: impl Into<String>) -> Self {
        Self(Box::new(Mismatch { path: String::new(), expected: expected.into(), got: got.into() }))
    }

    /// The same error, seen from the value that holds the wrong one under `key`.
    #[must_use]
    pub fn within(mut self, key: &str) -> Self {
        let path = &mut self.0.path;
        let dot = if path.is_empty() || path.starts_with('[') { "" } else { "." };
        *path = format!("{key}{dot}{path}");
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
        let Mismatch { path, expected, got } = &*self.0;
        if !path.is_empty() {
            write!(f, "`{path}`: ")?;
        }
        write!(f, "expected {expected}, got {got}")
    }
}
