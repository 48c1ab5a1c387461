//! What is proposed to whom, and what a waiting action is told.

mod ahead;

use std::sync::Arc;

use wingbeat_model::{
    Action, ActionKey, ActionKind, ActionName, AttemptCause, CacheScope, CacheStatus, Changes, Claim, Digest,
    Fence, Policy, ProjectKey, Queue, QueueName, QueueTerms, Resources, Run, RunId, RunKey, Seq, SessionId,
    Share, ShareKey, Spent, State, TaskRef, Timestamp,
};

use super::{ExecutorTerms, Scheduler};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_parts(seconds, 0)
}

pub(crate) fn action(run: i64, name: &str, depth: u32) -> Action {
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

fn terms(slots: u32) -> ExecutorTerms {
    ExecutorTerms {
        name: "local".to_owned(),
        capabilities: vec!["process".to_owned()],
        slots,
        max_processes: slots * 4,
        cpu_millis: u64::from(slots) * 1_000,
        memory_bytes: 8 << 30,
        gpus: 0,
        queues: Vec::new(),
    }
}

fn scheduler(slots: u32) -> Scheduler {
    let mut scheduler = Scheduler::default();
    scheduler.connect(session(), 1, terms(slots), at(0));
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
    assert!(scheduler.explain_queued(&retried.key, at(9), Vec::new()).contains("backing off"));
    assert_eq!(proposed(&mut scheduler, 10), ["a0"]);
}

#[test]
fn a_run_stays_below_its_cap_unless_everybody_in_it_only_waits() {
    let mut scheduler = scheduler(8);
    scheduler.observe_run(&run(1, Some(2), 2, 1));
    let child = action(1, "child", 1);
    scheduler.observe_action(&child);
    assert_eq!(proposed(&mut scheduler, 1), Vec::<String>::new());
    assert_eq!(scheduler.explain_queued(&child.key, at(1), Vec::new()), "run cap 2/2 reached");
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
    let why = scheduler.explain_queued(&huge.key, at(1), Vec::new());
    assert_eq!(
        why,
        "no connected executor can ever run it: it asks for 1024.0 GiB of memory (the most that one has: 8.0 GiB)"
    );
}

#[test]
fn nothing_is_proposed_to_an_executor_that_went_away() {
    let mut scheduler = scheduler(2);
    scheduler.disconnect(&session(), 1);
    let queued = action(1, "a0", 0);
    scheduler.observe_action(&queued);
    assert_eq!(proposed(&mut scheduler, 1), Vec::<String>::new());
    assert_eq!(
        scheduler.explain_queued(&queued.key, at(1), Vec::new()),
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
    let mut scheduler = Scheduler::default();
    let mut queued = action(1, "a0", 0);
    queued.queue = "gpus".into();
    scheduler.observe_action(&queued);
    assert_eq!(proposed(&mut scheduler, 1), Vec::<String>::new());
    assert_eq!(
        scheduler.explain_queued(&queued.key, at(1), Vec::new()),
        "no executor is connected for queue `gpus`"
    );
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

fn queue(name: &str, priority: i32, max_running: Option<u32>, running: u32) -> Queue {
    let terms = QueueTerms { priority, max_running, paused: false };
    Queue { terms, running, ..Queue::new(QueueName::of(name)) }
}

fn in_queue(run: i64, name: &str, queue: &str) -> Action {
    Action { queue: queue.into(), ..action(run, name, 1) }
}

fn of_project(id: i64, project: &str) -> Run {
    let scope = ProjectKey { org: "o".into(), project: project.into(), domain: "d".into() };
    Run { key: RunKey::stored(scope, "r"), ..run(id, None, 0, 0) }
}

#[test]
fn a_queue_with_a_higher_priority_goes_first_and_one_that_cannot_blocks_nobody() {
    let mut scheduler = scheduler(3);
    for row in [queue("slow", -1, None, 0), queue("fast", 5, Some(1), 0)] {
        scheduler.observe_queue(&row);
    }
    for (name, queue) in [("s", "slow"), ("d", ""), ("f1", "fast"), ("f2", "fast")] {
        scheduler.observe_action(&in_queue(1, name, queue));
    }
    assert_eq!(proposed(&mut scheduler, 1), ["f1", "d", "s"], "`f2` is over its queue's cap");
    let why = scheduler.explain_queued(&action(1, "f2", 1).key, at(1), Vec::new());
    assert_eq!(why, "queue `fast` is at its cap 0/1");
}

#[test]
fn a_queue_that_changes_its_priority_takes_what_waits_along() {
    let mut scheduler = scheduler(1);
    scheduler.observe_action(&in_queue(1, "a", "one"));
    scheduler.observe_action(&in_queue(2, "b", "two"));
    scheduler.disconnect(&session(), 1);
    assert_eq!(proposed(&mut scheduler, 1), Vec::<String>::new(), "both are in their lanes now");
    scheduler.observe_queue(&queue("two", 1, None, 0));
    scheduler.connect(session(), 2, terms(1), at(1));
    assert_eq!(proposed(&mut scheduler, 1), ["b"]);
}

#[test]
fn a_paused_queue_and_a_deleted_one_start_nothing_and_say_so() {
    let mut scheduler = scheduler(1);
    let waiting = in_queue(1, "a", "gpu");
    scheduler.observe_action(&waiting);
    let open = queue("gpu", 0, None, 0);
    scheduler.observe_queue(&Queue { terms: QueueTerms { paused: true, ..open.terms }, ..open.clone() });
    assert_eq!(proposed(&mut scheduler, 1), Vec::<String>::new());
    assert_eq!(scheduler.explain_queued(&waiting.key, at(1), Vec::new()), "queue `gpu` is paused");
    scheduler.observe_queue(&Queue { deleted: true, ..open.clone() });
    assert_eq!(proposed(&mut scheduler, 1), Vec::<String>::new());
    assert!(scheduler.explain_queued(&waiting.key, at(1), Vec::new()).starts_with("queue `gpu` was deleted"));
    scheduler.observe_queue(&open);
    assert_eq!(proposed(&mut scheduler, 1), ["a"]);
}

#[test]
fn an_executor_gets_only_what_its_queues_hold() {
    let mut scheduler = Scheduler::default();
    let only = ExecutorTerms { queues: vec![QueueName::of("gpu")], ..terms(4) };
    scheduler.connect(session(), 1, only, at(0));
    let other = in_queue(1, "other", "");
    scheduler.observe_action(&other);
    scheduler.observe_action(&in_queue(2, "mine", "gpu"));
    assert_eq!(proposed(&mut scheduler, 1), ["mine"]);
    let why = scheduler.explain_queued(&other.key, at(1), Vec::new());
    assert_eq!(why, "no connected executor serves the default queue");
}

#[test]
fn cores_that_are_asked_for_are_kept_apart_and_waiting_parents_give_them_back() {
    let mut scheduler = scheduler(4);
    let wide = |run: i64, name: &str| {
        let mut action = action(run, name, 1);
        action.resources.cpu_millis = 3_000;
        action
    };
    scheduler.observe_action(&running(wide(1, "first"), 0));
    scheduler.observe_action(&wide(1, "second"));
    scheduler.observe_action(&action(1, "narrow", 0));
    assert_eq!(proposed(&mut scheduler, 1), ["narrow"]);
    scheduler.observe_action(&running(wide(1, "first"), 1));
    assert_eq!(proposed(&mut scheduler, 1), ["second"]);
    let mut huge = wide(1, "huge");
    huge.resources.cpu_millis = 64_500;
    scheduler.observe_action(&huge);
    let why = scheduler.explain_queued(&huge.key, at(1), Vec::new());
    assert_eq!(
        why,
        "no connected executor can ever run it: it asks for 64.5 cores (the most that one has: 4)"
    );
}

/// One place, and work without end in two projects: how often each gets it, a second at a time.
fn shared_out(weight: u32, seconds_of_a: i64) -> (i64, i64) {
    let mut scheduler = scheduler(1);
    scheduler.observe_share(&Share {
        project: ShareKey { org: "o".into(), project: "a".into() },
        weight,
        changed: Seq(0),
    });
    for (id, project) in [(1, "a"), (2, "b")] {
        scheduler.observe_run(&of_project(id, project));
    }
    for ix in 0..400 {
        scheduler.observe_action(&action(1, &format!("a{ix}"), 1));
        scheduler.observe_action(&action(2, &format!("b{ix}"), 1));
    }
    let (mut now, mut time_of_a, mut time_of_b) = (1, 0, 0);
    while now < 400 {
        let claim = scheduler.propose(at(now), 10).pop().expect("the place is free");
        let of_a = claim.action.run == RunId(1);
        let row = action(claim.action.run.0, claim.action.name.as_str(), 1);
        scheduler.observe_action(&running(row.clone(), 0));
        let lasts = if of_a { seconds_of_a } else { 1 };
        now += lasts;
        if of_a {
            time_of_a += lasts;
        } else {
            time_of_b += lasts;
        }
        // Whoever looks while it runs sees the time go by.
        assert_eq!(scheduler.propose(at(now), 10), []);
        let outcome = wingbeat_model::ActionOutcome::Recovered { output_uri: String::new() };
        scheduler.observe_action(&Action { state: State::Done { outcome, at: at(now) }, ..row });
    }
    (time_of_a, time_of_b)
}

#[test]
fn projects_share_time_by_weight_however_long_their_attempts_are() {
    let equal = shared_out(1, 1);
    assert!((equal.0 - equal.1).abs() <= 2, "{equal:?}");
    let long = shared_out(1, 10);
    assert!((long.0 - long.1).abs() <= 20, "long attempts are no advantage: {long:?}");
    let heavy = shared_out(3, 1);
    assert!((heavy.0 - 3 * heavy.1).abs() <= 8, "{heavy:?}");
}

#[test]
fn a_project_that_was_away_does_not_make_up_for_it() {
    let mut scheduler = scheduler(2);
    for (id, project) in [(1, "busy"), (2, "back")] {
        scheduler.observe_run(&of_project(id, project));
    }
    for ix in 0..50 {
        scheduler.observe_action(&action(1, &format!("x{ix}"), 1));
    }
    for now in 1..=40 {
        for claim in scheduler.propose(at(now), 1) {
            let outcome = wingbeat_model::ActionOutcome::Recovered { output_uri: String::new() };
            let row = action(1, claim.action.name.as_str(), 1);
            scheduler.observe_action(&Action { state: State::Done { outcome, at: at(now) }, ..row });
        }
    }
    for ix in 0..10 {
        scheduler.observe_action(&action(2, &format!("y{ix}"), 1));
    }
    let mut both = proposed(&mut scheduler, 41).iter().map(|name| name[..1].to_owned()).collect::<Vec<_>>();
    both.sort();
    assert_eq!(both, ["x", "y"]);
}

#[test]
fn a_run_that_has_ended_is_forgotten() {
    let mut scheduler = scheduler(1);
    let root = action(1, "a0", 0);
    let changes = |action: Action| Changes {
        runs: vec![run(1, None, 0, 0)],
        actions: vec![action],
        ..Changes::default()
    };
    scheduler.observe(&changes(root.clone()));
    scheduler.observe(&changes(running(root.clone(), 0)));
    assert_eq!(scheduler.runs.len(), 1);
    let outcome = wingbeat_model::ActionOutcome::Recovered { output_uri: String::new() };
    let done = Action { state: State::Done { outcome, at: at(1) }, ..root };
    scheduler.observe(&changes(done.clone()));
    assert!(scheduler.runs.is_empty());
    scheduler.observe(&changes(done));
    assert!(scheduler.runs.is_empty(), "a late change of the run brings nothing back");
}

#[test]
fn an_executor_that_drains_is_offered_nothing_and_says_why() {
    let mut scheduler = scheduler(2);
    scheduler.drain_executor(&session());
    let queued = action(1, "a0", 0);
    scheduler.observe_action(&queued);
    assert_eq!(proposed(&mut scheduler, 1), Vec::<String>::new());
    assert_eq!(
        scheduler.explain_queued(&queued.key, at(1), Vec::new()),
        "every connected executor of the default queue drains"
    );
}

#[test]
fn executors_of_other_servers_are_shown_with_what_they_hold() {
    let mut scheduler = Scheduler::default();
    scheduler.observe_action(&running(action(1, "a0", 0), 0));
    let queued = action(2, "waits", 0);
    scheduler.observe_action(&queued);
    let elsewhere = || {
        let here = self::scheduler(1);
        here.machines.views().cloned().collect::<Vec<_>>()
    };
    let shown = scheduler.executors(elsewhere());
    assert_eq!(shown.len(), 1);
    assert_eq!((shown[0].slots_used, shown[0].terms.slots), (1, 1));
    assert_eq!(
        scheduler.explain_queued(&queued.key, at(1), elsewhere()),
        "all 1 places are taken (1 attempts run)"
    );
    assert!(scheduler.executors(Vec::new()).is_empty(), "it is no executor of this server");
}
