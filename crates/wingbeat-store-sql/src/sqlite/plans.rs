//! Every statement is prepared on a real database, and how SQLite means to run it is compared with
//! `queries/sqlite/plans.txt`. To accept new plans, run the test with `WINGBEAT_ACCEPT_PLANS=1`.

use std::fmt::Write as _;
use std::path::Path;

use rusqlite::Connection;
use wingbeat_model::{ProjectKey, RunId};
use wingbeat_store::listing::{CursorKey, ListId, Value};
use wingbeat_store::{
    ActionField, ActionQuery, Direction, Filter, FilterOp, Position, RunScope, TaskQuery, WindowQuery,
    WindowSort, WindowStart,
};

use super::{open, queries};
use crate::lists::{action_statement, task_statement};
use crate::statement::Dialect;
use crate::windows::Way;

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
    found.extend(by_phase());
    found.extend(windows());
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

/// A run's list in one phase, and in some.
fn by_phase() -> Vec<(String, String)> {
    let list = |name: &str, phases: &[&str]| {
        let values = phases.iter().map(|phase| (*phase).to_owned()).collect();
        let query = ActionQuery {
            scope: RunScope::Run(RunId(1)),
            filters: vec![Filter { field: ActionField::Phase, op: FilterOp::In, values }],
            paused_only: false,
            sort: Vec::new(),
            limit: 20,
            after: None,
        };
        let statement = action_statement(Dialect::Sqlite, &query, ListId::of_actions(&query));
        (format!("list of actions: run, in {name}"), statement.expect("a good query").text)
    };
    vec![list("a phase", &["6"]), list("two phases", &["6", "7"])]
}

fn windows() -> Vec<(String, String)> {
    let plain = WindowQuery {
        run: RunId(1),
        parent: None,
        phases: Vec::new(),
        group: None,
        text: String::new(),
        started_from: None,
        started_before: None,
        sort: WindowSort::Created,
        direction: Direction::Ascending,
        limit: 20,
        start: WindowStart::Skip(10),
        population: 1_000_000,
        look: 10_000,
    };
    let parent = Some(wingbeat_model::ActionName::root());
    let failed = vec![wingbeat_model::Phase::Failed];
    let both = vec![wingbeat_model::Phase::Failed, wingbeat_model::Phase::Aborted];
    let kinds = [
        ("all", plain.clone()),
        ("of a parent", WindowQuery { parent: parent.clone(), ..plain.clone() }),
        ("in a phase", WindowQuery { phases: failed.clone(), ..plain.clone() }),
        ("of a parent, in two phases", WindowQuery { parent, phases: both, ..plain.clone() }),
        ("with a text", WindowQuery { text: "x".to_owned(), ..plain.clone() }),
        ("by start, in a phase", WindowQuery { sort: WindowSort::Started, phases: failed, ..plain }),
    ];
    let middle =
        Position { at: wingbeat_model::Timestamp::from_micros(1), name: wingbeat_model::ActionName::root() };
    let mut found = Vec::new();
    for (name, query) in kinds {
        let way = Way::of(Dialect::Sqlite, &query);
        found.push((format!("window: {name}"), way.rows(None).expect("a good query").text));
        if way.has_edge() {
            found.push((format!("edge of a window: {name}"), way.edge().expect("a good query").text));
        } else {
            found.push((format!("rows before one: {name}"), way.before(&middle).text));
        }
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

/// A scan of what the statement itself has found and limited, or of a list of keys that it was given.
fn is_bounded(line: &str, plan: &[String]) -> bool {
    let of_union = line == "SCAN a" && plan.iter().any(|line| line == "COMPOUND QUERY");
    let own = matches!(line, "SCAN n" | "SCAN k" | "SCAN u") || line.starts_with("SCAN p");
    own || of_union || line.contains("CONSTANT") || line.starts_with("SCAN rarray")
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
            let whole = lines.iter().find(|line| line.starts_with("SCAN") && !is_bounded(line, &lines));
            assert!(whole.is_none(), "{name}: {lines:?}");
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
