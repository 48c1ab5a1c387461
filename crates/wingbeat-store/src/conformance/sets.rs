//! Needs that name a set of rows: children, waiters, held attempts, sessions, queues, replays.

use std::collections::BTreeSet;

use wingbeat_model::{
    ActionKey, ActionName, ActionOutcome, Changes, Digest, Needs, Queue, QueueName, QueueTerms, ReplayKey,
    RunId, Seq, ServerId, Session, SessionId, Share, ShareKey, State,
};

use super::rows::{action, at, attempt, cache_key, key, names, put_runs};
use super::{Store, load, put};

/// At most a chunk of live children comes, by name, with their rows; ended ones and others' are left out.
pub async fn live_children_come_in_chunks(store: Store) {
    put_runs(&store, [1, 2]).await;
    put(&store, |seq| {
        let children = (0..Needs::CHUNK + 5).map(|ix| action(1, &format!("c{ix:04}"), seq));
        let mut children = children.collect::<Vec<_>>();
        let outcome = ActionOutcome::Recovered { output_uri: String::new() };
        children[3].state = State::Done { outcome, at: at(5) };
        children[4].parent = Some(ActionName::stored("c0000"));
        Changes { actions: children, ..Changes::default() }
    })
    .await;
    let parents = [key(1, "a0"), key(1, "c0000"), key(2, "a0")];
    let needs = Needs { live_children: parents.clone().into(), ..Needs::default() };
    let loaded = load(&store, needs).await;
    let children = &loaded.live_children[&parents[0]];
    assert_eq!(children.len(), Needs::CHUNK);
    assert_eq!(children[2..5], [key(1, "c0002"), key(1, "c0005"), key(1, "c0006")]);
    assert!(children.iter().all(|key| loaded.actions.contains_key(key)));
    assert_eq!(loaded.live_children[&parents[1]], [key(1, "c0004")]);
    assert_eq!(loaded.live_children.get(&parents[2]).map_or(0, Vec::len), 0);
}

/// Those who wait for a key come oldest first, equally old ones by key.
pub async fn waiters_come_oldest_first(store: Store) {
    put_runs(&store, [1, 2]).await;
    put(&store, |seq| {
        let waiting = |run, name: &str, since, key| {
            let mut row = action(run, name, seq);
            row.state = State::AwaitingCache { since: at(since), key: cache_key(key) };
            row
        };
        let rows = vec![
            waiting(2, "a", 10, "k"),
            waiting(1, "b", 30, "k"),
            waiting(1, "a", 30, "k"),
            waiting(1, "c", 5, "other"),
        ];
        Changes { actions: rows, ..Changes::default() }
    })
    .await;
    // One that goes on waits no longer.
    put(&store, |seq| Changes { actions: vec![action(1, "c", seq)], ..Changes::default() }).await;
    let wanted = BTreeSet::from([cache_key("k"), cache_key("other")]);
    let loaded = load(&store, Needs { cache_waiters: wanted, ..Needs::default() }).await;
    let waiters = &loaded.cache_waiters[&cache_key("k")];
    assert_eq!(waiters[..], [key(2, "a"), key(1, "a"), key(1, "b")]);
    assert!(waiters.iter().all(|key| loaded.actions.contains_key(key)));
    assert_eq!(loaded.cache_waiters.get(&cache_key("other")).map_or(0, Vec::len), 0);
}

/// Held attempts come by session, and all together in the order of their keys.
pub async fn held_attempts(store: Store) {
    put(&store, |_| {
        let mut over = attempt(1, "c", 1, "s1");
        over.held = false;
        let held = [attempt(2, "a", 1, "s1"), attempt(1, "b", 2, "s2"), attempt(1, "b", 1, "s1")];
        Changes { attempts: held.into_iter().chain([over]).collect(), ..Changes::default() }
    })
    .await;
    let all = store.held_attempts().await.expect("reads");
    let shown = all.iter().map(|row| (row.key.action.run.0, row.key.attempt)).collect::<Vec<_>>();
    assert_eq!(shown, [(1, 1), (1, 2), (2, 1)]);
    let (s1, s3) = (SessionId("s1".into()), SessionId("s3".into()));
    let needs = Needs { held: BTreeSet::from([s1.clone(), s3.clone()]), ..Needs::default() };
    let loaded = load(&store, needs).await;
    assert_eq!(loaded.held[&s1], [all[0].key.clone(), all[2].key.clone()]);
    assert_eq!(loaded.attempts.into_values().collect::<Vec<_>>(), [all[0].clone(), all[2].clone()]);
    assert_eq!(loaded.held.get(&s3).map_or(0, Vec::len), 0);
}

