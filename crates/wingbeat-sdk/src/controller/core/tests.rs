//! Tables: an event, and what has to be done because of it.

use std::sync::Arc;
use std::time::Duration;

use super::event::{Answer, Ask, Completion, Effect, EndPhase, Event, Name, Ticket, Timer, Update, WatchEnd};
use super::{Core, Limits};
use crate::error::TaskError;

const WIDE: Limits = Limits { children: 100, launches: 100 };

fn name(text: &str) -> Name {
    Arc::from(text)
}

/// Reads an event: `ask1:c` asks for child `c` with ticket 1, `snapshot-timer1` is
/// that of the first wait, `up:c=S/dir` tells that it succeeded with outputs in `dir`.
fn event(text: &str) -> Event {
    let (word, rest) = text.split_once(':').unwrap_or((text, ""));
    let verb = word.trim_end_matches(|c: char| c.is_ascii_digit());
    let ticket = Ticket(word[verb.len()..].parse().unwrap_or_default());
    let asked = |ask| Event::Asked { ticket, name: name(rest), ask };
    let answered = |answer| Event::Answered { name: name(rest), answer };
    let hint = Some(Duration::from_secs(3));
    match verb {
        "ask" => asked(Ask::Child),
        "find" => asked(Ask::Recorded),
        "record" => asked(Ask::Record),
        "open" => asked(Ask::Open),
        "value" => asked(Ask::Value),
        "drop" => Event::Dropped(ticket),
        "prepared" => Event::Prepared { name: name(rest), result: Ok(()) },
        "unprepared" => {
            Event::Prepared { name: name(rest), result: Err(TaskError::system("DiskFull", "no room")) }
        }
        "ok" => answered(Answer::Accepted),
        "full" => answered(Answer::Exhausted { hint }),
        "away" => answered(Answer::Unavailable { hint: None, message: "away".into() }),
        "no" => answered(Answer::Refused(TaskError::system("Refused", "never"))),
        "opened" => Event::WatchOpened,
        "sentinel" => Event::SnapshotEnded,
        "up" => Event::Updated(update(rest)),
        "clean" => Event::WatchEnded(WatchEnd::Clean),
        "lost" => Event::WatchEnded(WatchEnd::Lost("reset".into())),
        "refused" => Event::WatchEnded(WatchEnd::Refused("no right".into())),
        "snapshot-timer" => Event::TimerFired(Timer::Snapshot(ticket.0)),
        "reconnect-timer" => Event::TimerFired(Timer::Reconnect),
        "retry-timer" => Event::TimerFired(Timer::Retry(name(rest))),
        "echo-timer" => Event::TimerFired(Timer::Echo(name(rest))),
        "finish" => Event::Finished,
        _ => panic!("`{text}` is no event"),
    }
}

fn update(text: &str) -> Update {
    let (action, told) = text.split_once('=').unwrap_or((text, ""));
    let (phase, uri) = told.split_once('/').unwrap_or((told, ""));
    let ended = match phase {
        "" => None,
        "S" => Some(EndPhase::Succeeded),
        "F" => Some(EndPhase::Failed),
        "A" => Some(EndPhase::Aborted),
        "T" => Some(EndPhase::TimedOut),
        _ => panic!("`{phase}` is no phase"),
    };
    Update { name: name(action), ended, error: None, output_uri: uri.to_owned(), value: None }
}

fn shown(effect: &Effect) -> Option<String> {
    Some(match effect {
        Effect::OpenWatch => "watch".to_owned(),
        Effect::CloseWatch => "close".to_owned(),
        Effect::Prepare(name) => format!("prepare:{name}"),
        Effect::Enqueue(name) => format!("send:{name}"),
        Effect::Abort(name) => format!("abort:{name}"),
        Effect::Forget(_) => return None,
        Effect::SetTimer { timer, after } => {
            let what = match timer {
                Timer::Snapshot(_) => "snapshot".to_owned(),
                Timer::Reconnect => "reconnect".to_owned(),
                Timer::Retry(name) => format!("retry:{name}"),
                Timer::Echo(name) => format!("echo:{name}"),
            };
            format!("{what}@{}", after.as_millis())
        }
        Effect::Complete { ticket, completion } => format!("{}={}", ticket.0, told(completion)),
    })
}

