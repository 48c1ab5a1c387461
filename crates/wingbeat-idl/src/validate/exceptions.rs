//! Rules of the schema that the stock client itself breaks, and that are therefore not enforced.

/// A rule that is not enforced.
#[derive(Debug)]
pub(super) struct Exception {
    /// Full name of the message; empty for every message.
    pub(super) message: &'static str,
    /// The field.
    pub(super) field: &'static str,
    /// Names of the rules, as in the schema.
    pub(super) rules: &'static [&'static str],
    /// What the client sends.
    #[allow(dead_code, reason = "read by people and by the test that wants one for each entry")]
    pub(super) reason: &'static str,
}

/// All of them. A test fails on one that matches no rule.
pub(super) const EXCEPTIONS: [Exception; 7] = [
    Exception {
        message: "",
        field: "org",
        rules: &["min_len", "pattern"],
        reason: "the client derives it from the endpoint: nothing for `localhost`, `127` for 127.0.0.1",
    },
    Exception {
        message: "",
        field: "organization",
        rules: &["min_len", "pattern"],
        reason: "the client derives it from the endpoint: nothing for `localhost`, `127` for 127.0.0.1",
    },
    Exception {
        message: "flyteidl2.common.OrgIdentifier",
        field: "name",
        rules: &["min_len", "pattern"],
        reason: "SelectCluster names the organisation so, with an empty name",
    },
    Exception {
        message: "flyteidl2.common.ProjectIdentifier",
        field: "domain",
        rules: &["min_len"],
        reason: "GetProject and UpdateProject name a project without a domain; so does GetImage when none is configured",
    },
    Exception {
        message: "flyteidl2.common.ProjectIdentifier",
        field: "name",
        rules: &["min_len"],
        reason: "GetImage names its project so, with nothing where none is configured; handlers check the rest",
    },
    Exception {
        message: "flyteidl2.common.ActionAttemptIdentifier",
        field: "attempt",
        rules: &["gt"],
        reason: "reports and code are asked for with the attempts of the status, 0 for what ran no attempt",
    },
    Exception {
        message: "flyteidl2.dataproxy.TailLogsRequest",
        field: "attempt",
        rules: &["gt"],
        reason: "get_logs() sends the attempts of the status, 0 before the first one; it expects not_found",
    },
];

/// Requests with many independent parts: one that breaks a rule must not refuse the others, so the handler checks
/// each part.
pub(super) const CHECKED_IN_PARTS: [&str; 1] = ["wingbeat.platform.v1.WatchManyRequest"];

/// Is this rule of this field not enforced?
pub(super) fn waives(message: &str, field: &str, rule: &str) -> bool {
    let fits = |one: &Exception| {
        (one.message.is_empty() || one.message == message) && one.field == field && one.rules.contains(&rule)
    };
    EXCEPTIONS.iter().any(fits)
}
