//! What a commit writes can be loaded again, field by field.

use std::collections::BTreeSet;

use wingbeat_model::{
    Abort, Action, ActionKey, ActionKind, ActionName, ActionOutcome, AttemptCause, AttemptEnd, Backoff,
    CacheOwner, CacheScope, CacheStatus, CacheUse, Changes, CounterKey, FollowUp, FollowUpKind, Needs, Phase,
    Policy, Recovery, Relation, RelationKind, Reservation, Resources, RunId, RunKey, Seq, SessionId, Span,
    Spent, State, StopCause,
};

use super::rows::{action, at, attempt, cache_entry, cache_key, claim, failure, key, place, put_runs, run};
use super::{Store, load, put, step};

fn abort() -> Abort {
    Abort { reason: "not needed".to_owned(), by: "somebody".to_owned(), at: at(77) }
}

/// A run comes back as it was written, by name and by number, labels and all.
pub async fn runs_keep_every_field(store: Store) {
    let seq = put(&store, |seq| {
        let mut full = run(2, seq);
        full.created_by.push_str("ann");
        full.source = 3;
        full.labels = vec![("a".to_owned(), String::new()), ("team".to_owned(), "ml".to_owned())];
        full.raw_prefix.push_str("file:///raw/");
        full.queue.push_str("gpu");
        full.max_concurrency = Some(64);
        full.running = 9;
        full.waiting_parents = 4;
        full.overwrite_cache = true;
        full.cache_scope = CacheScope::Global;
        let force_rerun = vec![ActionName::stored("b"), ActionName::stored("a")];
        full.recovery = Some(Recovery { source: RunId(1), force_rerun });
        full.relation = Some(Relation { kind: RelationKind::Recover, run: run(1, seq).key });
        full.abort = Some(abort());
        let mut recovering = run(3, seq);
        recovering.recovery = Some(Recovery { source: RunId(1), force_rerun: Vec::new() });
        Changes { runs: vec![run(1, seq), full, recovering], ..Changes::default() }
    })
    .await;
    let stored = store.get_runs(&[RunId(3), RunId(9), RunId(1), RunId(2)]).await.expect("reads");
    assert_eq!(stored.iter().map(|run| run.id.0).collect::<Vec<_>>(), [3, 1, 2]);
    assert_eq!(stored[1], run(1, seq));
    assert_eq!(stored[0].recovery, Some(Recovery { source: RunId(1), force_rerun: Vec::new() }));
    let full = store.find_run(&run(2, seq).key).await.expect("reads").expect("it is there");
    assert_eq!(full, stored[2]);
    assert_eq!(full.labels.len(), 2);
    assert_eq!(full.recovery.as_ref().map(|recovery| recovery.force_rerun.len()), Some(2));
    assert_eq!(full.abort, Some(abort()));
    assert_eq!(full.relation.as_ref().map(|relation| relation.run.name()), Some("run-1"));
    let elsewhere = RunKey::stored(place("p", "production"), "run-2");
    assert_eq!(store.find_run(&elsewhere).await.expect("reads"), None);
    let loaded = load(&store, Needs { runs: BTreeSet::from([RunId(2)]), ..Needs::default() }).await;
    assert_eq!(loaded.runs.get(&RunId(2)), Some(&full));
}

fn every_state() -> Vec<State> {
    let done = |outcome| State::Done { outcome, at: at(99) };
    vec![
        State::Queued { since: at(3), not_before: at(40) },
        State::AwaitingCache { since: at(4), key: cache_key("k") },
        State::Claimed { claim: claim("s", u64::MAX), since: at(5) },
        State::Running { claim: claim("s", 1), since: at(6), stopping: None },
        State::Running { claim: claim("s", 1), since: at(6), stopping: Some(StopCause::MaxRuntime) },
        State::Paused { expires: None },
        State::Paused { expires: Some(at(1_000)) },
        done(ActionOutcome::Succeeded {
            output_uri: "file:///out/".to_owned(),
            value: Some(vec![8, 0, 1]),
            signalled_by: "ann".to_owned(),
        }),
        done(ActionOutcome::Succeeded {
            output_uri: String::new(),
            value: None,
            signalled_by: String::new(),
        }),
        done(ActionOutcome::Failed(failure())),
        done(ActionOutcome::Aborted(abort())),
        done(ActionOutcome::TimedOut(failure())),
        done(ActionOutcome::Recovered { output_uri: "file:///old/".to_owned() }),
    ]
}

