//! The schema's regular expressions, each by a function: there are five, and an engine would be a dependency
//! with a cost for every server. A test fails on a pattern that is not here.

/// A pattern of the schema.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pattern {
    /// As the schema writes it.
    pub(super) text: &'static str,
    /// Does a text match?
    pub(super) matches: fn(&str) -> bool,
}

const PATTERNS: [Pattern; 5] = [
    Pattern {
        text: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
        matches: |text| dashed(text, |c| c.is_ascii_lowercase() || c.is_ascii_digit()),
    },
    Pattern {
        text: "^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$",
        matches: |text| text.len() <= 63 && dashed(text, |c| c.is_ascii_alphanumeric()),
    },
    Pattern { text: "^[A-Za-z0-9._-]*$", matches: |text| text.chars().all(is_name) },
    Pattern { text: "^[A-Za-z0-9._-]+$", matches: |text| !text.is_empty() && text.chars().all(is_name) },
    Pattern {
        text: "^[-a-zA-Z0-9_]+$",
        matches: |text| !text.is_empty() && text.chars().all(|c| is_name(c) && c != '.'),
    },
];

/// The pattern that the schema writes as `text`.
pub(super) fn find(text: &str) -> Option<Pattern> {
    PATTERNS.into_iter().find(|pattern| pattern.text == text)
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}

/// At least one character, all of them allowed or dashes, no dash at either end.
fn dashed(text: &str, allowed: fn(char) -> bool) -> bool {
    text.starts_with(allowed) && text.ends_with(allowed) && text.chars().all(|c| allowed(c) || c == '-')
}
