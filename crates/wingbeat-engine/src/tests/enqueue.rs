//! What adding an action does, and does again.

use wingbeat_model::{
    ActionName, ActionOutcome, AttemptCause, Digest, FailureClass, Phase, Recovery, RunId, Span, State,
};

use super::world::{
    WRONG, World, child_of, condition, done, failed, failure, fatal, key, new_run, stale, task, trace,
    with_policy,
};
use crate::{Command, Effect, NewAction, Reject, Reply, reopens};

fn enqueue(new: NewAction) -> Command {
    Command::Enqueue(Box::new(new))
}

#[test]
fn a_child_is_queued_below_its_parent_and_counted() {
    let mut world = World::running();
    world.spawn("c");
    assert_eq!(world.phase("c"), Phase::Queued);
    assert_eq!(world.action("c").depth, 1);
    assert_eq!(world.action("a0").live_children, 1);
    assert_eq!((world.run().running, world.run().waiting_parents), (1, 1));
}

#[test]
fn the_same_action_again_changes_nothing() {
    let mut world = World::running();
    world.spawn("c");
    assert_eq!(world.add(task("c")), Reply::AlreadyEnqueued);
    assert!(world.wrote.is_empty());
}

#[test]
fn another_spec_or_kind_under_the_name_is_refused() {
    let mut world = World::running();
    world.spawn("c");
    let other = NewAction { spec: Digest([2; 32]), ..task("c") };
    let refused = Err(Reject::DifferentSpec(ActionName::stored("c")));
    assert_eq!(world.send(enqueue(other)), refused);
    assert_eq!(world.send(enqueue(condition("c", None))), refused);
}

#[test]
fn nothing_is_added_without_a_run_or_a_live_parent() {
    let mut world = World::running();
    let mut lost = task("c");
    lost.key.run = RunId(77);
    assert_eq!(world.send(enqueue(lost)), Err(Reject::NoRun));
    let orphan = child_of("nobody", "c");
    assert_eq!(world.send(enqueue(orphan)), Err(Reject::NoParent(ActionName::stored("nobody"))));
    world.say("a0", done()).expect("it counts");
    let late = Err(Reject::ParentEnded { parent: ActionName::root(), phase: "succeeded" });
    assert_eq!(world.send(enqueue(task("c"))), late);
}

#[test]
fn an_aborted_run_takes_no_action() {
    let mut world = World::running();
    world.abort("a0").expect("it is aborted");
    assert_eq!(world.send(enqueue(task("c"))), Err(Reject::RunAborted("enough".to_owned())));
}

#[test]
fn a_former_attempt_adds_nothing() {
    let mut world = World::running();
    let mut wrong = world.caller("a0");
    wrong.fence = WRONG;
    let refused = world.send(enqueue(NewAction { caller: Some(wrong), ..task("c") }));
    assert_eq!(refused, Err(stale("a0", 1)));

    let former = world.caller("a0");
    world.say("a0", failed(FailureClass::System)).expect("it counts");
    let refused = world.send(enqueue(NewAction { caller: Some(former), ..task("c") }));
    assert_eq!(refused, Err(stale("a0", 1)));
    world.pass(Span::from_secs(5));
    world.start("a0");
    let current = world.caller("a0");
    assert_eq!(world.add(NewAction { caller: Some(current), ..task("c") }), Reply::Enqueued);
}

#[test]
fn a_trace_is_recorded_with_its_own_times() {
    let mut world = World::running();
    world.add(trace("t", None));
    assert_eq!(world.phase("t"), Phase::Succeeded);
    assert_eq!(world.action("t").started_at.map(wingbeat_model::Timestamp::as_micros), Some(500));
    assert_eq!(world.action("t").ended_at().map(wingbeat_model::Timestamp::as_micros), Some(600));
    assert_eq!(world.action("a0").live_children, 0);
    world.add(trace("u", Some(failure(FailureClass::User))));
    assert_eq!(world.phase("u"), Phase::Failed);
}

#[test]
fn a_trace_sent_twice_keeps_its_first_record() {
    let mut world = World::running();
    world.add(trace("t", None));
    let again = NewAction { spec: Digest([8; 32]), ..trace("t", None) };
    assert_eq!(world.add(again), Reply::AlreadyEnqueued);
}

