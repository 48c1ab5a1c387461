//! What is proposed to whom, and what a waiting action is told.

use std::sync::Arc;

use wingbeat_model::{
    Action, ActionKey, ActionKind, ActionName, AttemptCause, CacheStatus, Claim, Digest, Fence, Policy,
    Resources, Run, RunId, RunKey, Seq, SessionId, Spent, State, TaskRef, Timestamp,
};
use wingbeat_model::{CacheScope, ProjectKey};

use super::{ExecutorTerms, Scheduler};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_parts(seconds, 0)
}

fn action(run: i64, name: &str, depth: u32) -> Action {
    Action {
        key: ActionKey { run: RunId(run), name: ActionName::stored(name) },
        parent: None,
        depth,
        kind: ActionKind::Task,
        group: String::new(),
        spec: Digest([0; 32]),
        task: TaskRef::default(),
        input_uri: String::new(),
        queue: "".into(),
        priority: 0,
        resources: Resources::default(),
        policy: Policy::default(),
        cache: None,
        cache_status: CacheStatus::Disabled,
        attempts: 0,
        next_cause: AttemptCause::First,
        spent: Spent::default(),
        created_at: at(0),
        started_at: None,
        state: State::Queued { since: at(0), not_before: at(0) },
        live_children: 0,
        reopens_since: None,
        created_by: String::new(),
        changed: Seq(1),
    }
}

fn running(mut action: Action, live_children: u32) -> Action {
    let claim = Claim { session: session(), fence: Fence(1) };
    action.state = State::Running { claim, since: at(0), stopping: None };
    action.live_children = live_children;
    action
}

fn run(id: i64, cap: Option<u32>, running: u32, waiting_parents: u32) -> Run {
    let scope = ProjectKey { org: "o".into(), project: "p".into(), domain: "d".into() };
    Run {
        id: RunId(id),
        key: RunKey::stored(scope, "r"),
        created_at: at(0),
        created_by: String::new(),
        spec: Digest([0; 32]),
        source: 0,
        labels: Vec::new(),
        base: "/b/".to_owned(),
        raw_prefix: String::new(),
        start_time: at(0),
        queue: String::new(),
        max_concurrency: cap,
        running,
        waiting_parents,
        overwrite_cache: false,
        cache_scope: CacheScope::Global,
        recovery: None,
        relation: None,
        abort: None,
        changed: Seq(1),
    }
}

fn session() -> SessionId {
    SessionId(Arc::from("s1"))
}

fn scheduler(slots: u32) -> Scheduler {
    let mut scheduler = Scheduler::default();
    let terms = ExecutorTerms {
        name: "local".to_owned(),
        capabilities: vec!["process".to_owned()],
        slots,
        max_processes: slots * 4,
        memory_bytes: 8 << 30,
        gpus: 0,
    };
    scheduler.connect(session(), 1, terms, at(0));
    scheduler
}

fn proposed(scheduler: &mut Scheduler, now: i64) -> Vec<String> {
    scheduler.propose(at(now), 100).into_iter().map(|claim| claim.action.name.to_string()).collect()
}

#[test]
fn deeper_actions_go_first_and_places_are_not_given_twice() {
    let mut scheduler = scheduler(2);
    for (name, depth) in [("root", 0), ("leaf", 2), ("mid", 1)] {
        scheduler.observe_action(&action(1, name, depth));
    }
    assert_eq!(proposed(&mut scheduler, 1), ["leaf", "mid"]);
    assert_eq!(proposed(&mut scheduler, 1), Vec::<String>::new());
}

#[test]
fn runs_take_turns() {
    let mut scheduler = scheduler(4);
    for ix in 0..10 {
        scheduler.observe_action(&action(1, &format!("big{ix}"), 0));
    }
    scheduler.observe_action(&action(2, "small", 0));
    assert!(proposed(&mut scheduler, 1).contains(&"small".to_owned()));
}

#[test]
fn a_parent_that_waits_for_children_gives_its_place_back() {
    let mut scheduler = scheduler(1);
    scheduler.observe_action(&running(action(1, "a0", 0), 0));
    scheduler.observe_action(&action(1, "child", 1));
    assert_eq!(proposed(&mut scheduler, 1), Vec::<String>::new());
    scheduler.observe_action(&running(action(1, "a0", 0), 1));
    assert_eq!(proposed(&mut scheduler, 1), ["child"]);
}

#[test]
fn a_retry_waits_for_its_backoff() {
    let mut scheduler = scheduler(1);
    let mut retried = action(1, "a0", 0);
    retried.state = State::Queued { since: at(0), not_before: at(10) };
    scheduler.observe_action(&retried);
    assert_eq!(proposed(&mut scheduler, 9), Vec::<String>::new());
    assert_eq!(scheduler.next_backoff(), Some(at(10)));
    assert!(scheduler.explain_queued(&retried.key, at(9)).contains("backing off"));
    assert_eq!(proposed(&mut scheduler, 10), ["a0"]);
}