fn full_action(name: &str, seq: Seq) -> Action {
    Action {
        kind: ActionKind::Condition,
        group: "grid".to_owned(),
        depth: 3,
        queue: "gpu".into(),
        priority: -2,
        resources: Resources { cpu_millis: 1_500, memory_bytes: u64::MAX, gpus: 2 },
        policy: Policy {
            user_retries: 3,
            backoff: Some(Backoff { base: Span::from_millis(10), factor: 1.5, cap: None }),
            max_runtime: Some(Span::from_secs(1)),
            max_queued: Some(Span::from_secs(2)),
            deadline: Some(Span::from_secs(3)),
        },
        cache: Some(CacheUse {
            key: cache_key("use"),
            overwrite: true,
            serialize: true,
            max_age: Some(Span::from_secs(60)),
        }),
        cache_status: CacheStatus::Miss,
        attempts: 4,
        next_cause: AttemptCause::ParentRetry,
        spent: Spent { user: 1, system: 2, preempted: 3 },
        started_at: Some(at(30)),
        live_children: 5,
        reopens_since: Some(Seq(31)),
        created_by: "ann".to_owned(),
        ..action(1, name, seq)
    }
}

/// An action comes back as it was written, in every state, also when it changes from one state to another.
pub async fn actions_keep_every_state(store: Store) {
    put_runs(&store, [1]).await;
    let mut written = Vec::new();
    for (ix, state) in every_state().into_iter().enumerate() {
        let seq = put(&store, move |seq| {
            // The same row goes through all states, and each state has a row of its own.
            let moving = Action { state: state.clone(), ..full_action("moving", seq) };
            let own = Action { state, ..full_action(&format!("own-{ix}"), seq) };
            Changes { actions: vec![moving, own], ..Changes::default() }
        })
        .await;
        let state = every_state().swap_remove(ix);
        let moving = store.find_action(&key(1, "moving")).await.expect("reads");
        assert_eq!(moving, Some(Action { state: state.clone(), ..full_action("moving", seq) }));
        written.push(Action { state, ..full_action(&format!("own-{ix}"), seq) });
    }
    let keys = written.iter().map(|action| action.key.clone());
    let loaded = load(&store, Needs { actions: keys.collect(), ..Needs::default() }).await;
    written.sort_by(|a, b| a.key.cmp(&b.key));
    assert_eq!(loaded.actions.into_values().collect::<Vec<_>>(), written);
    let plain = store.find_action(&ActionKey::root(RunId(1))).await.expect("reads").expect("it is there");
    assert_eq!(plain, action(1, "a0", plain.changed));
}

/// An attempt comes back as it was written, however it ended.
pub async fn attempts_keep_every_end(store: Store) {
    let ends = [
        None,
        Some(AttemptEnd::Succeeded { output_uri: "file:///out/".to_owned() }),
        Some(AttemptEnd::Failed(failure())),
        Some(AttemptEnd::TimedOut(failure())),
        Some(AttemptEnd::Aborted { reason: "not needed".to_owned() }),
    ];
    let attempts = (1..).zip(ends).map(|(number, end)| {
        let mut row = attempt(1, "a", number, "s");
        row.held = end.is_none();
        row.end = end;
        row.cause = AttemptCause::Preempted;
        row.report_uri = (number > 2).then(|| "file:///report.html".to_owned());
        row.cache_status = CacheStatus::Populated;
        row
    });
    let mut attempts = attempts.collect::<Vec<_>>();
    attempts[0].phases.clear();
    let (written, other) = (attempts.clone(), attempt(1, "b", 1, "s"));
    put(&store, move |_| Changes {
        attempts: written.into_iter().rev().chain([other]).collect(),
        ..Changes::default()
    })
    .await;
    assert_eq!(store.list_attempts(&key(1, "a")).await.expect("reads"), attempts);
    assert_eq!(store.list_attempts(&key(2, "a")).await.expect("reads"), []);
    let wanted = BTreeSet::from([attempts[2].key.clone()]);
    let loaded = load(&store, Needs { attempts: wanted, ..Needs::default() }).await;
    assert_eq!(loaded.attempts.into_values().collect::<Vec<_>>(), [attempts[2].clone()]);
}

