//! What is claimed in the transaction that makes it.

use wingbeat_engine::{Command, NewAction, NewBody, NewRun, Report, ReportKind};
use wingbeat_model::{
    Action, ActionKey, ActionName, AttemptKey, Digest, Fence, Policy, Queue, QueueTerms, Resources, RunId,
    TaskRef,
};

use super::{Scheduler, action, at, proposed, queue, run, running, scheduler, session, terms};
use crate::driver::scheduler::machines::ExecutorTerms;

fn task(run: i64, name: &str, parent: Option<&str>) -> NewAction {
    NewAction {
        key: ActionKey { run: RunId(run), name: ActionName::stored(name) },
        parent: parent.map(ActionName::stored),
        caller: None,
        group: String::new(),
        spec: Digest([0; 32]),
        spec_bytes: Vec::new(),
        task: TaskRef::default(),
        input_uri: String::new(),
        created_by: String::new(),
        body: NewBody::Task {
            queue: "".into(),
            priority: 0,
            resources: Resources::default(),
            policy: Policy::default(),
            cache: None,
        },
    }
}

fn child(name: &str) -> Command {
    Command::Enqueue(Box::new(task(1, name, Some("a0"))))
}

fn new_run(id: i64) -> Command {
    let new =
        NewRun { run: run(id, None, 0, 0), run_spec: Vec::new(), root: task(id, "a0", None), replay: None };
    Command::CreateRun(Box::new(new))
}

/// A run of one parent, which runs.
fn busy(slots: u32) -> Scheduler {
    let mut scheduler = scheduler(slots);
    scheduler.observe_run(&run(1, None, 1, 0));
    scheduler.observe_action(&running(action(1, "a0", 0), 0));
    scheduler
}

fn ahead(scheduler: &mut Scheduler, commands: &[Command]) -> Vec<String> {
    let proposals = scheduler.propose_ahead(commands.iter(), at(1));
    proposals.into_iter().map(|claim| claim.action.name.to_string()).collect()
}

#[test]
fn what_has_a_place_at_once_is_claimed_once() {
    let mut scheduler = busy(3);
    assert_eq!(ahead(&mut scheduler, &[child("c1"), new_run(2)]), ["c1", "a0"]);
    assert_eq!(ahead(&mut scheduler, &[child("c1")]), Vec::<String>::new());
    for key in [task(1, "c1", None).key, task(2, "a0", None).key] {
        scheduler.refused(&key, false);
    }
    assert_eq!(ahead(&mut scheduler, &[child("c2"), child("c3")]), ["c2", "c3"], "places came back");
}

#[test]
fn nobody_is_passed_over() {
    let mut scheduler = busy(3);
    assert_eq!(ahead(&mut scheduler, &[child("c1"), child("c2"), child("c3")]), Vec::<String>::new());
    let mut large = action(1, "large", 1);
    large.resources.gpus = 1;
    scheduler.observe_action(&large);
    assert_eq!(proposed(&mut scheduler, 1), Vec::<String>::new());
    assert_eq!(ahead(&mut scheduler, &[child("c1")]), Vec::<String>::new(), "another one waits");
}

#[test]
fn what_the_row_says_later_counts() {
    let mut scheduler = busy(2);
    assert_eq!(ahead(&mut scheduler, &[child("c1")]), ["c1"]);
    // It was made, and not claimed: the cache had its result, or a cap was reached.
    scheduler.observe_action(&action(1, "c1", 1));
    scheduler.refused(&task(1, "c1", None).key, true);
    assert_eq!(proposed(&mut scheduler, 1), ["c1"]);
    assert_eq!(ahead(&mut scheduler, &[child("c1")]), Vec::<String>::new(), "it is known");
}

#[test]
fn caps_pauses_and_runs_that_are_not_known_keep_it_waiting() {
    let mut scheduler = busy(3);
    scheduler.observe_run(&run(1, Some(1), 1, 0));
    assert_eq!(ahead(&mut scheduler, &[child("c1")]), Vec::<String>::new());
    let stranger = Command::Enqueue(Box::new(task(9, "c1", Some("a0"))));
    assert_eq!(ahead(&mut scheduler, &[stranger]), Vec::<String>::new());
    let open = queue("", 0, None, 0);
    scheduler.observe_queue(&Queue { terms: QueueTerms { paused: true, ..open.terms }, ..open });
    assert_eq!(ahead(&mut scheduler, &[new_run(2)]), Vec::<String>::new());
}

/// A child of run 1, in its first attempt.
fn running_child(name: &str) -> Action {
    let parent = Some(ActionName::root());
    running(Action { parent, attempts: 1, ..action(1, name, 1) }, 0)
}

fn end(name: &str, attempt: u32) -> Command {
    end_of(action(1, name, 1).key, attempt)
}

