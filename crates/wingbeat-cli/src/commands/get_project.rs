//! `wingbeat get project`.

use buffa::Enumeration;
use wingbeat_proto::flyteidl2::project::{
    GetProjectRequest, ListProjectsRequest, ListProjectsResponse, Project,
};

use super::pages::{self, Page};
use super::session::Session;
use super::words;
use crate::arguments::GetNamed;
use crate::failure::Failure;
use crate::output::{self, Format};
use crate::table::Table;

pub(super) async fn run(session: &Session, get: &GetNamed) -> Result<(), Failure> {
    if get.names.is_empty() { list(session, get.limit).await } else { show(session, &get.names).await }
}

async fn list(session: &Session, limit: u32) -> Result<(), Failure> {
    let answer: ListProjectsResponse = pages::collect(session, "could not list projects", limit, |page| {
        let request = ListProjectsRequest {
            limit: page.limit,
            token: page.token,
            org: session.settings.org.clone(),
            ..Default::default()
        };
        async move { Ok(session.client.projects().list_projects(request).await?.into_owned()) }
    })
    .await?;
    match session.format {
        Format::Json => output::json(&answer),
        Format::Table => output::line(&table(&answer.projects.projects).to_string()),
    }
}

async fn show(session: &Session, names: &[String]) -> Result<(), Failure> {
    let mut found = Vec::new();
    for name in names {
        let request =
            GetProjectRequest { id: name.clone(), org: session.settings.org.clone(), ..Default::default() };
        let projects = session.client.projects();
        let what = format!("could not show project {name}");
        let answer = session.read(&what, || projects.get_project(request.clone())).await?.into_owned();
        match session.format {
            Format::Json => output::json(&answer)?,
            Format::Table => found.extend(answer.project.into_option()),
        }
    }
    if session.format == Format::Table { output::line(&table(&found).to_string()) } else { Ok(()) }
}

fn table(projects: &[Project]) -> Table {
    let mut table = Table::new(["PROJECT", "STATE", "DOMAINS", "DESCRIPTION"]);
    for project in projects {
        let state = project.state.as_known().map_or_else(
            || format!("state {}", project.state.to_i32()),
            |state| words::word(state.proto_name(), "PROJECT_STATE_"),
        );
        let domains: Vec<&str> = project.domains.iter().map(|domain| domain.id.as_str()).collect();
        let description = project.description.lines().next().unwrap_or_default().to_owned();
        table.row([project.id.clone(), state, domains.join(","), description]);
    }
    table
}

impl Page for ListProjectsResponse {
    fn token(&self) -> &str {
        &self.projects.token
    }

    fn len(&self) -> usize {
        self.projects.projects.len()
    }

    fn append(&mut self, later: Self) {
        let later = later.projects.into_option().unwrap_or_default();
        let all = self.projects.get_or_insert_default();
        all.projects.extend(later.projects);
        all.token = later.token;
    }
}
