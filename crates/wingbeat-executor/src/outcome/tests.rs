use wingbeat_model::FailureClass;

use super::{ContainerError, ErrorFile, Evidence, Exit, Oom, Outcome, OutputsFile, decide};
use crate::assignment::DeclaredOutputs;

fn evidence(exit: Exit) -> Evidence {
    Evidence {
        exit,
        oom: Oom::Unseen,
        error: ErrorFile::Missing,
        outputs: None,
        declared: DeclaredOutputs::Some,
        stderr_tail: "boom\n".to_owned(),
    }
}

fn outputs() -> OutputsFile {
    OutputsFile { folder: "/o".to_owned(), size: 0, sha256: [0; 32] }
}

fn error(origin: i32, recoverable: bool) -> ErrorFile {
    let (code, message) = ("ValueError".to_owned(), "no".to_owned());
    ErrorFile::Read(ContainerError { code, message, recoverable, origin })
}

/// `expected`: `ok`, or class letter, `!` if it cannot be recovered, and code.
fn check(evidence: &Evidence, expected: &str) {
    let seen = match decide(evidence.clone()) {
        Outcome::Succeeded(_) => "ok".to_owned(),
        Outcome::Failed(failure) => {
            let class = match failure.class {
                FailureClass::User => "U",
                FailureClass::System => "S",
                FailureClass::Infrastructure => "I",
            };
            format!("{class}{} {}", if failure.recoverable { "" } else { "!" }, failure.code)
        }
    };
    assert_eq!(seen, expected, "{evidence:?}");
}

#[test]
fn outputs_and_status_zero_are_success_even_when_the_file_is_empty() {
    check(&Evidence { outputs: Some(outputs()), ..evidence(Exit::Code(0)) }, "ok");
    check(&Evidence { declared: DeclaredOutputs::None, ..evidence(Exit::Code(0)) }, "ok");
    check(&evidence(Exit::Code(0)), "S OutputsMissing");
}

#[test]
fn the_runtimes_own_word_comes_before_status_and_outputs() {
    for exit in [Exit::Code(0), Exit::Code(1), Exit::Signal(9)] {
        check(
            &Evidence { error: error(1, true), outputs: Some(outputs()), ..evidence(exit) },
            "U ValueError",
        );
    }
    check(&Evidence { error: error(2, true), ..evidence(Exit::Code(0)) }, "S ValueError");
    check(&Evidence { error: error(0, true), ..evidence(Exit::Code(1)) }, "U ValueError");
    check(&Evidence { error: error(1, false), ..evidence(Exit::Code(0)) }, "U! ValueError");
    let unreadable = ErrorFile::Unreadable("bad tag".to_owned());
    check(&Evidence { error: unreadable, ..evidence(Exit::Code(1)) }, "S ErrorUnreadable");
}

#[test]
fn a_status_other_than_zero_is_the_users_even_with_outputs() {
    check(&evidence(Exit::Code(1)), "U ExitCode");
    check(&Evidence { outputs: Some(outputs()), ..evidence(Exit::Code(3)) }, "U ExitCode");
}

#[test]
fn an_interpreter_that_aborts_after_the_result_was_written_does_not_undo_it() {
    let Outcome::Succeeded(found) =
        decide(Evidence { outputs: Some(outputs()), ..evidence(Exit::Signal(6)) })
    else {
        panic!("the task had its result");
    };
    assert!(found.is_some());
}

#[test]
fn a_kill_is_told_apart_by_the_kernels_count() {
    check(&Evidence { oom: Oom::Seen, ..evidence(Exit::Signal(9)) }, "U OOMKilled");
    check(&evidence(Exit::Signal(9)), "S KilledBySignal");
    check(&evidence(Exit::Signal(15)), "S KilledBySignal");
    check(&Evidence { oom: Oom::Seen, ..evidence(Exit::Signal(15)) }, "S KilledBySignal");
    check(&evidence(Exit::Signal(11)), "U KilledBySignal");
    check(&evidence(Exit::Signal(6)), "U KilledBySignal");
}

#[test]
fn an_end_that_nobody_knows_is_not_held_against_the_task() {
    check(&evidence(Exit::Unknown), "I ExitUnknown");
    check(&Evidence { outputs: Some(outputs()), ..evidence(Exit::Unknown) }, "I ExitUnknown");
    check(&Evidence { error: error(1, true), ..evidence(Exit::Unknown) }, "U ValueError");
}

#[test]
fn the_message_carries_the_last_lines_of_stderr() {
    let Outcome::Failed(failure) = decide(evidence(Exit::Code(2))) else { panic!("not a failure") };
    assert!(failure.message.contains("status 2") && failure.message.ends_with("boom"), "{}", failure.message);
    let silent = Evidence { stderr_tail: String::new(), ..evidence(Exit::Signal(11)) };
    let Outcome::Failed(failure) = decide(silent) else { panic!("not a failure") };
    assert_eq!(failure.message, "the process was killed by signal 11 (SIGSEGV)");
}
