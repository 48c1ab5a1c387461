//! `wingbeat get action`.

use wingbeat_proto::flyteidl2::common::{Filter, ListRequest, filter};
use wingbeat_proto::flyteidl2::workflow::{
    Action, ActionAttempt, ActionDetails, GetActionDetailsRequest, ListActionsRequest, ListActionsResponse,
    action_details,
};
use wingbeat_proto::wingbeat::platform::v1::ExplainActionRequest;

use super::pages::{self, Page};
use super::session::Session;
use super::words;
use crate::arguments::GetAction;
use crate::failure::Failure;
use crate::output::{self, Format};
use crate::table::{Sheet, Table};

pub(super) async fn run(session: &Session, get: &GetAction) -> Result<(), Failure> {
    if get.names.is_empty() {
        return list(session, get).await;
    }
    for name in &get.names {
        show(session, &get.run, name).await?;
    }
    Ok(())
}

async fn list(session: &Session, get: &GetAction) -> Result<(), Failure> {
    let of_group = get.group.iter().map(|group| Filter {
        function: filter::Function::EQUAL.into(),
        field: "group".to_owned(),
        values: vec![group.clone()],
        ..Default::default()
    });
    let answer = actions_of(session, &get.run, &of_group.collect::<Vec<_>>(), get.limit).await?;
    match session.format {
        Format::Json => output::json(&answer),
        Format::Table => output::line(&table(&answer.actions).to_string()),
    }
}

/// The actions of a run that meet all filters.
pub(super) async fn actions_of(
    session: &Session,
    run: &str,
    filters: &[Filter],
    limit: u32,
) -> Result<ListActionsResponse, Failure> {
    let what = format!("could not list the actions of run {run} of {}", session.scope());
    pages::collect(session, &what, limit, |page| {
        let request = ListActionsRequest {
            request: ListRequest { filters: filters.to_vec(), ..page }.into(),
            run_id: session.run_id(run).into(),
            ..Default::default()
        };
        async move { Ok(session.client.runs().list_actions(request).await?.into_owned()) }
    })
    .await
}

fn table(actions: &[Action]) -> Table {
    let mut table =
        Table::new(["ACTION", "PARENT", "GROUP", "DOES", "PHASE", "ATTEMPTS", "STARTED", "DURATION"]);
    for action in actions {
        let (metadata, status) = (&action.metadata, &action.status);
        table.row([
            action.id.name.clone(),
            metadata.parent.clone(),
            metadata.group.clone(),
            words::subject(metadata),
            words::phase(status.phase),
            status.attempts.to_string(),
            words::time(status.start_time.as_option()),
            words::duration(status),
        ]);
    }
    table
}

async fn show(session: &Session, run: &str, name: &str) -> Result<(), Failure> {
    let request =
        GetActionDetailsRequest { action_id: session.action_id(run, name).into(), ..Default::default() };
    let runs = session.client.runs();
    let what = format!("could not show action {name} of run {run} of {}", session.scope());
    let answer = session.read(&what, || runs.get_action_details(request.clone())).await?.into_owned();
    if session.format == Format::Json {
        return output::json(&answer);
    }
    let details = &answer.details;
    let mut sheet = Sheet::default();
    sheet
        .add("run", run)
        .add("action", name)
        .add("parent", details.metadata.parent.as_str())
        .add("group", details.metadata.group.as_str());
    add_details(&mut sheet, details);
    if !words::is_terminal(details.status.phase) {
        sheet.add("because", reason(session, run, name).await);
    }
    output::line(&sheet.to_string())?;
    if details.attempts.len() < 2 {
        return Ok(());
    }
    output::line(&format!("\n{}", attempts(&details.attempts)))
}

/// Why an action waits. Other servers cannot say; then there is nothing to print.
async fn reason(session: &Session, run: &str, name: &str) -> String {
    let request =
        ExplainActionRequest { action_id: session.action_id(run, name).into(), ..Default::default() };
    match session.client.platform().explain_action(request).await {
        Ok(answer) => answer.view().reason.to_owned(),
        Err(_) => String::new(),
    }
}

/// What is told of an action, and of a run's root, beside their names.
pub(super) fn add_details(sheet: &mut Sheet, details: &ActionDetails) {
    let status = &details.status;
    sheet
        .add("does", words::subject(&details.metadata))
        .add("phase", words::phase(status.phase))
        .add("attempts", status.attempts.to_string())
        .add("started", words::time(status.start_time.as_option()))
        .add("ended", words::time(status.end_time.as_option()))
        .add("duration", words::duration(status));
    match &details.result {
        Some(action_details::Result::ErrorInfo(error)) => sheet.add("error", words::error(error)),
        Some(action_details::Result::AbortInfo(abort)) => sheet.add("aborted", abort.reason.as_str()),
        Some(action_details::Result::SignalInfo(_)) | None => sheet,
    };
}

fn attempts(attempts: &[ActionAttempt]) -> Table {
    let mut table = Table::new(["ATTEMPT", "PHASE", "STARTED", "DURATION", "ERROR"]);
    for attempt in attempts {
        let (start, end) = (attempt.start_time.as_option(), attempt.end_time.as_option());
        let error = attempt.error_info.as_option().map(words::error).unwrap_or_default();
        table.row([
            attempt.attempt.to_string(),
            words::phase(attempt.phase),
            words::time(start),
            words::between(start, end),
            error.lines().next().unwrap_or_default().to_owned(),
        ]);
    }
    table
}

impl Page for ListActionsResponse {
    fn token(&self) -> &str {
        &self.token
    }

    fn len(&self) -> usize {
        self.actions.len()
    }

    fn append(&mut self, later: Self) {
        self.actions.extend(later.actions);
        self.token = later.token;
    }
}
