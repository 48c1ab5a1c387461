//! `wingbeat abort`.

use wingbeat_proto::flyteidl2::workflow::{AbortActionRequest, AbortRunRequest, GetActionDetailsRequest};

use super::session::Session;
use super::{ROOT_ACTION, words};
use crate::arguments::Abort;
use crate::failure::Failure;
use crate::output::{self, Format};

pub(super) async fn run(session: &Session, abort: &Abort) -> Result<(), Failure> {
    match &abort.action {
        None => abort_run(session, abort).await,
        Some(action) => abort_action(session, abort, action).await,
    }
}

async fn abort_run(session: &Session, abort: &Abort) -> Result<(), Failure> {
    let what = format!("could not abort run {} of {}", abort.run, session.scope());
    let ended = ended(session, &what, abort, ROOT_ACTION).await?;
    let request = AbortRunRequest {
        run_id: session.run_id(&abort.run).into(),
        reason: Some(abort.reason.clone()),
        ..Default::default()
    };
    let answer =
        session.client.runs().abort_run(request).await.map_err(|error| session.failed(&what, &error))?;
    let run = &abort.run;
    match (session.format, ended) {
        (Format::Json, _) => output::json(&answer.into_owned()),
        (Format::Table, None) => output::line(&format!("run {run} is being aborted")),
        (Format::Table, Some(phase)) => output::line(&format!("run {run} has ended already: {phase}")),
    }
}

async fn abort_action(session: &Session, abort: &Abort, action: &str) -> Result<(), Failure> {
    let what = format!("could not abort action {action} of run {} of {}", abort.run, session.scope());
    let ended = ended(session, &what, abort, action).await?;
    let request = AbortActionRequest {
        action_id: session.action_id(&abort.run, action).into(),
        reason: abort.reason.clone(),
        ..Default::default()
    };
    let answer =
        session.client.runs().abort_action(request).await.map_err(|error| session.failed(&what, &error))?;
    let run = &abort.run;
    match (session.format, ended) {
        (Format::Json, _) => output::json(&answer.into_owned()),
        (Format::Table, None) => {
            output::line(&format!("action {action} of run {run} is being aborted, with everything below it"))
        }
        (Format::Table, Some(phase)) => {
            output::line(&format!("action {action} of run {run} has ended already: {phase}"))
        }
    }
}

/// How an action ended, if it has.
async fn ended(
    session: &Session,
    what: &str,
    abort: &Abort,
    action: &str,
) -> Result<Option<String>, Failure> {
    let action_id = session.action_id(&abort.run, action);
    let request = GetActionDetailsRequest { action_id: action_id.into(), ..Default::default() };
    let runs = session.client.runs();
    let answer = session.read(what, || runs.get_action_details(request.clone())).await?.into_owned();
    let phase = answer.details.status.phase;
    Ok(words::is_terminal(phase).then(|| words::phase(phase)))
}
