//! `wingbeat abort`.

use wingbeat_proto::flyteidl2::workflow::{AbortActionRequest, AbortRunRequest};

use super::session::Session;
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
    let request = AbortRunRequest {
        run_id: session.run_id(&abort.run).into(),
        reason: Some(abort.reason.clone()),
        ..Default::default()
    };
    let answer = session.client.runs().abort_run(request).await.map_err(|error| {
        session.failed(&format!("could not abort run {} of {}", abort.run, session.scope()), &error)
    })?;
    match session.format {
        Format::Json => output::json(&answer.into_owned()),
        Format::Table => output::line(&format!("run {} is being aborted", abort.run)),
    }
}

async fn abort_action(session: &Session, abort: &Abort, action: &str) -> Result<(), Failure> {
    let request = AbortActionRequest {
        action_id: session.action_id(&abort.run, action).into(),
        reason: abort.reason.clone(),
        ..Default::default()
    };
    let answer = session.client.runs().abort_action(request).await.map_err(|error| {
        let what = format!("could not abort action {action} of run {} of {}", abort.run, session.scope());
        session.failed(&what, &error)
    })?;
    match session.format {
        Format::Json => output::json(&answer.into_owned()),
        Format::Table => output::line(&format!(
            "action {action} of run {} is being aborted, with everything below it",
            abort.run
        )),
    }
}
