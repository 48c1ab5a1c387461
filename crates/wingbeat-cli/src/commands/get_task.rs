//! `wingbeat get task`.

use wingbeat_proto::flyteidl2::task::{
    ListTasksRequest, ListTasksResponse, ListVersionsRequest, ListVersionsResponse, Task, TaskName,
    list_tasks_request,
};

use super::pages::{self, Page};
use super::session::Session;
use super::words;
use crate::arguments::GetNamed;
use crate::failure::Failure;
use crate::output::{self, Format};
use crate::table::Table;

pub(super) async fn run(session: &Session, get: &GetNamed) -> Result<(), Failure> {
    if get.names.is_empty() {
        return list(session, get.limit).await;
    }
    for name in &get.names {
        list_versions(session, name, get.limit).await?;
    }
    Ok(())
}

async fn list(session: &Session, limit: u32) -> Result<(), Failure> {
    let answer: ListTasksResponse = pages::collect(session, "could not list tasks", limit, |page| {
        let request = ListTasksRequest {
            request: page.into(),
            scope_by: Some(list_tasks_request::ScopeBy::ProjectId(Box::new(session.project_id()))),
            ..Default::default()
        };
        async move { Ok(session.client.tasks().list_tasks(request).await?.into_owned()) }
    })
    .await?;
    if session.format == Format::Json {
        return output::json(&answer);
    }
    let table = table(&answer.tasks);
    if table.is_empty() {
        return output::line(&format!("no deployed tasks in {}", session.scope()));
    }
    output::line(&table.to_string())
}

fn table(tasks: &[Task]) -> Table {
    let mut table = Table::new(["TASK", "VERSION", "DEPLOYED", "LATEST RUN", "PHASE"]);
    for task in tasks {
        let latest = task.task_summary.latest_run.as_option();
        table.row([
            task.task_id.name.clone(),
            task.task_id.version.clone(),
            words::time(task.metadata.deployed_at.as_option()),
            latest.map(|run| run.run_id.name.clone()).unwrap_or_default(),
            latest.map(|run| words::phase(run.phase)).unwrap_or_default(),
        ]);
    }
    table
}

async fn list_versions(session: &Session, name: &str, limit: u32) -> Result<(), Failure> {
    let what = format!("could not list the versions of task {name} of {}", session.scope());
    let answer: ListVersionsResponse = pages::collect(session, &what, limit, |page| {
        let task_name = TaskName {
            org: session.settings.org.clone(),
            project: session.settings.project.clone(),
            domain: session.settings.domain.clone(),
            name: name.to_owned(),
            ..Default::default()
        };
        let request =
            ListVersionsRequest { request: page.into(), task_name: task_name.into(), ..Default::default() };
        async move { Ok(session.client.tasks().list_versions(request).await?.into_owned()) }
    })
    .await?;
    if session.format == Format::Json {
        return output::json(&answer);
    }
    if answer.versions.is_empty() {
        return Err(Failure::new(format!("there is no task {name} in {}", session.scope()))
            .advise("`wingbeat get task` lists those that are there"));
    }
    let mut table = Table::new(["TASK", "VERSION", "DEPLOYED"]);
    for version in &answer.versions {
        table.row([name.to_owned(), version.version.clone(), words::time(version.deployed_at.as_option())]);
    }
    output::line(&table.to_string())
}

impl Page for ListTasksResponse {
    fn token(&self) -> &str {
        &self.token
    }

    fn len(&self) -> usize {
        self.tasks.len()
    }

    fn append(&mut self, later: Self) {
        self.tasks.extend(later.tasks);
        self.token = later.token;
    }
}

impl Page for ListVersionsResponse {
    fn token(&self) -> &str {
        &self.token
    }

    fn len(&self) -> usize {
        self.versions.len()
    }

    fn append(&mut self, later: Self) {
        self.versions.extend(later.versions);
        self.token = later.token;
    }
}
