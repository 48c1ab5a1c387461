//! Takes what executors say of attempts. Any report can come twice, late, out of order, or from
//! somebody who no longer owns the attempt.

use wingbeat_model::{
    Action, ActionKey, ActionOutcome, Attempt, AttemptEnd, AttemptKey, Claim, Failure, FailureClass, Phase,
    State, StopCause, Timestamp,
};

use crate::defects::{Defect, active};
use crate::finish::{self, Process};
use crate::retry::{self, Verdict};
use crate::working::Working;
use crate::{Reject, Reply, Report, ReportKind, wake};

pub(crate) fn report(work: &mut Working, report: Report) -> Result<Reply, Reject> {
    let key = report.attempt.action.clone();
    let action = work.action(&key).ok_or_else(|| Reject::NoAction(key.name.clone()))?;
    let stale = Reject::StaleAttempt { action: key.name.clone(), attempt: report.attempt.attempt };
    let Some(attempt) = work.attempt(&report.attempt) else { return Err(stale) };
    if attempt.fence != report.fence || attempt.session != report.session {
        return Err(stale);
    }
    if (attempt.end.is_some() || !is_current(action, attempt)) && !mistaken(action) {
        // Who still has the process is told to stop it; called stale, it would end it and never say that it is gone.
        let late_start = matches!(report.kind, ReportKind::Started { .. }) && attempt.held;
        let counted = late_start || attempt.end.as_ref().is_some_and(|end| repeats(&report.kind, end));
        release(work, &report);
        return if counted { Ok(Reply::Reported) } else { Err(stale) };
    }
    let at = cut(action, report.at, work.now);
    current(work, &key, report, at);
    Ok(Reply::Reported)
}

/// Does a simulated mistake let a former owner in?
fn mistaken(action: &Action) -> bool {
    let over = action.phase().is_terminal();
    (active(Defect::StaleFenceAccepted) && action.claim().is_some())
        || (active(Defect::TerminalStateOverwritten) && over)
}

/// Whether the action is at this attempt, with this owner.
pub(crate) fn is_current(action: &Action, attempt: &Attempt) -> bool {
    let mine = |claim: &Claim| claim.fence == attempt.fence;
    action.attempts == attempt.key.attempt && action.claim().is_some_and(mine)
}

/// Says the report what the attempt's end says already? `Stopped` only confirms.
const fn repeats(kind: &ReportKind, end: &AttemptEnd) -> bool {
    match (kind, end) {
        (ReportKind::Stopped, _)
        | (ReportKind::Succeeded { .. }, AttemptEnd::Succeeded { .. })
        | (ReportKind::Failed { .. }, AttemptEnd::Failed(_) | AttemptEnd::TimedOut(_)) => true,
        (ReportKind::Started { .. }, _)
        | (
            ReportKind::Succeeded { .. },
            AttemptEnd::Failed(_) | AttemptEnd::TimedOut(_) | AttemptEnd::Aborted { .. },
        )
        | (ReportKind::Failed { .. }, AttemptEnd::Succeeded { .. } | AttemptEnd::Aborted { .. }) => false,
    }
}

/// The attempt has ended without this report. If it says that the process is gone, its place is free.
fn release(work: &mut Working, report: &Report) {
    let gone = !matches!(report.kind, ReportKind::Started { .. });
    if gone && work.attempt(&report.attempt).is_some_and(|attempt| attempt.held) {
        work.edit_attempt(&report.attempt, |attempt| attempt.held = false);
    }
}

/// Cuts the executor's time to the time between the last known change and now.
fn cut(action: &Action, at: Timestamp, now: Timestamp) -> Timestamp {
    let since = match &action.state {
        State::Claimed { since, .. } | State::Running { since, .. } => *since,
        State::Queued { .. } | State::AwaitingCache { .. } | State::Paused { .. } | State::Done { .. } => now,
    };
    at.clamp(since.min(now), now)
}

/// A report of the attempt that the action is claimed for.
fn current(work: &mut Working, key: &ActionKey, report: Report, at: Timestamp) {
    let Some(action) = work.action(key) else { return };
    let (started, stopping) = match &action.state {
        State::Running { stopping, .. } => (true, *stopping),
        State::Claimed { .. }
        | State::Queued { .. }
        | State::AwaitingCache { .. }
        | State::Paused { .. }
        | State::Done { .. } => (false, None),
    };
    match (report.kind, stopping) {
        // The same report twice.
        (ReportKind::Started { .. }, _) if started => {}
        (ReportKind::Started { isolation }, _) => begin(work, key, isolation, at),
        // A result that came in time to be written counts, even if the attempt was being stopped.
        (ReportKind::Succeeded { output_uri, report_uri }, _) => {
            note_report(work, &report.attempt, report_uri);
            succeed(work, key, output_uri, at);
        }
        (ReportKind::Failed { report_uri, .. }, Some(cause)) => {
            note_report(work, &report.attempt, report_uri);
            stopped(work, key, cause, at);
        }
        (ReportKind::Stopped, Some(cause)) => stopped(work, key, cause, at),
        (ReportKind::Failed { failure, report_uri }, None) => {
            note_report(work, &report.attempt, report_uri);
            retry::attempt_failed(work, key, Verdict::Failed(failure), at);
        }
        (ReportKind::Stopped, None) => {
            retry::attempt_failed(work, key, Verdict::Failed(stopped_unasked()), at);
        }
    }
}

fn note_report(work: &mut Working, attempt: &AttemptKey, uri: Option<String>) {
    if uri.is_some() {
        work.edit_attempt(attempt, |attempt| attempt.report_uri = uri);
    }
}

fn begin(work: &mut Working, key: &ActionKey, isolation: String, at: Timestamp) {
    let Some(action) = work.action(key) else { return };
    let attempt = AttemptKey { action: key.clone(), attempt: action.attempts };
    work.edit(key, |action| {
        action.started_at.get_or_insert(at);
        if let State::Claimed { claim, .. } = &action.state {
            action.state = State::Running { claim: claim.clone(), since: at, stopping: None };
        }
    });
    work.edit_attempt(&attempt, |attempt| {
        attempt.isolation = isolation;
        attempt.enter(Phase::Running, at);
    });
}

fn succeed(work: &mut Working, key: &ActionKey, output_uri: String, at: Timestamp) {
    work.edit(key, |action| {
        // An executor that starts no process reports no start.
        if let State::Claimed { since, .. } = action.state {
            action.started_at.get_or_insert(since);
        }
    });
    let end = AttemptEnd::Succeeded { output_uri: output_uri.clone() };
    let outcome = ActionOutcome::Succeeded { output_uri, value: None, signalled_by: String::new() };
    finish::finish(work, key, outcome, at);
    finish::end_attempt(work, key, end, Process::Gone, at);
}

/// The attempt was being stopped, and now it is gone: what it was stopped for decides.
pub(crate) fn stopped(work: &mut Working, key: &ActionKey, cause: StopCause, at: Timestamp) {
    let Some(action) = work.action(key) else { return };
    let verdict = match cause {
        StopCause::MaxRuntime => Verdict::RanTooLong(wake::ran_too_long(action)),
    };
    retry::attempt_failed(work, key, verdict, at);
}

fn stopped_unasked() -> Failure {
    Failure {
        class: FailureClass::Infrastructure,
        code: "ExecutorStopped".to_owned(),
        message: "the executor stopped the attempt without being asked to".to_owned(),
        recoverable: true,
        worker: String::new(),
        wire_kind: 0,
    }
}