/// A key that nothing has is in no map; lists that were asked for may be there, but empty.
pub async fn absent_keys_are_left_out(store: Store) {
    let needs = Needs {
        runs: BTreeSet::from([RunId(4)]),
        runs_by_key: BTreeSet::from([run(4, Seq(0)).key]),
        actions: BTreeSet::from([key(4, "a0")]),
        attempts: BTreeSet::from([attempt(4, "a0", 1, "s").key]),
        cache: BTreeSet::from([cache_key("k")]),
        reservations: BTreeSet::from([cache_key("k")]),
        live_children: BTreeSet::from([key(4, "a0")]),
        cache_waiters: BTreeSet::from([cache_key("k")]),
        held: BTreeSet::from([SessionId("s".into())]),
        sessions: BTreeSet::from([SessionId("s".into())]),
        sessions_of: BTreeSet::from(["box".to_owned()]),
        replays: BTreeSet::from([wingbeat_model::ReplayKey("r".to_owned())]),
        queues: BTreeSet::from([wingbeat_model::QueueName::of("q")]),
    };
    let loaded = load(&store, needs.clone()).await;
    assert_eq!(loaded.asked, needs);
    assert!(loaded.runs.is_empty() && loaded.run_ids.is_empty() && loaded.actions.is_empty());
    assert!(loaded.attempts.is_empty() && loaded.cache.is_empty() && loaded.reservations.is_empty());
    assert!(loaded.sessions.is_empty() && loaded.replays.is_empty() && loaded.queues.is_empty());
    assert!(loaded.live_children.values().all(Vec::is_empty));
    assert!(loaded.cache_waiters.values().all(Vec::is_empty));
    assert!(loaded.held.values().all(Vec::is_empty));
    assert_eq!(store.find_action(&key(4, "a0")).await.expect("reads"), None);
}

/// What a unit learns in one round it may use to ask in the next.
pub async fn units_ask_in_rounds(store: Store) {
    put_runs(&store, [1, 2]).await;
    let by_name = Needs { runs_by_key: BTreeSet::from([run(2, Seq(0)).key]), ..Needs::default() };
    let root = Needs { actions: BTreeSet::from([key(2, "a0")]), ..Needs::default() };
    let (loaded, seq) = step(&store, vec![by_name, root], |loaded, seq| {
        assert_eq!(loaded.run_ids.get(&run(2, Seq(0)).key), Some(&RunId(2)));
        let mut root = loaded.actions[&key(2, "a0")].clone();
        root.attempts += 1;
        root.changed = seq;
        Changes { actions: vec![root], ..Changes::default() }
    })
    .await;
    assert_eq!((loaded.runs.len(), loaded.actions.len()), (1, 1));
    assert_eq!((loaded.asked.runs_by_key.len(), loaded.asked.actions.len()), (1, 1));
    let root = store.find_action(&key(2, "a0")).await.expect("reads").expect("it is there");
    assert_eq!((root.attempts, root.changed), (1, seq));
}

/// A unit that writes nothing gets the newest position, and the next one that writes gets a new one.
pub async fn units_without_changes_have_no_position(store: Store) {
    assert_eq!(store.head().await.expect("reads"), Seq(0));
    let first = put(&store, |seq| Changes { runs: vec![run(1, seq)], ..Changes::default() }).await;
    assert_eq!(put(&store, |_| Changes::default()).await, first);
    assert_eq!(store.head().await.expect("reads"), first);
    let second = put(&store, |seq| Changes { runs: vec![run(1, seq)], ..Changes::default() }).await;
    assert!(second > first);
    assert_eq!(store.head().await.expect("reads"), second);
}

/// A row that is written again replaces the one before, labels too.
pub async fn rows_are_replaced(store: Store) {
    put_runs(&store, [1]).await;
    for labels in [vec!["a", "b"], vec!["b"], vec![]] {
        let labels = labels.into_iter().map(|key| (key.to_owned(), "x".to_owned())).collect::<Vec<_>>();
        let wanted = labels.clone();
        put(&store, move |seq| {
            let mut changed = run(1, seq);
            changed.labels = labels;
            changed.running = 3;
            Changes { runs: vec![changed], ..Changes::default() }
        })
        .await;
        let stored = store.get_runs(&[RunId(1)]).await.expect("reads").remove(0);
        assert_eq!((stored.labels, stored.running), (wanted, 3));
    }
}

/// Texts are kept as they are, whatever characters they hold.
pub async fn unusual_text_survives(store: Store) {
    let text = "Grüße \u{1f98b} 100%_x ' \" \\ \r\n\t end";
    let (written, message) = (text.to_owned(), failure());
    put(&store, move |seq| {
        let mut row = action(1, "a", seq);
        row.group.clone_from(&written);
        row.task.name.clone_from(&written);
        let failure = wingbeat_model::Failure { message: written, ..message };
        row.state = State::Done { outcome: ActionOutcome::Failed(failure), at: at(1) };
        Changes { actions: vec![row], ..Changes::default() }
    })
    .await;
    let row = store.find_action(&key(1, "a")).await.expect("reads").expect("it is there");
    assert_eq!((row.group.as_str(), row.task.name.as_str()), (text, text));
    let Some(ActionOutcome::Failed(failure)) = row.outcome() else { panic!("it failed") };
    assert_eq!(failure.message, text);
}

