//! TaskService: deployed tasks.

use std::sync::Arc;

use connectrpc::{ConnectError, RequestContext, Response, ServiceRequest, ServiceResult};
use wingbeat_idl::{ids, spec, time};
use wingbeat_model::{ProjectKey, TaskVersion, Verb};
use wingbeat_proto::flyteidl2::task::{
    self as wire, DeployTaskRequest, DeployTaskResponse, GetTaskDetailsRequest, GetTaskDetailsResponse,
    LatestRunSummary, ListTasksRequest, ListTasksResponse, ListVersionsRequest, ListVersionsResponse,
    TaskDetails, TaskService, TaskSummary, list_tasks_request, list_versions_response,
};
use wingbeat_store::{ActionQuery, Filter, FilterOp, RunScope, TaskField, TaskQuery, WriteError};

use super::caller::{bad_id, principal};
use super::{filters, find, page_size, read_failed, view};
use crate::platform::Platform;
use crate::use_cases::create_run::check_project;

/// Rows of a page whose size the client leaves to us.
const USUAL: usize = 100;
/// Longest descriptions that lists show.
const SHORT: usize = 255;

/// See the module's text.
pub(crate) struct Deployed {
    pub(crate) platform: Arc<Platform>,
}

impl TaskService for Deployed {
    async fn deploy_task(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, DeployTaskRequest>,
    ) -> ServiceResult<DeployTaskResponse> {
        let principal = principal(&ctx);
        let request = request.to_owned_message();
        let key = ids::task("task_id", &request.task_id).map_err(bad_id)?;
        self.platform.authorize(&principal, Verb::Deploy, Some(&key.scope))?;
        self.platform.check_current(&principal).await?;
        check_project(&self.platform, &key.scope).await?;
        if let Some(trigger) = request.triggers.first() {
            let text = format!(
                "task `{}` brings trigger `{}`, and this server has no triggers yet; deploy it without",
                key.name, trigger.name
            );
            return Err(ConnectError::failed_precondition(text));
        }
        let task_spec = &request.spec;
        crate::use_cases::refuse_what_is_missing(&task_spec.task_template)?;
        let bytes = spec::canonical_bytes(&**task_spec);
        let version = TaskVersion {
            key,
            spec: spec::digest(&bytes),
            environment: task_spec.environment.name.clone(),
            environment_description: cut(&task_spec.environment.description),
            short_name: spec::task_ref(task_spec).short_name,
            description: cut(&task_spec.documentation.short_description),
            is_entrypoint: task_spec.task_template.metadata.is_entrypoint,
            deployed_by: principal.subject(),
            deployed_at: self.platform.clock.now(),
        };
        match self.platform.store.put_task(&version, &bytes).await {
            Ok(()) => Response::ok(DeployTaskResponse::default()),
            Err(WriteError::Commit(error)) => Err(super::commit_failed(&error)),
            Err(error) => Err(ConnectError::internal(error.to_string())),
        }
    }

    async fn get_task_details(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, GetTaskDetailsRequest>,
    ) -> ServiceResult<GetTaskDetailsResponse> {
        let request = request.to_owned_message();
        let (version, spec) =
            find::task(&self.platform, &principal(&ctx), "task_id", &request.task_id).await?;
        let details = TaskDetails {
            task_id: ids::wire_task(&request.task_id.org, &version.key).into(),
            metadata: metadata(&version).into(),
            spec: spec.into(),
            ..Default::default()
        };
        Response::ok(GetTaskDetailsResponse { details: details.into(), ..Default::default() })
    }

    async fn list_tasks(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, ListTasksRequest>,
    ) -> ServiceResult<ListTasksResponse> {
        let request = request.to_owned_message();
        let Some(list_tasks_request::ScopeBy::ProjectId(id)) = &request.scope_by else {
            return Err(ConnectError::invalid_argument("scope_by: tasks are listed by project_id"));
        };
        let scope = ids::project("project_id", id).map_err(bad_id)?;
        self.platform.authorize(&principal(&ctx), Verb::Read, Some(&scope))?;
        let mut filters = filters::task_filters(&request.request.filters)?;
        filters.extend(request.known_filters.iter().filter_map(known_filter));
        let query = TaskQuery {
            scope,
            versions_of: None,
            filters,
            sort: filters::task_sort(&request.request)?,
            limit: page_size(request.request.limit, USUAL),
            after: filters::cursor(&request.request),
        };
        let page = self.platform.store.list_tasks(&query).await.map_err(read_failed)?;
        let mut tasks = Vec::with_capacity(page.rows.len());
        for version in &page.rows {
            tasks.push(self.summary(&id.organization, version).await?);
        }
        let token = page.next.map(|cursor| cursor.0).unwrap_or_default();
        Response::ok(ListTasksResponse { tasks, token, ..Default::default() })
    }

