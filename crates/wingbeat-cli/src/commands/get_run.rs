//! `wingbeat get run`.

use wingbeat_proto::flyteidl2::common::{ListRequest, Sort, sort};
use wingbeat_proto::flyteidl2::workflow::{
    GetRunDetailsRequest, ListRunsRequest, ListRunsResponse, Run, RunDetails, list_runs_request,
};

use super::get_action::add_details;
use super::pages::{self, Page};
use super::session::Session;
use super::words;
use crate::arguments::GetNamed;
use crate::failure::Failure;
use crate::output::{self, Format};
use crate::table::{Sheet, Table};

pub(super) async fn run(session: &Session, get: &GetNamed) -> Result<(), Failure> {
    if get.names.is_empty() {
        return list(session, get.limit).await;
    }
    for name in &get.names {
        show(session, name).await?;
    }
    Ok(())
}

async fn list(session: &Session, limit: u32) -> Result<(), Failure> {
    let answer: ListRunsResponse = pages::collect(session, "could not list runs", limit, |page| {
        let newest_first = Sort {
            key: "created_at".to_owned(),
            direction: sort::Direction::DESCENDING.into(),
            ..Default::default()
        };
        let request = ListRunsRequest {
            request: ListRequest { sort_by_fields: vec![newest_first], ..page }.into(),
            scope_by: Some(list_runs_request::ScopeBy::ProjectId(Box::new(session.project_id()))),
            ..Default::default()
        };
        async move { Ok(session.client.runs().list_runs(request).await?.into_owned()) }
    })
    .await?;
    if session.format == Format::Json {
        return output::json(&answer);
    }
    let table = table(&answer.runs);
    if table.is_empty() {
        return output::line(&format!("no runs in {}", session.scope()));
    }
    output::line(&table.to_string())
}

fn table(runs: &[Run]) -> Table {
    let mut table = Table::new(["RUN", "TASK", "PHASE", "STARTED", "DURATION"]);
    for run in runs {
        let status = &run.action.status;
        table.row([
            run.action.id.run.name.clone(),
            words::subject(&run.action.metadata),
            words::phase(status.phase),
            words::time(status.start_time.as_option()),
            words::duration(status),
        ]);
    }
    table
}

async fn show(session: &Session, name: &str) -> Result<(), Failure> {
    let request = GetRunDetailsRequest { run_id: session.run_id(name).into(), ..Default::default() };
    let runs = session.client.runs();
    let what = format!("could not show run {name} of {}", session.scope());
    let answer = session.read(&what, || runs.get_run_details(request.clone())).await?.into_owned();
    match session.format {
        Format::Json => output::json(&answer),
        Format::Table => output::line(&sheet(name, &answer.details).to_string()),
    }
}

fn sheet(name: &str, run: &RunDetails) -> Sheet {
    let mut sheet = Sheet::default();
    let labels: Vec<String> =
        run.run_spec.labels.values.iter().map(|(key, value)| format!("{key}={value}")).collect();
    sheet
        .add("run", name)
        .add("project", format!("{}/{}", run.action.id.run.project, run.action.id.run.domain))
        .add("labels", labels.join(" "));
    add_details(&mut sheet, &run.action);
    sheet
}

impl Page for ListRunsResponse {
    fn token(&self) -> &str {
        &self.token
    }

    fn len(&self) -> usize {
        self.runs.len()
    }

    fn append(&mut self, later: Self) {
        self.runs.extend(later.runs);
        self.token = later.token;
    }
}
