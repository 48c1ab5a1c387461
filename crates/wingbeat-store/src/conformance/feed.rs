//! The feed: in order, conflated, and nothing is skipped.

use wingbeat_model::{Action, ActionName, ActionOutcome, Changes, RunId, Seq, State};

use super::rows::{action, names, place, put_runs, run, runs_of};
use super::{Store, put};
use crate::RunScope;

async fn put_actions(store: &Store, rows: &'static [(i64, &'static str)]) -> Seq {
    put(store, move |seq| Changes {
        actions: rows.iter().map(|(run, name)| action(*run, name, seq)).collect(),
        ..Changes::default()
    })
    .await
}

async fn changed(store: &Store, after: Seq, limit: usize) -> (Vec<Action>, Seq) {
    store.changed_actions(RunId(1), None, after, limit).await.expect("reads")
}

/// Changes come oldest first, and the position that comes with them is where to go on.
pub async fn changes_come_in_order(store: Store) {
    put_runs(&store, [1]).await;
    let start = put_actions(&store, &[(1, "c"), (2, "x")]).await;
    let second = put_actions(&store, &[(1, "b")]).await;
    put_actions(&store, &[(1, "a")]).await;
    let last = put_actions(&store, &[(2, "y")]).await;
    let (rows, upto) = changed(&store, Seq(0), 100).await;
    assert_eq!((names(&rows), upto), (vec!["a0", "c", "b", "a"], last));
    let (rows, upto) = changed(&store, start, 1).await;
    assert_eq!((names(&rows), upto), (vec!["b"], second));
    let (rows, upto) = changed(&store, upto, 1).await;
    assert_eq!((names(&rows), upto), (vec!["a"], last));
    let (rows, upto) = changed(&store, last, 1).await;
    assert_eq!((names(&rows), upto), (vec![], last));
}

/// A row that changed many times comes once, as it is now, at the place of its last change.
pub async fn changes_are_conflated(store: Store) {
    put_runs(&store, [1]).await;
    put_actions(&store, &[(1, "a")]).await;
    put_actions(&store, &[(1, "b")]).await;
    let seq = put(&store, |seq| {
        let mut again = action(1, "a", seq);
        again.attempts = 2;
        Changes { actions: vec![again], ..Changes::default() }
    })
    .await;
    let (rows, upto) = changed(&store, Seq(0), 100).await;
    assert_eq!((names(&rows), upto), (vec!["a0", "b", "a"], seq));
    assert_eq!((rows[2].attempts, rows[2].changed), (2, seq));
}

/// Pages of any size, read one after the other, bring every row once.
pub async fn a_page_never_splits_a_position(store: Store) {
    put_runs(&store, [1]).await;
    put_actions(&store, &[(1, "a"), (1, "b")]).await;
    put_actions(&store, &[(1, "c"), (1, "d"), (1, "e"), (1, "f")]).await;
    let last = put_actions(&store, &[(1, "g")]).await;
    for limit in 0..9 {
        let (mut seen, mut after) = (Vec::new(), Seq(0));
        while after < last {
            let (rows, upto) = changed(&store, after, limit).await;
            assert!(upto > after, "a page must go on");
            assert!(rows.iter().all(|row| row.changed > after && row.changed <= upto));
            // Beyond the limit there is only the rest of the last position.
            let before = rows.iter().filter(|row| row.changed < upto).count();
            assert!(before < limit.max(1), "limit {limit} brought {:?}", names(&rows));
            assert!(rows.len() >= limit || upto == last, "fewer than the limit means that this is all");
            seen.extend(rows);
            after = upto;
        }
        assert_eq!(names(&seen).concat().replace("a0", "").len(), 7, "limit {limit}");
        assert_eq!(seen.len(), 8, "limit {limit}");
    }
}

fn child(parent: &str, name: &str, seq: Seq, ended: bool) -> Action {
    let mut child = action(1, name, seq);
    child.parent = Some(ActionName::stored(parent));
    if ended {
        let outcome = ActionOutcome::Recovered { output_uri: "file:///data/out".to_owned() };
        child.state = State::Done { outcome, at: child.created_at };
    }
    child
}

/// A parent narrows the feed to its children that have ended, and the position is that of the whole feed.
pub async fn ended_children_of_one_parent(store: Store) {
    put_runs(&store, [1]).await;
    let rows = |rows: Vec<Action>| Changes { actions: rows, ..Changes::default() };
    let seq =
        put(&store, move |seq| rows(vec![child("a0", "c", seq, true), child("c", "g", seq, true)])).await;
    let live =
        put(&store, move |seq| rows(vec![child("a0", "d", seq, true), child("a0", "e", seq, false)])).await;
    let of = async |parent: &str, after, limit| {
        let parent = ActionName::stored(parent);
        let (rows, upto) = store.changed_actions(RunId(1), Some(&parent), after, limit).await.expect("reads");
        (names(&rows).join(" "), upto)
    };
    assert_eq!(of("a0", Seq(0), 10).await, ("c d".to_owned(), live));
    assert_eq!(of("a0", Seq(0), 1).await, ("c".to_owned(), seq));
    assert_eq!(of("c", Seq(0), 10).await, ("g".to_owned(), live));
    assert_eq!(of("none", Seq(0), 10).await, (String::new(), live));
    let last = put(&store, move |seq| rows(vec![child("a0", "e", seq, true)])).await;
    assert_eq!(of("a0", live, 10).await, ("e".to_owned(), last), "it is told when it ends");
}

/// The feed of a project holds its roots only, also for all domains, for a task, and for one run.
pub async fn roots_of_a_scope(store: Store) {
    put_runs(&store, [1, 2]).await;
    let last = put(&store, |seq| {
        let mut elsewhere = run(3, seq);
        elsewhere.key = wingbeat_model::RunKey::stored(place("p", "production"), "run-3");
        let mut other_task = action(3, "a0", seq);
        other_task.task.name = String::from("env.other");
        let rows = vec![action(1, "c", seq), other_task, action(1, "a0", seq)];
        Changes { runs: vec![elsewhere], actions: rows, ..Changes::default() }
    })
    .await;
    let of = async |scope: RunScope, after, limit| {
        let (rows, upto) = store.changed_roots(&scope, Seq(after), limit).await.expect("reads");
        assert!(rows.iter().all(|row| row.parent.is_none()));
        (runs_of(&rows), upto)
    };
    let task = |name: &str, version: Option<&str>| RunScope::Task {
        scope: place("p", "development"),
        name: name.into(),
        version: version.map(Into::into),
    };
    assert_eq!(of(RunScope::Project(place("p", "development")), 0, 9).await, (vec![2, 1], last));
    assert_eq!(of(RunScope::Project(place("p", "development")), 0, 1).await.0, [2]);
    assert_eq!(of(RunScope::Project(place("p", "production")), 0, 9).await, (vec![3], last));
    let (mut all, _) = of(RunScope::Project(place("p", "")), 2, 9).await;
    all.sort_unstable();
    assert_eq!(all, [1, 3]);
    assert_eq!(of(RunScope::Project(place("q", "")), 0, 9).await, (vec![], last));
    assert_eq!(of(task("env.main", None), 0, 9).await, (vec![2, 1], last));
    assert_eq!(of(task("env.main", Some("v1")), last.0 - 1, 9).await, (vec![1], last));
    assert_eq!(of(task("env.main", Some("v2")), 0, 9).await, (vec![], last));
    assert_eq!(of(RunScope::Run(RunId(2)), 0, 9).await, (vec![2], last));
    assert_eq!(of(RunScope::Run(RunId(2)), 2, 9).await, (vec![], last));
}