#[test]
fn a_run_stays_below_its_cap_unless_everybody_in_it_only_waits() {
    let mut scheduler = scheduler(8);
    scheduler.observe_run(&run(1, Some(2), 2, 1));
    let child = action(1, "child", 1);
    scheduler.observe_action(&child);
    assert_eq!(proposed(&mut scheduler, 1), Vec::<String>::new());
    assert_eq!(scheduler.explain_queued(&child.key, at(1)), "run cap 2/2 reached");
    scheduler.observe_run(&run(1, Some(2), 2, 2));
    assert_eq!(proposed(&mut scheduler, 1), ["child"]);
}

#[test]
fn a_refused_claim_waits_again_and_an_accepted_one_does_not() {
    let mut scheduler = scheduler(1);
    let queued = action(1, "a0", 0);
    scheduler.observe_action(&queued);
    assert_eq!(proposed(&mut scheduler, 1), ["a0"]);
    scheduler.refused(&queued.key, true);
    assert_eq!(proposed(&mut scheduler, 1), ["a0"]);
    scheduler.observe_action(&running(queued.clone(), 0));
    scheduler.refused(&queued.key, true);
    assert_eq!(proposed(&mut scheduler, 1), Vec::<String>::new());
}

#[test]
fn an_action_that_fits_nowhere_says_so_and_blocks_nobody() {
    let mut scheduler = scheduler(2);
    let mut huge = action(1, "huge", 5);
    huge.resources.memory_bytes = 1 << 40;
    scheduler.observe_action(&huge);
    scheduler.observe_action(&action(1, "small", 0));
    assert_eq!(proposed(&mut scheduler, 1), ["small"]);
    let why = scheduler.explain_queued(&huge.key, at(1));
    assert_eq!(why, "no connected executor has 1024.0 GiB of memory and 0 gpus");
}

#[test]
fn nothing_is_proposed_to_an_executor_that_went_away() {
    let mut scheduler = scheduler(2);
    scheduler.disconnect(&session(), 1);
    let queued = action(1, "a0", 0);
    scheduler.observe_action(&queued);
    assert_eq!(proposed(&mut scheduler, 1), Vec::<String>::new());
    assert_eq!(
        scheduler.explain_queued(&queued.key, at(1)),
        "no executor is connected for the default queue"
    );
}

#[test]
fn forgotten_rows_leave_executors_connected_and_empty() {
    let mut scheduler = scheduler(1);
    scheduler.observe_action(&running(action(1, "a0", 0), 0));
    scheduler.observe_action(&action(2, "waits", 0));
    assert_eq!(proposed(&mut scheduler, 1), Vec::<String>::new());
    scheduler.forget_rows();
    scheduler.observe_action(&action(2, "waits", 0));
    assert_eq!(proposed(&mut scheduler, 1), ["waits"]);
}

#[test]
fn an_old_stream_that_closes_late_disconnects_nobody() {
    let mut scheduler = scheduler(1);
    scheduler.disconnect(&session(), 0);
    scheduler.observe_action(&action(1, "a0", 0));
    assert_eq!(proposed(&mut scheduler, 1), ["a0"]);
}

#[test]
fn a_queue_that_nobody_serves_is_named() {
    let mut scheduler = scheduler(1);
    let mut queued = action(1, "a0", 0);
    queued.queue = "gpus".into();
    scheduler.observe_action(&queued);
    assert_eq!(proposed(&mut scheduler, 1), Vec::<String>::new());
    assert_eq!(scheduler.explain_queued(&queued.key, at(1)), "no executor is connected for queue `gpus`");
}

#[test]
fn over_the_cap_of_processes_children_go_first_and_parents_wait() {
    let mut scheduler = scheduler(1);
    for ix in 0..4 {
        scheduler.observe_action(&running(action(ix, "a0", 0), 1));
        scheduler.observe_attempt(&held(ix));
    }
    scheduler.observe_action(&action(9, "a0", 0));
    assert_eq!(proposed(&mut scheduler, 1), Vec::<String>::new());
    scheduler.observe_action(&action(0, "child", 1));
    assert_eq!(proposed(&mut scheduler, 1), ["child"]);
}

fn held(run: i64) -> wingbeat_model::Attempt {
    wingbeat_model::Attempt {
        key: wingbeat_model::AttemptKey { action: ActionKey::root(RunId(run)), attempt: 1 },
        cause: AttemptCause::First,
        fence: Fence(1),
        session: session(),
        held: true,
        phases: Vec::new(),
        end: None,
        report_uri: None,
        isolation: String::new(),
        cache_status: CacheStatus::Disabled,
    }
}