    async fn list_versions(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, ListVersionsRequest>,
    ) -> ServiceResult<ListVersionsResponse> {
        let request = request.to_owned_message();
        let name = &request.task_name;
        let scope = ids::scope("task_name", &name.project, &name.domain).map_err(bad_id)?;
        self.platform.authorize(&principal(&ctx), Verb::Read, Some(&scope))?;
        let query = TaskQuery {
            scope,
            versions_of: Some(name.name.as_str().into()),
            filters: filters::task_filters(&request.request.filters)?,
            sort: filters::task_sort(&request.request)?,
            limit: page_size(request.request.limit, USUAL),
            after: filters::cursor(&request.request),
        };
        let page = self.platform.store.list_tasks(&query).await.map_err(read_failed)?;
        let mut versions = Vec::with_capacity(page.rows.len());
        for version in &page.rows {
            let latest = self.latest_run(&name.org, version, true).await?;
            versions.push(list_versions_response::VersionResponse {
                version: version.key.version.to_string(),
                deployed_at: time::timestamp(version.deployed_at).into(),
                deployed_by: view::identity(&version.deployed_by).into(),
                latest_run: latest.into(),
                ..Default::default()
            });
        }
        let token = page.next.map(|cursor| cursor.0).unwrap_or_default();
        Response::ok(ListVersionsResponse { versions, token, ..Default::default() })
    }
}

impl Deployed {
    async fn summary(&self, org: &str, version: &TaskVersion) -> Result<wire::Task, ConnectError> {
        let latest_run = self.latest_run(org, version, false).await?;
        let summary = TaskSummary { latest_run: latest_run.into(), ..Default::default() };
        Ok(wire::Task {
            task_id: ids::wire_task(org, &version.key).into(),
            metadata: metadata(version).into(),
            task_summary: summary.into(),
            ..Default::default()
        })
    }

    async fn latest_run(
        &self,
        org: &str,
        version: &TaskVersion,
        of_version: bool,
    ) -> Result<Option<LatestRunSummary>, ConnectError> {
        let key = &version.key;
        let scope: ProjectKey = key.scope.clone();
        let query = ActionQuery {
            scope: RunScope::Task {
                scope,
                name: key.name.clone(),
                version: of_version.then(|| key.version.clone()),
            },
            filters: Vec::new(),
            paused_only: false,
            sort: Vec::new(),
            limit: 1,
            after: None,
        };
        let page = self.platform.store.list_actions(&query).await.map_err(read_failed)?;
        let Some(root) = page.rows.first() else { return Ok(None) };
        let runs = self.platform.store.get_runs(&[root.key.run]).await.map_err(read_failed)?;
        Ok(runs.first().map(|run| LatestRunSummary {
            run_id: ids::wire_run(org, &run.key).into(),
            run_time: time::timestamp(root.created_at).into(),
            phase: view::phase(root.phase()),
            root_task_name: root.task.name.clone(),
            ..Default::default()
        }))
    }
}

fn known_filter(wire: &list_tasks_request::KnownFilter) -> Option<Filter<TaskField>> {
    use list_tasks_request::known_filter::FilterBy;
    let (field, value) = match wire.filter_by.as_ref()? {
        FilterBy::DeployedBy(subject) => (TaskField::DeployedBy, subject.clone()),
        FilterBy::IsEntrypoint(wanted) => (TaskField::IsEntrypoint, u8::from(*wanted).to_string()),
    };
    Some(Filter { field, op: FilterOp::Equal, values: vec![value] })
}

fn metadata(version: &TaskVersion) -> wire::TaskMetadata {
    wire::TaskMetadata {
        deployed_by: view::identity(&version.deployed_by).into(),
        short_name: version.short_name.clone(),
        deployed_at: time::timestamp(version.deployed_at).into(),
        environment_name: version.environment.clone(),
        short_description: version.description.clone(),
        ..Default::default()
    }
}

fn cut(text: &str) -> String {
    text.chars().take(SHORT).collect()
}
