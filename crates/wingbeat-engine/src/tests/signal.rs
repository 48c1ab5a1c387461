//! Who can answer a condition, and how often.

use wingbeat_model::{ActionOutcome, Phase, Span};

use super::world::{World, condition, key};
use crate::{Command, Reject, Reply};

fn answer(world: &mut World, name: &str, value: u8) -> Result<Reply, Reject> {
    world.send(Command::Signal { action: key(name), value: vec![value], by: "ada".to_owned() })
}

fn waiting() -> World {
    let mut world = World::running();
    world.add(condition("q", Some(Span::from_secs(60))));
    world
}

#[test]
fn the_first_answer_counts_and_can_be_repeated() {
    let mut world = waiting();
    assert_eq!(answer(&mut world, "q", 1), Ok(Reply::Signalled));
    assert_eq!(answer(&mut world, "q", 1), Ok(Reply::Signalled));
    assert!(matches!(answer(&mut world, "q", 2), Err(Reject::NotSignallable(_))));
    let Some(ActionOutcome::Succeeded { value, signalled_by, .. }) = world.action("q").outcome() else {
        panic!("it is answered");
    };
    assert_eq!((value.as_deref(), signalled_by.as_str()), (Some(&[1][..]), "ada"));
    assert_eq!(world.action("a0").live_children, 0);
}

#[test]
fn a_condition_that_has_ended_otherwise_says_how() {
    let mut world = waiting();
    world.pass(Span::from_secs(61));
    world.wake("q");
    assert_eq!(world.phase("q"), Phase::TimedOut);
    let refused = Reject::NotSignallable("condition `q` has timed out".to_owned());
    assert_eq!(answer(&mut world, "q", 1), Err(refused));

    let mut world = waiting();
    world.abort("q").expect("it is aborted");
    let refused = Reject::NotSignallable("condition `q` was aborted".to_owned());
    assert_eq!(answer(&mut world, "q", 1), Err(refused));
}

#[test]
fn only_conditions_can_be_answered() {
    let mut world = waiting();
    let refused = Reject::NotSignallable("action `a0` is not a condition".to_owned());
    assert_eq!(answer(&mut world, "a0", 1), Err(refused));
    assert!(matches!(answer(&mut world, "nobody", 1), Err(Reject::NoAction(_))));
}
