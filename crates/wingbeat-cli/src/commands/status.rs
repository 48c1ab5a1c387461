//! `wingbeat status`: does the server answer, and what is it doing?

use connectrpc::{ConnectError, ErrorCode};
use wingbeat_client::retry_read;
use wingbeat_proto::flyteidl2::project::ListProjectsRequest;
use wingbeat_proto::wingbeat::platform::v1::{Executor, GetStatusRequest, GetStatusResponse};

use super::session::Session;
use super::words;
use crate::failure::Failure;
use crate::output::{self, Format};
use crate::table::{Sheet, Table};

const WHAT: &str = "could not get the platform's status";

pub(super) async fn run(session: &Session) -> Result<(), Failure> {
    let answer =
        retry_read(|| async { session.client.platform().get_status(GetStatusRequest::default()).await });
    match answer.await {
        Ok(answer) => print(session, &answer.into_owned()),
        Err(error) if is_foreign(&error) => print_foreign(session).await,
        Err(error) => Err(session.failed(WHAT, &error)),
    }
}

/// Another Flyte 2 server: it has no such service.
fn is_foreign(error: &ConnectError) -> bool {
    matches!(error.code, ErrorCode::Unimplemented | ErrorCode::NotFound)
}

fn print(session: &Session, status: &GetStatusResponse) -> Result<(), Failure> {
    if session.format == Format::Json {
        return output::json(status);
    }
    let mut sheet = Sheet::default();
    sheet
        .add("server", format!("{} (from {})", session.settings.addr, session.settings.addr_source))
        .add("version", status.version.as_str())
        .add("since", words::time(status.started_at.as_option()))
        .add("store", status.store.as_str())
        .add("authentication", if status.authentication { "on" } else { "off" })
        .add("queued actions", status.queued_actions.to_string())
        .add("running attempts", status.running_attempts.to_string())
        .add("watchers", status.watchers.to_string());
    if status.executors.is_empty() {
        sheet.add("executors", "none: nothing will run until one connects");
    }
    output::line(&sheet.to_string())?;
    if status.executors.is_empty() {
        return Ok(());
    }
    output::line(&format!("\n{}", executors(&status.executors)))
}

/// One row for each.
pub(super) fn executors(executors: &[Executor]) -> Table {
    let mut table = Table::new(["EXECUTOR", "STATE", "SINCE", "RUNS", "SLOTS", "PROCESSES"]);
    for executor in executors {
        table.row([
            executor.name.clone(),
            state(executor).to_owned(),
            words::time(executor.since.as_option()),
            executor.capabilities.join(","),
            format!("{}/{}", executor.slots_used, executor.slots),
            format!("{}/{}", executor.processes, executor.max_processes),
        ]);
    }
    table
}

fn state(executor: &Executor) -> &'static str {
    let draining = executor.capabilities.iter().any(|capability| capability == "draining");
    match (executor.connected, draining) {
        (true, true) => "draining",
        (true, false) => "connected",
        (false, _) => "away",
    }
}

async fn print_foreign(session: &Session) -> Result<(), Failure> {
    let request = ListProjectsRequest { limit: 1, ..Default::default() };
    let projects = session.client.projects();
    let answer = session.read(WHAT, || projects.list_projects(request.clone())).await?.into_owned();
    if session.format == Format::Json {
        return output::json(&answer);
    }
    let mut sheet = Sheet::default();
    sheet
        .add("server", format!("{} (from {})", session.settings.addr, session.settings.addr_source))
        .add("state", "answers; it is not Wingbeat, so there is nothing more to say");
    output::line(&sheet.to_string())
}