fn told(completion: &Completion) -> String {
    match completion {
        Completion::Ended(end) => {
            let phase = match end.phase {
                EndPhase::Succeeded => "S",
                EndPhase::Failed => "F",
                EndPhase::Aborted => "A",
                EndPhase::TimedOut => "T",
            };
            if end.output_uri.is_empty() { phase.to_owned() } else { format!("{phase}/{}", end.output_uri) }
        }
        Completion::Accepted => "ok".to_owned(),
        Completion::Unknown => "unknown".to_owned(),
        Completion::Failed(error) => format!("!{}", error.code),
    }
}

/// Feeds the events of each line, and compares all effects of the line.
fn check(limits: Limits, table: &[(&str, &str)]) {
    let mut core = Core::new(limits);
    for (ix, (events, expected)) in table.iter().enumerate() {
        let mut effects = Vec::new();
        for text in events.split_whitespace() {
            effects.extend(core.handle(event(text)).iter().filter_map(shown));
        }
        assert_eq!(effects.join(" "), *expected, "line {ix}: {events}");
    }
}

#[test]
fn a_child_is_sent_after_the_snapshot_and_told_when_it_ends() {
    check(
        WIDE,
        &[
            ("ask1:c", "watch"),
            ("opened", "snapshot@5000"),
            ("sentinel", "prepare:c"),
            ("prepared:c", "send:c"),
            ("ok:c", ""),
            ("up:c", ""),
            ("up:c=S/dir", "1=S/dir"),
            ("up:c=S/dir up:c=F sentinel", ""),
        ],
    );
}

#[test]
fn a_child_that_had_ended_is_not_sent() {
    check(
        WIDE,
        &[
            ("ask1:c opened", "watch snapshot@5000"),
            ("up:c=S/dir sentinel", "1=S/dir"),
            ("ask2:d up:e=F", "prepare:d"),
            ("ask3:e", "3=F"),
        ],
    );
}

#[test]
fn a_child_that_lives_is_joined_and_not_sent() {
    check(WIDE, &[("ask1:c opened up:c sentinel", "watch snapshot@5000"), ("up:c=T", "1=T")]);
}

#[test]
fn outputs_once_told_are_not_erased_by_an_update_without_them() {
    check(
        WIDE,
        &[
            ("ask1:c opened sentinel prepared:c ok:c", "watch snapshot@5000 prepare:c send:c"),
            ("up:c=/dir up:c up:c=S", "1=S/dir"),
        ],
    );
}

#[test]
fn news_may_overtake_the_answer_and_every_wait() {
    let begin = ("ask1:c opened sentinel", "watch snapshot@5000 prepare:c");
    check(WIDE, &[begin, ("up:c=S/x", "1=S/x"), ("prepared:c", "")]);
    check(WIDE, &[begin, ("prepared:c up:c=S/x", "send:c 1=S/x"), ("away:c ok:c", "")][..2]);
    check(WIDE, &[begin, ("prepared:c away:c up:c=S/x", "send:c retry:c@100 1=S/x"), ("retry-timer:c", "")]);
    check(
        WIDE,
        &[
            begin,
            ("prepared:c away:c up:c", "send:c retry:c@100"),
            ("retry-timer:c", ""),
            ("up:c=S/x", "1=S/x"),
        ],
    );
}

#[test]
fn what_the_platform_cannot_take_now_is_sent_again() {
    check(
        WIDE,
        &[
            ("ask1:c opened sentinel prepared:c", "watch snapshot@5000 prepare:c send:c"),
            ("full:c", "retry:c@3000"),
            ("retry-timer:c", "send:c"),
            ("away:c", "retry:c@200"),
            ("retry-timer:c", "send:c"),
            ("ok:c up:c=S/x", "1=S/x"),
        ],
    );
}

#[test]
fn only_failures_that_say_nothing_use_up_the_tries() {
    let mut core = Core::new(WIDE);
    let mut told = Vec::new();
    let mut feed = |text: &str| told.extend(core.handle(event(text)).iter().filter_map(shown));
    ["ask1:c", "opened", "sentinel", "prepared:c"].into_iter().for_each(&mut feed);
    for _ in 0..500 {
        ["full:c", "retry-timer:c"].into_iter().for_each(&mut feed);
    }
    for _ in 0..100 {
        ["away:c", "retry-timer:c"].into_iter().for_each(&mut feed);
    }
    feed("away:c");
    assert_eq!(told.last().map(String::as_str), Some("1=!EnqueueFailed"));
    assert_eq!(told.iter().filter(|text| *text == "send:c").count(), 601);
}