fn end_of(action: ActionKey, attempt: u32) -> Command {
    let key = AttemptKey { action, attempt };
    let kind = ReportKind::Stopped;
    Command::Report(Box::new(Report { attempt: key, fence: Fence(1), session: session(), at: at(1), kind }))
}

/// One place, which a child has; the parent waits for `live_children`, and another run for a place.
fn full(live_children: u32) -> Scheduler {
    let mut scheduler = scheduler(1);
    scheduler.observe_run(&run(1, None, 2, 1));
    scheduler.observe_run(&run(2, None, 0, 0));
    scheduler.observe_action(&running(action(1, "a0", 0), live_children));
    scheduler.observe_action(&running_child("c1"));
    scheduler.observe_action(&action(2, "a0", 0));
    assert_eq!(proposed(&mut scheduler, 1), Vec::<String>::new());
    scheduler
}

#[test]
fn a_place_is_given_on_with_the_report_that_frees_it() {
    let mut scheduler = full(2);
    assert_eq!(ahead(&mut scheduler, &[end("c1", 2)]), Vec::<String>::new(), "of another attempt");
    assert_eq!(ahead(&mut scheduler, &[end("c1", 1)]), ["a0"]);
    // As long as nothing is written, nothing has changed.
    assert_eq!(ahead(&mut scheduler, &[end("c1", 1), child("c2")]), Vec::<String>::new());
    assert!(scheduler.withdraw_if_crowded(&action(2, "a0", 0).key));
    assert_eq!(proposed(&mut scheduler, 1), Vec::<String>::new());
}

#[test]
fn a_parent_takes_its_place_back_with_its_last_child() {
    let mut scheduler = full(1);
    assert_eq!(ahead(&mut scheduler, &[end("c1", 1)]), Vec::<String>::new());
    let mut scheduler = full(2);
    scheduler.observe_action(&running_child("c2"));
    assert_eq!(ahead(&mut scheduler, &[end("c1", 1), end("c2", 1)]), Vec::<String>::new());
}

/// Its place is another's by then: the one that its parent takes is not free.
#[test]
fn a_child_that_waited_itself_leaves_no_place_to_its_parent() {
    let mut scheduler = scheduler(1);
    scheduler.observe_run(&run(1, None, 3, 2));
    scheduler.observe_action(&running(action(1, "a0", 0), 1));
    scheduler.observe_action(&Action { live_children: 1, ..running_child("c1") });
    scheduler.observe_run(&run(2, None, 1, 0));
    scheduler.observe_action(&Action { attempts: 1, ..running(action(2, "a0", 0), 0) });
    scheduler.observe_action(&action(1, "grandchild", 2));
    let other = end_of(action(2, "a0", 0).key, 1);
    assert_eq!(ahead(&mut scheduler, &[other.clone(), end("c1", 1)]), Vec::<String>::new());
    assert_eq!(ahead(&mut scheduler, &[other]), ["grandchild"]);
}

/// Where everybody waits for children, one more is let in whatever the memory, and not if somebody computes by then.
#[test]
fn a_promise_over_the_memory_is_taken_back_when_a_parent_comes_back() {
    let large = |mut action: Action| {
        action.resources.memory_bytes = 5 << 30;
        action
    };
    let (parent, other) = (large(action(1, "a0", 0)), large(action(2, "a0", 0)));
    for (live_children, withdrawn) in [(1, false), (0, true)] {
        let mut scheduler = scheduler(2);
        scheduler.observe_action(&running(parent.clone(), 1));
        scheduler.observe_action(&other);
        assert_eq!(proposed(&mut scheduler, 1), ["a0"]);
        scheduler.observe_action(&running(parent.clone(), live_children));
        assert_eq!(scheduler.withdraw_if_crowded(&other.key), withdrawn, "{live_children} live children");
        assert_eq!(proposed(&mut scheduler, 1), Vec::<String>::new(), "it waits on, and nothing spins");
    }
}

/// Its end was told in a transaction that failed: the promise that counted on it is older than the next try.
#[test]
fn a_promise_of_a_device_is_taken_back_while_its_holder_stays() {
    let with_device = |mut action: Action| {
        action.resources.gpus = 1;
        action
    };
    let mut scheduler = Scheduler::default();
    scheduler.connect(session(), 1, ExecutorTerms { gpus: 1, ..terms(2) }, at(0));
    let holder = with_device(running_child("holder"));
    scheduler.observe_run(&run(1, None, 1, 0));
    scheduler.observe_action(&holder);
    let next = with_device(action(1, "next", 1));
    scheduler.observe_action(&next);
    assert_eq!(proposed(&mut scheduler, 1), Vec::<String>::new(), "there is one device");
    assert_eq!(ahead(&mut scheduler, &[end("holder", 1)]), ["next"]);
    assert!(scheduler.withdraw_if_crowded(&next.key));
    assert_eq!(proposed(&mut scheduler, 1), Vec::<String>::new());
}
