//! The lists of columns that both databases' statements read, as they stand in `queries/`.

/// Columns of an action, as every query reads them.
pub(crate) const ACTION_COLUMNS: &str = include_str!("../queries/action_columns.sql");
/// Columns of a task version.
pub(crate) const TASK_COLUMNS: &str = include_str!("../queries/task_columns.sql");
/// Columns of a run.
pub(crate) const RUN_COLUMNS: &str = include_str!("../queries/run_columns.sql");
/// Columns of an attempt.
pub(crate) const ATTEMPT_COLUMNS: &str = include_str!("../queries/attempt_columns.sql");

/// A statement as databases get it: without comments, and with the lists of columns put in.
pub(crate) fn complete(source: &str) -> String {
    strip_comments(source)
        .replace("{action}", &strip_comments(ACTION_COLUMNS))
        .replace("{attempt}", &strip_comments(ATTEMPT_COLUMNS))
        .replace("{run}", &strip_comments(RUN_COLUMNS))
        .replace("{task}", &strip_comments(TASK_COLUMNS))
}

/// Leaves out comment lines, which a database would parse each time it looks a statement up.
pub(crate) fn strip_comments(source: &str) -> String {
    let lines = source.lines().filter(|line| !line.starts_with("--"));
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}