#[test]
fn a_refusal_ends_the_child_and_frees_its_place() {
    let one = Limits { children: 1, launches: 1 };
    check(
        one,
        &[
            ("ask1:c ask2:d opened sentinel prepared:c", "watch snapshot@5000 prepare:c send:c"),
            ("no:c", "1=!Refused prepare:d"),
            ("unprepared:d", "2=!DiskFull"),
            ("ask3:e prepared:e", "prepare:e send:e"),
        ],
    );
}

#[test]
fn only_so_many_children_live_and_only_so_many_are_on_their_way() {
    check(
        Limits { children: 2, launches: 1 },
        &[
            ("ask1:a ask2:b ask3:c opened sentinel", "watch snapshot@5000 prepare:a"),
            ("prepared:a ok:a", "send:a prepare:b"),
            ("prepared:b ok:b", "send:b"),
            ("up:a=F", "1=F prepare:c"),
        ],
    );
}

#[test]
fn a_wait_for_another_try_holds_no_place_among_the_calls() {
    check(
        Limits { children: 2, launches: 1 },
        &[
            ("ask1:a ask2:b opened sentinel prepared:a", "watch snapshot@5000 prepare:a send:a"),
            ("away:a", "retry:a@100 prepare:b"),
            ("retry-timer:a", ""),
            ("prepared:b ok:b", "send:b send:a"),
        ],
    );
}

#[test]
fn a_child_that_nobody_waits_for_is_aborted_where_the_platform_may_have_it() {
    let begin = ("opened sentinel ask1:c", "snapshot@5000 watch prepare:c");
    check(WIDE, &[begin, ("drop1", ""), ("prepared:c", "")]);
    check(WIDE, &[begin, ("prepared:c drop1", "send:c"), ("ok:c", "abort:c")]);
    check(WIDE, &[begin, ("prepared:c drop1", "send:c"), ("away:c", "abort:c")]);
    check(WIDE, &[begin, ("prepared:c drop1", "send:c"), ("no:c", "")]);
    check(WIDE, &[begin, ("prepared:c drop1 up:c=S", "send:c"), ("ok:c", "")]);
    check(WIDE, &[begin, ("prepared:c ok:c drop1 drop1", "send:c abort:c")]);
    check(WIDE, &[begin, ("prepared:c away:c drop1", "send:c retry:c@100 abort:c"), ("retry-timer:c", "")]);
    check(WIDE, &[begin, ("prepared:c ok:c up:c=S drop1", "send:c 1=S")]);
    check(WIDE, &[("ask1:c", "watch"), ("drop1 opened sentinel", "snapshot@5000")]);
}

#[test]
fn a_child_that_is_given_up_while_its_files_are_written_frees_its_place_when_they_are() {
    check(
        Limits { children: 9, launches: 1 },
        &[
            ("ask1:a ask2:b opened sentinel", "watch snapshot@5000 prepare:a"),
            ("drop1", ""),
            ("prepared:a", "prepare:b"),
        ],
    );
}

#[test]
fn a_joined_child_that_nobody_waits_for_is_aborted_too() {
    check(WIDE, &[("ask1:c opened up:c sentinel drop1", "watch snapshot@5000 abort:c")]);
}

#[test]
fn an_abandoned_child_frees_its_place() {
    check(
        Limits { children: 1, launches: 1 },
        &[
            ("ask1:a ask2:b ask3:c opened sentinel", "watch snapshot@5000 prepare:a"),
            ("prepared:a ok:a drop2", "send:a"),
            ("drop1", "abort:a prepare:c"),
            ("up:a=A", ""),
        ],
    );
}

#[test]
fn a_step_is_found_or_recorded_and_echoed() {
    check(
        WIDE,
        &[
            ("find1:t opened up:u=S/file sentinel", "watch snapshot@5000 1=unknown"),
            ("find2:u", "2=S/file"),
            ("record3:t", "prepare:t"),
            ("prepared:t ok:t", "send:t echo:t@60000"),
            ("up:t=S/file", "3=S/file"),
            ("echo-timer:t", ""),
        ],
    );
}

#[test]
fn a_step_is_recorded_again_and_an_old_echo_does_not_count() {
    check(
        WIDE,
        &[
            ("find1:t opened up:t=F sentinel", "watch snapshot@5000 1=F"),
            ("record2:t up:t=F", "prepare:t"),
            ("prepared:t up:t=S/new", "send:t"),
            ("ok:t", "2=S/new"),
        ],
    );
}

