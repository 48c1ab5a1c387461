//! The list of breaches that are tolerated for now. It may only shrink: a line that nothing needs any more is itself a
//! finding.
//!
//! One exception per line: `rule path[::function]  # why`.

use super::Finding;

struct Exception {
    line: usize,
    rule: String,
    path: String,
    subject: String,
    reason: String,
}

/// Removes what is excepted, and adds a finding for every line that is wrong or no longer needed.
pub(crate) fn subtract(list_path: &str, list: &str, findings: Vec<Finding>) -> Vec<Finding> {
    let mut left = findings;
    for exception in parse(list) {
        let complaint = if exception.reason.is_empty() {
            Some("say why after `#`")
        } else {
            let before = left.len();
            left.retain(|finding| !exception.covers(finding));
            (left.len() == before).then_some("nothing needs this line any more: delete it")
        };
        left.extend(complaint.map(|advice| Finding::of_file(list_path, exception.line, "exception", advice)));
    }
    left
}

impl Exception {
    fn covers(&self, finding: &Finding) -> bool {
        self.rule == finding.rule && self.path == finding.path && self.subject == finding.subject
    }
}

fn parse(list: &str) -> impl Iterator<Item = Exception> {
    list.lines().enumerate().filter_map(|(ix, text)| {
        let (what, reason) = text.split_once('#').unwrap_or((text, ""));
        let (rule, place) = what.trim().split_once(' ')?;
        let (path, subject) = place.trim().split_once("::").unwrap_or((place.trim(), ""));
        Some(Exception {
            line: ix + 1,
            rule: rule.to_owned(),
            path: path.to_owned(),
            subject: subject.to_owned(),
            reason: reason.trim().to_owned(),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::{Finding, subtract};

    fn finding(path: &str, subject: &str) -> Finding {
        Finding { subject: subject.to_owned(), ..Finding::of_file(path, 7, "function-length", "too long") }
    }

    fn check(list: &str, findings: Vec<Finding>, expected: &[&str]) {
        let left = subtract("list.txt", list, findings);
        let shown: Vec<String> = left.iter().map(|f| format!("{}:{} {}", f.path, f.line, f.rule)).collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn an_exception_covers_its_function_and_no_other() {
        let list = "# a comment\n\nfunction-length a.rs::long  # a table\n";
        check(list, vec![finding("a.rs", "long"), finding("a.rs", "other")], &["a.rs:7 function-length"]);
    }

    #[test]
    fn a_line_that_is_not_needed_is_a_finding() {
        check("function-length a.rs::long # a table\n", vec![], &["list.txt:1 exception"]);
    }

    #[test]
    fn a_line_without_a_reason_is_a_finding_and_covers_nothing() {
        let found = vec![finding("a.rs", "long")];
        check("function-length a.rs::long\n", found, &["a.rs:7 function-length", "list.txt:1 exception"]);
    }
}
