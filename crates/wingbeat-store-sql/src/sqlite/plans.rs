//! Every statement is prepared on a real database, and how SQLite means to run it is compared with
//! `queries/sqlite/plans.txt`. To accept new plans, run the test with `WINGBEAT_ACCEPT_PLANS=1`.

use std::fmt::Write as _;
use std::path::Path;

use rusqlite::Connection;
use wingbeat_model::{ProjectKey, RunId};
use wingbeat_store::listing::{CursorKey, ListId, Value};
use wingbeat_store::{ActionField, ActionQuery, Direction, Filter, FilterOp, RunScope, TaskQuery};

use super::{open, queries};
use crate::lists::{action_statement, task_statement};
use crate::statement::Dialect;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/queries/sqlite/plans.txt");

/// Plans that read all of something, and why that is right.
const WHOLE: [(&str, &str); 6] = [
    ("follow_up_list.sql", "the list is what is left, and is short"),
    ("attempt_held.sql", "all entries of a partial index are wanted"),
    ("session_open.sql", "all entries of a partial index are wanted"),
    ("queue_list.sql", "all are wanted, and operators make few"),
    ("share_list.sql", "all are wanted, and operators set few"),
    ("replay_expire.sql", "reads its own list of keys"),
];

fn place(domain: &str) -> ProjectKey {
    ProjectKey { org: "o".into(), project: "p".into(), domain: domain.into() }
}

fn lists() -> Vec<(String, String)> {
    let task = |version: Option<&str>| RunScope::Task {
        scope: place("d"),
        name: "n".into(),
        version: version.map(Into::into),
    };
    let scopes = [
        ("domain", RunScope::Project(place("d"))),
        ("project", RunScope::Project(place(""))),
        ("task", task(None)),
        ("task version", task(Some("v"))),
        ("run", RunScope::Run(RunId(1))),
    ];
    let parent = Filter { field: ActionField::Parent, op: FilterOp::Equal, values: vec!["a0".to_owned()] };
    let by_name = vec![(ActionField::RunName, Direction::Ascending)];
    let mut found = Vec::new();
    for (name, scope) in scopes {
        let plain = ActionQuery {
            scope,
            filters: Vec::new(),
            paused_only: false,
            sort: Vec::new(),
            limit: 20,
            after: None,
        };
        let tie = match plain.scope {
            RunScope::Run(_) => Value::Text("a".to_owned()),
            RunScope::Project(_) | RunScope::Task { .. } => Value::Int(1),
        };
        let after = CursorKey(vec![Some(Value::Int(1)), Some(tie)]).encode(ListId::of_actions(&plain));
        let variants = [
            ("", plain.clone()),
            (", next page", ActionQuery { after: Some(after), ..plain.clone() }),
            (", paused", ActionQuery { paused_only: true, ..plain.clone() }),
            (", of a parent", ActionQuery { filters: vec![parent.clone()], ..plain.clone() }),
            (", by run name", ActionQuery { sort: by_name.clone(), ..plain }),
        ];
        for (variant, query) in variants {
            let statement =
                action_statement(Dialect::Sqlite, &query, ListId::of_actions(&query)).expect("a good query");
            found.push((format!("list of actions: {name}{variant}"), statement.text));
        }
    }
    for (name, domain, versions_of) in
        [("newest in a domain", "d", None), ("newest in a project", "", None), ("versions", "d", Some("n"))]
    {
        let query = TaskQuery {
            scope: place(domain),
            versions_of: versions_of.map(Into::into),
            filters: Vec::new(),
            sort: Vec::new(),
            limit: 20,
            after: None,
        };
        let statement =
            task_statement(Dialect::Sqlite, &query, ListId::of_tasks(&query)).expect("a good query");
        found.push((format!("list of tasks: {name}"), statement.text));
    }
    found
}

fn plan(db: &Connection, name: &str, text: &str) -> Vec<String> {
    let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {text}")).unwrap_or_else(|error| {
        panic!("{name}: {error}");
    });
    let rows = statement.raw_query().mapped(|row| row.get::<_, String>(3));
    rows.collect::<Result<_, _>>().expect("a plan")
}

#[test]
fn every_statement_keeps_its_plan_and_reads_by_index() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("meta.db");
    drop(open::connect_writer(&path).expect("opens"));
    let db = open::connect_reader(&path).expect("opens");
    let files = queries::ALL.iter().map(|query| (query.file().to_owned(), query.text().to_owned()));
    let mut text = String::new();
    for (name, statement) in files.chain(lists()) {
        let lines = plan(&db, &name, &statement);
        if !WHOLE.iter().any(|(file, _)| *file == name) {
            assert!(
                !lines
                    .iter()
                    .any(|line| line.starts_with("SCAN") && !line.contains("CONSTANT") && *line != "SCAN n"),
                "{name}: {lines:?}"
            );
        }
        writeln!(text, "{name}").expect("a String takes any text");
        for line in lines {
            writeln!(text, "    {line}").expect("a String takes any text");
        }
    }
    if std::env::var_os("WINGBEAT_ACCEPT_PLANS").is_some() {
        std::fs::write(FILE, &text).expect("writes");
    }
    let known = std::fs::read_to_string(Path::new(FILE)).unwrap_or_default();
    assert!(text == known, "plans changed; look at them:\n{text}");
}