#[test]
fn a_step_that_is_never_echoed_is_believed_in_the_end() {
    check(
        WIDE,
        &[
            (
                "opened sentinel record1:t prepared:t ok:t",
                "snapshot@5000 watch prepare:t send:t echo:t@60000",
            ),
            ("echo-timer:t", "1=ok"),
        ],
    );
}

#[test]
fn steps_and_conditions_take_no_place_among_the_children() {
    check(
        Limits { children: 1, launches: 9 },
        &[
            ("ask1:c opened sentinel prepared:c ok:c", "watch snapshot@5000 prepare:c send:c"),
            ("record2:t open3:q", "prepare:t prepare:q"),
        ],
    );
}

#[test]
fn a_condition_is_opened_and_then_waited_for() {
    check(
        WIDE,
        &[
            ("open1:q opened sentinel prepared:q ok:q", "watch snapshot@5000 prepare:q send:q 1=ok"),
            ("value2:q drop2 value3:q", ""),
            ("up:q=S", "3=S"),
            ("value4:q open5:q", "4=S 5=ok"),
        ],
    );
}

#[test]
fn a_lost_watch_is_opened_again_and_later_each_time() {
    check(
        WIDE,
        &[
            ("ask1:c opened sentinel prepared:c ok:c", "watch snapshot@5000 prepare:c send:c"),
            ("lost reconnect-timer", "reconnect@100 watch"),
            ("lost reconnect-timer", "reconnect@200 watch"),
            ("clean reconnect-timer opened", "reconnect@200 watch"),
            ("sentinel lost", "reconnect@100"),
            ("reconnect-timer opened up:c=S/x sentinel", "watch 1=S/x"),
            ("reconnect-timer", ""),
        ],
    );
}

#[test]
fn a_watch_that_cannot_be_had_fails_everybody() {
    check(
        WIDE,
        &[
            ("ask1:c ask2:d", "watch"),
            ("refused", "1=!InformerWatchFailure 2=!InformerWatchFailure"),
            ("ask3:e reconnect-timer", "3=!InformerWatchFailure"),
        ],
    );
    let mut core = Core::new(WIDE);
    core.handle(event("ask1:c"));
    for _ in 0..40 {
        assert_eq!(core.handle(event("lost")).len(), 1);
        core.handle(event("reconnect-timer"));
    }
    let last: Vec<_> = core.handle(event("lost")).iter().filter_map(shown).collect();
    assert_eq!(last, ["1=!InformerWatchFailure"]);
}

#[test]
fn a_snapshot_without_an_end_is_taken_for_complete_once_it_is_silent() {
    check(
        WIDE,
        &[
            ("ask1:c opened up:x", "watch snapshot@5000"),
            ("snapshot-timer1", "snapshot@5000"),
            ("snapshot-timer2", "prepare:c"),
            ("sentinel snapshot-timer2", ""),
        ],
    );
}

#[test]
fn silence_while_nothing_is_connected_says_nothing_of_what_is_recorded() {
    check(
        WIDE,
        &[
            ("find1:t opened", "watch snapshot@5000"),
            ("lost snapshot-timer1", "reconnect@100"),
            ("reconnect-timer snapshot-timer1", "watch"),
            ("opened snapshot-timer1", "snapshot@5000"),
            ("up:t=S/file sentinel", "1=S/file"),
        ],
    );
    check(WIDE, &[("find1:t opened up:x lost snapshot-timer1", "watch snapshot@5000 reconnect@100")]);
}

#[test]
fn the_end_aborts_what_lives_and_answers_who_waits() {
    check(
        WIDE,
        &[
            ("ask1:a ask2:b ask3:c opened sentinel", "watch snapshot@5000 prepare:a prepare:b prepare:c"),
            (
                "prepared:a ok:a prepared:b open4:q prepared:q ok:q value5:q",
                "send:a send:b prepare:q send:q 4=ok",
            ),
            ("finish", "close 1=!TaskFinished 2=!TaskFinished 3=!TaskFinished 5=!TaskFinished abort:a"),
            ("ok:b prepared:c", "abort:b"),
            ("ask9:z", "9=!TaskFinished"),
            ("finish", ""),
        ],
    );
}

#[test]
fn a_task_that_asks_for_nothing_has_nothing_to_close() {
    check(WIDE, &[("finish", "")]);
}