/// Sessions are found by id, the open ones also by executor.
pub async fn sessions_of_executors(store: Store) {
    let session = |id: &str, executor: &str, ended: Option<i64>| {
        let begun = Session::new(SessionId(id.into()), executor.to_owned(), ServerId(7), at(1));
        Session { ended_at: ended.map(at), ..begun }
    };
    let rows = vec![session("s1", "box", None), session("s2", "box", Some(9)), session("s3", "other", None)];
    let written = rows.clone();
    put(&store, move |_| Changes { sessions: written, ..Changes::default() }).await;
    let open = store.open_sessions().await.expect("reads");
    assert_eq!(open, [rows[0].clone(), rows[2].clone()]);
    let needs = Needs { sessions_of: BTreeSet::from(["box".to_owned()]), ..Needs::default() };
    assert_eq!(load(&store, needs).await.sessions.into_values().collect::<Vec<_>>(), rows[..1]);
    let needs = Needs { sessions: BTreeSet::from([rows[1].id.clone()]), ..Needs::default() };
    assert_eq!(load(&store, needs).await.sessions.into_values().collect::<Vec<_>>(), rows[1..2]);
    let draining = Session { draining: true, terms: vec![0, 1], ..rows[2].clone() };
    let written = draining.clone();
    put(&store, move |_| Changes { sessions: vec![written], ..Changes::default() }).await;
    assert_eq!(store.open_sessions().await.expect("reads"), [rows[0].clone(), draining.clone()]);
    let ended = session("s1", "box", Some(10));
    put(&store, move |_| Changes { sessions: vec![ended], ..Changes::default() }).await;
    assert_eq!(store.open_sessions().await.expect("reads"), [draining]);
}

/// Queues and shares are replaced whole; a queue is found by name.
pub async fn queues_and_shares(store: Store) {
    let terms = QueueTerms { priority: -3, max_running: Some(4), paused: true };
    let name = QueueName::of("gpu");
    let first = Queue { terms, running: 2, waiting_parents: 1, ..Queue::new(name.clone()) };
    let written = first.clone();
    put(&store, move |seq| Changes { queues: vec![Queue { changed: seq, ..written }], ..Changes::default() })
        .await;
    let needs = Needs { queues: BTreeSet::from([name.clone(), QueueName::of("other")]), ..Needs::default() };
    let loaded = load(&store, needs).await.queues;
    assert_eq!(loaded.keys().collect::<Vec<_>>(), [&name]);
    assert_eq!(Queue { changed: Seq(0), ..loaded[&name].clone() }, first);
    let second = Queue { terms: QueueTerms::default(), deleted: true, running: 0, ..first };
    let project = ShareKey { org: "o".into(), project: "p".into() };
    let share = |weight| Share { project: project.clone(), weight, changed: Seq(7) };
    let (written, light) = (second.clone(), share(1));
    put(&store, move |_| Changes { queues: vec![written], shares: vec![light], ..Changes::default() }).await;
    let heavy = share(9);
    put(&store, move |_| Changes { shares: vec![heavy], ..Changes::default() }).await;
    let kept = store.queues().await.expect("reads");
    assert_eq!(kept.into_iter().filter(|queue| queue.name == name).collect::<Vec<_>>(), [second]);
    assert_eq!(store.shares().await.expect("reads"), [share(9)]);
}

/// An answered request is known by its key.
pub async fn replays_are_known(store: Store) {
    let replay =
        |name: &str, byte: u8, run: i64| (ReplayKey(name.to_owned()), Digest([byte; 32]), RunId(run));
    let rows = vec![replay("r1", 1, 10), replay("r2", 2, 20)];
    put(&store, move |_| Changes { replays: rows, ..Changes::default() }).await;
    let wanted = ["r1", "r3"].map(|name| ReplayKey(name.to_owned()));
    let loaded = load(&store, Needs { replays: wanted.clone().into(), ..Needs::default() }).await;
    assert_eq!(loaded.replays.get(&wanted[0]), Some(&(Digest([1; 32]), RunId(10))));
    assert_eq!(loaded.replays.len(), 1);
}

/// A starting server reads what is live in pages, by key.
pub async fn live_actions_by_key(store: Store) {
    put_runs(&store, [1, 2, 3]).await;
    put(&store, |seq| {
        let mut ended = action(2, "a0", seq);
        let outcome = ActionOutcome::Recovered { output_uri: String::new() };
        ended.state = State::Done { outcome, at: at(5) };
        let mut paused = action(1, "z", seq);
        paused.state = State::Paused { expires: None };
        Changes { actions: vec![paused, ended, action(1, "b", seq)], ..Changes::default() }
    })
    .await;
    let (mut seen, mut after) = (Vec::new(), None::<ActionKey>);
    loop {
        let page = store.live_actions(after.as_ref(), 2).await.expect("reads");
        assert!(page.len() <= 2);
        let Some(last) = page.last() else { break };
        after = Some(last.key.clone());
        seen.extend(page);
    }
    assert_eq!(names(&seen), ["a0", "b", "z", "a0"]);
    assert_eq!(seen[3].key.run, RunId(3));
}
