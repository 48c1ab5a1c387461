//! Lists of runs: by place, by task, and paused ones.

use wingbeat_model::{ActionOutcome, Changes, RunId, RunKey, State};

use super::listing::query;
use super::rows::{action, at, place, put_runs, run, runs_of};
use super::{Store, put};
use crate::{ActionQuery, RunScope};

/// Runs 1 to 5 in p/development, 6 in p/production, 7 in q/development; odd ones run `env.other` v2.
async fn put_places(store: &Store) {
    put(store, |seq| {
        let runs = (1..=7).map(|id| {
            let mut row = run(id, seq);
            match id {
                6 => row.key = RunKey::stored(place("p", "production"), "same-name"),
                7 => row.key = RunKey::stored(place("q", "development"), "same-name"),
                _ => {}
            }
            row
        });
        let roots = (1..=7).map(|id| {
            let mut row = action(id, "a0", seq);
            if id % 2 == 1 {
                row.task.name = String::from("env.other");
                row.task.version = String::from("v2");
            }
            row
        });
        Changes { runs: runs.collect(), actions: roots.collect(), ..Changes::default() }
    })
    .await;
    put(store, |seq| Changes { actions: vec![action(2, "child", seq)], ..Changes::default() }).await;
}

fn task(name: &str, version: Option<&str>) -> RunScope {
    let scope = place("p", "development");
    RunScope::Task { scope, name: name.into(), version: version.map(Into::into) }
}

async fn runs(store: &Store, scope: RunScope) -> Vec<i64> {
    runs_of(&store.list_actions(&query(scope)).await.expect("reads").rows)
}

/// A scope holds the roots of its place or task, newest first, and nothing else.
pub async fn scopes_hold_their_roots(store: Store) {
    put_places(&store).await;
    assert_eq!(runs(&store, RunScope::Project(place("p", "development"))).await, [5, 4, 3, 2, 1]);
    assert_eq!(runs(&store, RunScope::Project(place("p", ""))).await, [6, 5, 4, 3, 2, 1]);
    assert_eq!(runs(&store, RunScope::Project(place("q", "development"))).await, [7]);
    assert_eq!(runs(&store, RunScope::Project(place("none", ""))).await, [0; 0]);
    assert_eq!(runs(&store, task("env.main", None)).await, [6, 4, 2]);
    assert_eq!(runs(&store, task("env.other", Some("v2"))).await, [7, 5, 3, 1]);
    assert_eq!(runs(&store, task("env.other", Some("v1"))).await, [0; 0]);
    assert_eq!(runs(&store, RunScope::Run(RunId(2))).await, [2, 2]);
}

/// Only runs that hold a condition which waits for an answer.
pub async fn paused_runs(store: Store) {
    put_runs(&store, [1, 2, 3]).await;
    put(&store, |seq| {
        let mut waiting = action(2, "question", seq);
        waiting.state = State::Paused { expires: None };
        let mut answered = action(3, "question", seq);
        let outcome = ActionOutcome::Succeeded {
            output_uri: String::new(),
            value: None,
            signalled_by: "ann".to_owned(),
        };
        answered.state = State::Done { outcome, at: at(5) };
        Changes { actions: vec![waiting, answered], ..Changes::default() }
    })
    .await;
    let scope = RunScope::Project(place("p", "development"));
    let query = ActionQuery { paused_only: true, ..query(scope) };
    assert_eq!(runs_of(&store.list_actions(&query).await.expect("reads").rows), [2]);
}
