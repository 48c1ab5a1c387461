//! Decides how a chunk is called: names sort by first line, then by time of writing. Pure.

use std::fmt;

const LINE_DIGITS: usize = 12;
const MAX_LINE: u64 = 999_999_999_999;

/// First line and time of writing of a chunk; ordered as readers take them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ChunkName {
    first_line: u64,
    micros: i64,
}

impl ChunkName {
    /// `None` if a number has no place in a name.
    pub(super) fn new(first_line: u64, micros: i64) -> Option<Self> {
        (first_line <= MAX_LINE && micros >= 0).then_some(Self { first_line, micros })
    }

    /// `None` if it is no chunk's name; such objects are passed over.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (line, micros) = text.strip_suffix(".pb")?.split_once('-')?;
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if line.len() != LINE_DIGITS || !digits(line) || !digits(micros) {
            return None;
        }
        let name = Self::new(line.parse().ok()?, micros.parse().ok()?)?;
        // A second spelling of one name (leading zeros) could not be opened by it.
        (name.to_string() == text).then_some(name)
    }

    pub(super) fn first_line(self) -> u64 {
        self.first_line
    }

    /// What every name with this first line starts with.
    pub(super) fn first_line_text(first_line: u64) -> String {
        format!("{:0LINE_DIGITS$}", first_line.min(MAX_LINE))
    }
}

impl fmt::Display for ChunkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}.pb", Self::first_line_text(self.first_line), self.micros)
    }
}

#[cfg(test)]
mod tests {
    use super::ChunkName;

    #[test]
    fn names_are_read_back_and_sort_as_text() {
        let early = ChunkName::new(9, 1_700_000_000_000_001).unwrap();
        let late = ChunkName::new(10, 1_600_000_000_000_000).unwrap();
        assert_eq!(early.to_string(), "000000000009-1700000000000001.pb");
        assert_eq!(ChunkName::parse(&early.to_string()), Some(early));
        assert!(early < late && early.to_string() < late.to_string());
    }

    #[test]
    fn other_names_are_no_chunks() {
        for text in [
            "",
            "x.pb",
            "000000000009.pb",
            "9-1.pb",
            "000000000009-.pb",
            "000000000009-+1.pb",
            "000000000009-01.pb",
            "000000000009-1.txt",
        ] {
            assert_eq!(ChunkName::parse(text), None, "{text}");
        }
        assert_eq!(ChunkName::new(1_000_000_000_000, 1), None);
        assert_eq!(ChunkName::new(0, -1), None);
    }
}