#[test]
fn a_condition_waits_and_its_webhook_is_called() {
    let mut world = World::running();
    world.add(condition("q", Some(Span::from_secs(60))));
    assert_eq!(world.phase("q"), Phase::Paused);
    assert!(world.effects.contains(&Effect::ConditionCreated(key("q"))));
    assert_eq!(world.run().waiting_parents, 1);
}

/// A root with one user retry whose child has failed, and which has failed for that.
fn retried_parent(child_end: crate::ReportKind) -> World {
    let mut world = World::with_run(|new| new.root = with_policy(new.root.clone(), |p| p.user_retries = 1));
    world.start("a0");
    world.spawn("c");
    world.start("c");
    world.say("c", child_end).expect("it counts");
    world.say("a0", failed(FailureClass::User)).expect("it counts");
    world
}

#[test]
fn a_user_retry_of_the_parent_runs_a_failed_child_again() {
    let mut world = retried_parent(failed(FailureClass::User));
    assert!(reopens(world.action("a0"), world.action("c")));
    world.start("a0");
    assert_eq!(world.add(task("c")), Reply::Enqueued);
    assert_eq!(world.phase("c"), Phase::Queued);
    assert_eq!(world.action("a0").live_children, 1);
    world.start("c");
    assert_eq!(world.attempt("c", 2).cause, AttemptCause::ParentRetry);
    world.say("c", failed(FailureClass::User)).expect("it counts");
    // Only what failed before the retry runs again.
    assert_eq!(world.add(task("c")), Reply::AlreadyEnqueued);
    assert_eq!(world.phase("c"), Phase::Failed);
}

/// Servers decide by clocks of their own, and clocks are set back: the watch of a new attempt would leave out for ever what
/// seems to have ended before it.
#[test]
fn a_clock_that_jumps_does_not_change_what_ended_before_a_retry() {
    for jump in [-600, 600] {
        let mut world = retried_parent(failed(FailureClass::User));
        world.now = world.now + Span::from_secs(jump);
        assert!(reopens(world.action("a0"), world.action("c")), "{jump}: it ended before the retry");
        world.now = world.now + Span::from_secs(600);
        world.start("a0");
        assert_eq!(world.add(task("c")), Reply::Enqueued);
        world.start("c");
        world.now = world.now - Span::from_secs(6_000);
        world.say("c", failed(FailureClass::User)).expect("it counts");
        assert!(!reopens(world.action("a0"), world.action("c")), "{jump}: it ended after the retry");
        assert_eq!(world.add(task("c")), Reply::AlreadyEnqueued);
    }
}

#[test]
fn a_child_that_failed_for_good_or_succeeded_stays_as_it_is() {
    for end in [fatal(), done()] {
        let mut world = retried_parent(end);
        world.start("a0");
        assert_eq!(world.add(task("c")), Reply::AlreadyEnqueued);
        assert!(world.phase("c").is_terminal());
    }
}

#[test]
fn a_crash_retry_of_the_parent_reopens_nothing() {
    let mut world = World::running();
    world.spawn("c");
    world.start("c");
    world.say("c", failed(FailureClass::User)).expect("it counts");
    world.say("a0", failed(FailureClass::Infrastructure)).expect("it counts");
    assert_eq!(world.add(task("c")), Reply::AlreadyEnqueued);
    assert_eq!(world.phase("c"), Phase::Failed);
}

#[test]
fn what_a_failing_attempt_cancelled_on_its_way_out_runs_again() {
    let mut world = World::with_run(|new| new.root = with_policy(new.root.clone(), |p| p.user_retries = 1));
    world.start("a0");
    world.spawn("mine");
    world.spawn("hers");
    let caller = Some(world.caller("a0"));
    let cancel = Command::Abort { action: key("mine"), reason: String::new(), by: String::new(), caller };
    world.ok(cancel);
    world.abort("hers").expect("a person aborts it");
    world.say("a0", failed(FailureClass::User)).expect("it counts");
    assert_eq!(world.add(task("mine")), Reply::Enqueued);
    assert_eq!(world.add(task("hers")), Reply::AlreadyEnqueued);
    assert_eq!((world.phase("mine"), world.phase("hers")), (Phase::Queued, Phase::Aborted));
}

