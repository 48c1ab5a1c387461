//! `wingbeat abort`.

use connectrpc::ConnectError;
use serde_json::json;
use wingbeat_proto::flyteidl2::workflow::{AbortActionRequest, AbortRunRequest, GetActionDetailsRequest};

use super::session::Session;
use super::{ROOT_ACTION, words};
use crate::arguments::Abort;
use crate::failure::Failure;
use crate::output::{self, Format};

pub(super) async fn run(session: &Session, abort: &Abort) -> Result<(), Failure> {
    let run = &abort.run;
    let (thing, below) = match &abort.action {
        None => (format!("run {run}"), ""),
        Some(action) => (format!("action {action} of run {run}"), ", with everything below it"),
    };
    let what = format!("could not abort {thing} of {}", session.scope());
    let ended = ended(session, &what, abort, abort.action.as_deref().unwrap_or(ROOT_ACTION)).await?;
    let answer = ask(session, abort).await.map_err(|error| session.failed(&what, &error))?;
    match (session.format, ended) {
        (Format::Json, _) => output::json(&answer),
        (Format::Table, None) => output::line(&format!("{thing} is being aborted{below}")),
        (Format::Table, Some(phase)) => output::line(&format!("{thing} has ended already: {phase}")),
    }
}

/// The server's answer, as it is printed.
async fn ask(session: &Session, abort: &Abort) -> Result<serde_json::Value, ConnectError> {
    let (runs, reason) = (session.client.runs(), abort.reason.clone());
    Ok(match &abort.action {
        None => {
            let run_id = session.run_id(&abort.run).into();
            let request = AbortRunRequest { run_id, reason: Some(reason), ..Default::default() };
            json!(runs.abort_run(request).await?.into_owned())
        }
        Some(action) => {
            let action_id = session.action_id(&abort.run, action).into();
            let request = AbortActionRequest { action_id, reason, ..Default::default() };
            json!(runs.abort_action(request).await?.into_owned())
        }
    })
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