/// Differences add up per run, parent, group and phase; what is zero is not shown.
pub async fn counters_add_up(store: Store) {
    let counter = |run: i64, parent: Option<&str>, group: &str, phase| CounterKey {
        run: RunId(run),
        parent: parent.map(ActionName::stored),
        group: group.to_owned(),
        phase,
    };
    let root = counter(1, None, "", Phase::Running);
    let queued = counter(1, Some("a0"), "g", Phase::Queued);
    let done = counter(1, Some("a0"), "g", Phase::Succeeded);
    let other = counter(2, Some("a0"), "g", Phase::Succeeded);
    let rounds =
        [vec![(root, 1), (queued.clone(), 3), (other, 8)], vec![(queued.clone(), -1), (done.clone(), 1)]];
    for round in rounds.into_iter().chain([vec![(queued, -2), (done, 2)]]) {
        put(&store, move |_| Changes { counters: round.into_iter().collect(), ..Changes::default() }).await;
    }
    let counts = store.counts(RunId(1)).await.expect("reads");
    let shown =
        counts.iter().map(|c| (c.parent.as_ref().map(ActionName::as_str), &*c.group, c.phase, c.count));
    let wanted = [(None, "", Phase::Running, 1), (Some("a0"), "g", Phase::Succeeded, 3)];
    assert_eq!(shown.collect::<Vec<_>>(), wanted);
}

/// Entries and claims are written, replaced and deleted; a key holds at most one of each.
pub async fn cache_entries_and_claims(store: Store) {
    let ours =
        Reservation { key: cache_key("ours"), owner: CacheOwner::Action(key(1, "a")), expires_at: None };
    let theirs = Reservation {
        key: cache_key("theirs"),
        owner: CacheOwner::External("client".to_owned()),
        expires_at: Some(at(9)),
    };
    let (claims, entries) = (vec![ours.clone(), theirs.clone()], vec![cache_entry("k"), cache_entry("l")]);
    put(&store, move |_| Changes { reservations: claims, cache_puts: entries, ..Changes::default() }).await;
    let newer = wingbeat_model::CacheEntry { output_uri: "file:///new".to_owned(), ..cache_entry("k") };
    let taken = Reservation { owner: CacheOwner::Action(key(2, "b")), ..theirs };
    let (changed, moved) = (newer.clone(), taken.clone());
    put(&store, move |_| Changes {
        cache_puts: vec![changed],
        cache_deletes: vec![cache_key("l"), cache_key("none")],
        reservations: vec![moved],
        reservation_deletes: vec![ours.key],
        ..Changes::default()
    })
    .await;
    assert_eq!(store.find_cache(&cache_key("k")).await.expect("reads"), Some(newer.clone()));
    assert_eq!(store.find_cache(&cache_key("l")).await.expect("reads"), None);
    let elsewhere = wingbeat_model::CacheKey { scope: "".into(), ..cache_key("k") };
    assert_eq!(store.find_cache(&elsewhere).await.expect("reads"), None);
    assert_eq!(store.find_reservation(&cache_key("ours")).await.expect("reads"), None);
    assert_eq!(store.find_reservation(&cache_key("theirs")).await.expect("reads"), Some(taken.clone()));
    let wanted = BTreeSet::from([cache_key("k"), cache_key("l"), cache_key("theirs")]);
    let needs = Needs { cache: wanted.clone(), reservations: wanted, ..Needs::default() };
    let loaded = load(&store, needs).await;
    assert_eq!(loaded.cache.into_values().collect::<Vec<_>>(), [newer]);
    assert_eq!(loaded.reservations.into_values().collect::<Vec<_>>(), [taken]);
}

/// Work that is left stays until it is done, oldest first.
pub async fn follow_ups_survive_until_done(store: Store) {
    let kinds = [
        FollowUpKind::AbortChildren { parent: key(1, "a0"), abort: abort() },
        FollowUpKind::WakeCacheWaiters(cache_key("k")),
        FollowUpKind::LoseSession(SessionId("s".into())),
    ];
    let left = (1..).zip(kinds).map(|(id, kind)| FollowUp { id: id << 20, kind }).collect::<Vec<_>>();
    let written = left.clone();
    put(&store, move |_| Changes { follow_ups: written.into_iter().rev().collect(), ..Changes::default() })
        .await;
    assert_eq!(store.follow_ups().await.expect("reads"), left);
    put(&store, |_| Changes { follow_ups_done: vec![1 << 20, 5], ..Changes::default() }).await;
    assert_eq!(store.follow_ups().await.expect("reads"), left[1..]);
}
