//! Many callers at once: every acknowledged commit is there, and no number is given twice.

use std::collections::BTreeSet;

use futures::future::join_all;
use wingbeat_model::{Changes, CounterKey, Needs, Phase, RunId, Seq};

use super::rows::{action, key, put_runs};
use super::{Store, put, step};

/// Two hundred commits at once: each has its own position, none is lost, and none overwrites another's work.
pub async fn many_commits_at_once(store: Store) {
    const COMMITS: u32 = 200;
    put_runs(&store, [1]).await;
    let root = || Needs { actions: BTreeSet::from([key(1, "a0")]), ..Needs::default() };
    let commits = (0..COMMITS).map(|ix| {
        step(&store, vec![root()], move |loaded, seq| {
            // Reads what the commit before it wrote: a lost update would show in the sum.
            let mut root = loaded.actions[&key(1, "a0")].clone();
            root.attempts += 1;
            root.changed = seq;
            let child = action(1, &format!("c{ix}"), seq);
            let count = CounterKey {
                run: RunId(1),
                parent: child.parent.clone(),
                group: String::new(),
                phase: Phase::Queued,
            };
            Changes { actions: vec![root, child], counters: [(count, 1)].into(), ..Changes::default() }
        })
    });
    let positions = join_all(commits).await.into_iter().map(|(_, seq)| seq).collect::<Vec<_>>();
    assert_eq!(positions.iter().collect::<BTreeSet<_>>().len(), positions.len());
    assert_eq!(store.head().await.expect("reads"), *positions.iter().max().expect("there are some"));
    let root = store.find_action(&key(1, "a0")).await.expect("reads").expect("it is there");
    assert_eq!(root.attempts, COMMITS);
    assert_eq!(store.counts(RunId(1)).await.expect("reads")[0].count, i64::from(COMMITS));
    for (ix, seq) in positions.iter().enumerate() {
        let child = store.find_action(&key(1, &format!("c{ix}"))).await.expect("reads");
        assert_eq!(child.map(|child| child.changed), Some(*seq));
    }
}

/// Commits that change nothing but the counts of a row, between others that change the rest of it: both are kept.
pub async fn counts_change_beside_the_rest(store: Store) {
    const COMMITS: u32 = 40;
    put_runs(&store, [1]).await;
    let needs = || Needs { actions: [key(1, "a0")].into(), runs: [RunId(1)].into(), ..Needs::default() };
    let commit = |rest: u32| {
        step(&store, vec![needs()], move |loaded, seq| {
            let (mut root, mut run) = (loaded.actions[&key(1, "a0")].clone(), loaded.runs[&RunId(1)].clone());
            root.live_children += 1;
            root.attempts += rest;
            run.running += 2;
            run.waiting_parents += 1;
            run.source += i32::try_from(rest).expect("it is small");
            run.changed = seq;
            Changes { actions: vec![root], runs: vec![run], ..Changes::default() }
        })
    };
    let mut rests = 0;
    for after in [0, COMMITS, 1, 0] {
        // Many of both kinds at once, then each kind alone.
        let kinds = (0..after).map(|ix| u32::from(ix % 7 == 0)).chain([0]).collect::<Vec<_>>();
        rests += kinds.iter().sum::<u32>();
        join_all(kinds.into_iter().map(&commit)).await;
    }
    let all = COMMITS + 5;
    let root = store.find_action(&key(1, "a0")).await.expect("reads").expect("it is there");
    assert_eq!((root.live_children, root.attempts), (all, rests));
    let run = store.get_runs(&[RunId(1)]).await.expect("reads").remove(0);
    assert_eq!(
        (run.running, run.waiting_parents, run.source),
        (2 * all, all, i32::try_from(rests).expect("small"))
    );
    assert_eq!(run.changed, store.head().await.expect("reads"));
}

/// A read that begins after an acknowledgement sees what was acknowledged, also when others write and read.
pub async fn reads_see_what_was_acknowledged(store: Store) {
    put_runs(&store, [1]).await;
    let callers = (0..20).map(|ix| {
        let store = &store;
        async move {
            for attempts in 1..5 {
                let name = format!("c{ix}");
                let row_name = name.clone();
                let seq = put(store, move |seq| {
                    let mut row = action(1, &row_name, seq);
                    row.attempts = attempts;
                    Changes { actions: vec![row], ..Changes::default() }
                })
                .await;
                let row = store.find_action(&key(1, &name)).await.expect("reads").expect("it is there");
                assert_eq!((row.attempts, row.changed), (attempts, seq));
                assert!(store.head().await.expect("reads") >= seq);
                let (rows, upto) =
                    store.changed_actions(RunId(1), None, Seq(seq.0 - 1), 1_000).await.expect("reads");
                assert!(upto >= seq && rows.iter().any(|row| row.key.name.as_str() == name));
            }
        }
    });
    join_all(callers).await;
}

/// Run numbers grow, and no two callers get the same.
pub async fn run_ids_are_never_given_twice(store: Store) {
    let ids = join_all((0..600).map(|_| store.next_run_id())).await;
    let ids = ids.into_iter().map(|id| id.expect("works").0).collect::<BTreeSet<_>>();
    assert_eq!(ids.len(), 600);
    let next = store.next_run_id().await.expect("works").0;
    assert!(ids.iter().all(|id| *id < next));
}