#[test]
fn a_reopened_child_reopens_its_own_failed_children() {
    let mut world = World::with_run(|new| new.root = with_policy(new.root.clone(), |p| p.user_retries = 1));
    world.start("a0");
    world.spawn("c");
    world.start("c");
    for name in ["g", "h"] {
        world.add(child_of("c", name));
    }
    world.start("g");
    world.say("g", failed(FailureClass::User)).expect("it counts");
    world.say("c", failed(FailureClass::User)).expect("it counts");
    world.settle();
    assert_eq!(world.phase("h"), Phase::Aborted, "its parent had ended");
    world.say("a0", failed(FailureClass::User)).expect("it counts");
    world.start("a0");
    assert_eq!(world.add(task("c")), Reply::Enqueued);
    world.start("c");
    assert_eq!(world.add(child_of("c", "g")), Reply::Enqueued);
    assert_eq!(world.add(child_of("c", "h")), Reply::Enqueued);
}

#[test]
fn a_failed_trace_is_recorded_anew_after_a_user_retry() {
    let mut world = World::with_run(|new| new.root = with_policy(new.root.clone(), |p| p.user_retries = 1));
    world.start("a0");
    world.add(trace("t", Some(failure(FailureClass::User))));
    world.say("a0", failed(FailureClass::User)).expect("it counts");
    assert_eq!(world.add(trace("t", None)), Reply::Enqueued);
    assert_eq!(world.phase("t"), Phase::Succeeded);
}

/// Run 1 has ended; run 2 recovers it.
fn recovering(force: &[&str]) -> World {
    let mut world = World::running();
    for name in ["good", "bad"] {
        world.spawn(name);
        world.start(name);
    }
    world.add(condition("q", None));
    world.add(condition("unanswered", None));
    world.ok(Command::Signal { action: key("q"), value: vec![7], by: "ada".to_owned() });
    world.say("good", done()).expect("it counts");
    world.say("bad", fatal()).expect("it counts");
    world.say("a0", fatal()).expect("it counts");
    world.settle();
    let mut new = new_run(RunId(2), "r2");
    let force_rerun = force.iter().map(|name| ActionName::stored(name)).collect();
    new.run.recovery = Some(Recovery { source: super::world::RUN, force_rerun });
    world.ok(Command::CreateRun(Box::new(new)));
    world
}

fn in_run_2(mut new: NewAction) -> NewAction {
    new.key.run = RunId(2);
    new
}

#[test]
fn a_recovering_run_takes_over_results_by_name() {
    let mut world = recovering(&[]);
    for (new, phase) in [
        (task("good"), Phase::Recovered),
        (task("bad"), Phase::Queued),
        (task("new"), Phase::Queued),
        (condition("q", None), Phase::Succeeded),
        (condition("unanswered", None), Phase::Paused),
        (trace("t", None), Phase::Succeeded),
    ] {
        let new = in_run_2(new);
        let key = new.key.clone();
        world.add(new);
        assert_eq!(world.rows.actions[&key].phase(), phase, "{}", key.name);
    }
    let root = wingbeat_model::ActionKey::root(RunId(2));
    assert_eq!(world.rows.actions[&root].phase(), Phase::Queued, "the root runs");
    let good = in_run_2(task("good")).key;
    let outcome = ActionOutcome::Recovered { output_uri: "/b/out".to_owned() };
    assert_eq!(world.rows.actions[&good].outcome(), Some(&outcome));
    let answered = in_run_2(task("q")).key;
    let State::Done { outcome: ActionOutcome::Succeeded { value, .. }, .. } =
        &world.rows.actions[&answered].state
    else {
        panic!("the condition has its value");
    };
    assert_eq!(value.as_deref(), Some(&[7][..]));
}

#[test]
fn a_recovering_run_runs_what_it_is_told_to_run() {
    let mut world = recovering(&["good"]);
    let new = in_run_2(task("good"));
    let key = new.key.clone();
    world.add(new);
    assert_eq!(world.rows.actions[&key].phase(), Phase::Queued);
}
