//! ProjectService.

use std::sync::Arc;

use buffa::Message as _;
use connectrpc::{ConnectError, RequestContext, Response, ServiceRequest, ServiceResult};
use wingbeat_model::{Project, ProjectState, Verb};
use wingbeat_proto::flyteidl2::project::{
    self as wire, CreateProjectRequest, CreateProjectResponse, GetProjectRequest, GetProjectResponse,
    ListProjectsRequest, ListProjectsResponse, ProjectService, UpdateProjectRequest, UpdateProjectResponse,
};
use wingbeat_proto::flyteidl2::task::Labels;
use wingbeat_store::WriteError;

use super::caller::principal;
use super::{page_size, read_failed};
use crate::platform::{DEFAULT_ORG, DOMAINS, Platform};

/// See the module's text.
pub(crate) struct Projects {
    pub(crate) platform: Arc<Platform>,
}

impl ProjectService for Projects {
    async fn create_project(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, CreateProjectRequest>,
    ) -> ServiceResult<CreateProjectResponse> {
        self.platform.authorize(&principal(&ctx), Verb::Administer, None)?;
        let wire = request.to_owned_message().project.into_option().unwrap_or_default();
        let project = self.read(&wire)?;
        let created = self.platform.store.create_project(&project).await;
        created.map_err(|error| write_error(error, &wire.id))?;
        Response::ok(CreateProjectResponse::default())
    }

    async fn update_project(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, UpdateProjectRequest>,
    ) -> ServiceResult<UpdateProjectResponse> {
        self.platform.authorize(&principal(&ctx), Verb::Administer, None)?;
        let wire = request.to_owned_message().project.into_option().unwrap_or_default();
        let mut project = self.read(&wire)?;
        let known = self.platform.store.find_project(DEFAULT_ORG, &wire.id).await.map_err(read_failed)?;
        project.created_at = known.map_or(project.created_at, |known| known.created_at);
        let updated = self.platform.store.update_project(&project).await;
        updated.map_err(|error| write_error(error, &wire.id))?;
        Response::ok(UpdateProjectResponse::default())
    }

    async fn get_project(
        &self,
        _ctx: RequestContext,
        request: ServiceRequest<'_, GetProjectRequest>,
    ) -> ServiceResult<GetProjectResponse> {
        let request = request.to_owned_message();
        let found = self.platform.store.find_project(DEFAULT_ORG, &request.id).await.map_err(read_failed)?;
        let project = found
            .ok_or_else(|| ConnectError::not_found(format!("project `{}` does not exist", request.id)))?;
        Response::ok(GetProjectResponse {
            project: view(&request.org, &project).into(),
            ..Default::default()
        })
    }

    async fn list_projects(
        &self,
        _ctx: RequestContext,
        request: ServiceRequest<'_, ListProjectsRequest>,
    ) -> ServiceResult<ListProjectsResponse> {
        let request = request.to_owned_message();
        let wanted = TextFilter::read_all(&request.filters)?;
        let mut rows = self.platform.store.list_projects(DEFAULT_ORG).await.map_err(read_failed)?;
        rows.retain(|project| keep(project, &wanted));
        if request.sort_by.direction == wingbeat_proto::flyteidl2::common::sort::Direction::DESCENDING
            && request.sort_by.is_set()
        {
            rows.reverse();
        }
        let start: usize = if request.token.is_empty() {
            0
        } else {
            let bad = |_| ConnectError::invalid_argument("the page token is not valid for this list");
            request.token.parse().map_err(bad)?
        };
        let limit = page_size(request.limit, 100);
        let page: Vec<wire::Project> =
            rows.iter().skip(start).take(limit).map(|project| view(&request.org, project)).collect();
        let token =
            if start + page.len() < rows.len() { (start + page.len()).to_string() } else { String::new() };
        let projects = wire::Projects { projects: page, token, ..Default::default() };
        Response::ok(ListProjectsResponse { projects: projects.into(), ..Default::default() })
    }
}

impl Projects {
    fn read(&self, wire: &wire::Project) -> Result<Project, ConnectError> {
        let checked = wingbeat_idl::ids::scope("project", &wire.id, DOMAINS[0].0);
        let scope = checked.map_err(|_| {
            let text = format!(
                "project.id `{}` must have 1 to 63 characters, without `/` or control characters",
                wire.id
            );
            ConnectError::invalid_argument(text)
        })?;
        let now = self.platform.clock.now();
        let name = if wire.name.is_empty() { wire.id.clone() } else { wire.name.clone() };
        Ok(Project {
            org: scope.org,
            id: scope.project,
            name,
            description: wire.description.clone(),
            labels: wire.labels.encode_to_vec(),
            state: ProjectState::from_number(wire.state.to_i32()),
            created_at: now,
            updated_at: now,
        })
    }
}

fn view(org: &str, project: &Project) -> wire::Project {
    let domains = DOMAINS.iter().map(|(id, name)| wire::Domain {
        id: (*id).to_owned(),
        name: (*name).to_owned(),
        ..Default::default()
    });
    wire::Project {
        id: project.id.to_string(),
        name: project.name.clone(),
        domains: domains.collect(),
        description: project.description.clone(),
        labels: Labels::decode_from_slice(&project.labels).ok().into(),
        state: buffa::EnumValue::from(project.state as i32),
        org: org.to_owned(),
        ..Default::default()
    }
}

fn write_error(error: WriteError, id: &str) -> ConnectError {
    match error {
        WriteError::Exists => ConnectError::already_exists(format!("project `{id}` already exists")),
        WriteError::NotFound => ConnectError::not_found(format!("project `{id}` does not exist")),
        WriteError::Commit(error) => super::commit_failed(&error),
    }
}

/// One condition of the list's own text form: `eq(state,0)`.
struct TextFilter {
    function: String,
    field: String,
    value: String,
}

impl TextFilter {
    fn read_all(text: &str) -> Result<Vec<Self>, ConnectError> {
        text.split('+').map(str::trim).filter(|part| !part.is_empty()).map(Self::read).collect()
    }

    fn read(part: &str) -> Result<Self, ConnectError> {
        let read = || {
            let (function, rest) = part.split_once('(')?;
            let (field, value) = rest.strip_suffix(')')?.split_once(',')?;
            let known = matches!(function, "eq" | "ne" | "contains" | "value_in");
            known.then(|| Self {
                function: function.to_owned(),
                field: field.trim().to_owned(),
                value: value.trim().to_owned(),
            })
        };
        read().ok_or_else(|| {
            let text =
                format!("filters: `{part}` is not of the form eq(field, value), ne, contains or value_in");
            ConnectError::invalid_argument(text)
        })
    }

    fn holds(&self, project: &Project) -> bool {
        let state = (project.state as i32).to_string();
        let actual = match self.field.as_str() {
            "state" => state.as_str(),
            "name" => &project.name,
            "description" => &project.description,
            _ => &project.id,
        };
        match self.function.as_str() {
            "ne" => actual != self.value,
            "contains" => actual.contains(&self.value),
            "value_in" => self.value.split(';').any(|value| value.trim() == actual),
            _ => actual == self.value,
        }
    }
}

/// Archived projects are shown only to those who ask for something.
fn keep(project: &Project, wanted: &[TextFilter]) -> bool {
    if wanted.is_empty() {
        return matches!(project.state, ProjectState::Active | ProjectState::SystemGenerated);
    }
    wanted.iter().all(|filter| filter.holds(project))
}
