//! Lists of runs and of actions.

use std::collections::HashMap;

use connectrpc::ConnectError;
use wingbeat_idl::ids;
use wingbeat_model::{Action, Principal, Run, RunId, Verb};
use wingbeat_proto::flyteidl2::workflow::{
    CreateRunRequest, ListActionsRequest, ListActionsResponse, ListRunsRequest, ListRunsResponse,
    create_run_request, list_runs_request,
};
use wingbeat_store::{ActionQuery, Page, RunScope};

use crate::platform::{Platform, read_error};
use crate::rpc::caller::bad_id;
use crate::rpc::{filters, find, page_size, view};

/// Rows of a page whose size the client leaves to us.
const USUAL: usize = 100;

/// The org text of a request to create a run, for its answer.
pub(super) fn org_of(request: &CreateRunRequest) -> String {
    match &request.id {
        Some(create_run_request::Id::RunId(id)) => id.org.clone(),
        Some(create_run_request::Id::ProjectId(id)) => id.organization.clone(),
        None => String::new(),
    }
}

/// Root actions of a scope.
pub(super) async fn list_runs(
    platform: &Platform,
    caller: &Principal,
    request: ListRunsRequest,
) -> Result<ListRunsResponse, ConnectError> {
    let (org, scope) = scope(&request)?;
    platform.authorize(caller, Verb::Read, None)?;
    let list = &request.request;
    let query = ActionQuery {
        scope,
        filters: filters::action_filters(&list.filters)?,
        paused_only: request.paused_actions_only,
        sort: filters::action_sort(list)?,
        limit: page_size(list.limit, USUAL),
        after: filters::cursor(list),
    };
    let page = platform.store.list_actions(&query).await.map_err(|error| read_error(&error))?;
    let token = token(&page);
    let runs = with_runs(platform, page.rows).await?;
    let runs = runs.iter().map(|(run, root)| view::run(&org, run, root)).collect();
    Ok(ListRunsResponse { runs, token, ..Default::default() })
}

fn scope(request: &ListRunsRequest) -> Result<(String, RunScope), ConnectError> {
    use list_runs_request::ScopeBy;
    match &request.scope_by {
        Some(ScopeBy::ProjectId(id)) => {
            let scope = ids::project("project_id", id).map_err(bad_id)?;
            Ok((id.organization.clone(), RunScope::Project(scope)))
        }
        Some(ScopeBy::TaskName(task)) => {
            let scope = ids::scope("task_name", &task.project, &task.domain).map_err(bad_id)?;
            Ok((task.org.clone(), RunScope::Task { scope, name: task.name.as_str().into(), version: None }))
        }
        Some(ScopeBy::TaskId(task)) => {
            let key = ids::task("task_id", task).map_err(bad_id)?;
            Ok((
                task.org.clone(),
                RunScope::Task { scope: key.scope, name: key.name, version: Some(key.version) },
            ))
        }
        Some(ScopeBy::TriggerName(_)) => {
            Err(ConnectError::failed_precondition("trigger_name: this server has no triggers yet"))
        }
        Some(ScopeBy::Org(_)) => Err(ConnectError::invalid_argument(
            "scope_by: runs are listed by project_id, task_name or task_id",
        )),
        None => Err(ConnectError::invalid_argument("scope_by: project_id, task_name or task_id must be set")),
    }
}

/// Actions of one run.
pub(super) async fn list_actions(
    platform: &Platform,
    caller: &Principal,
    request: ListActionsRequest,
) -> Result<ListActionsResponse, ConnectError> {
    let run = find::run(platform, caller, "run_id", &request.run_id).await?;
    let list = &request.request;
    let query = ActionQuery {
        scope: RunScope::Run(run.id),
        filters: filters::action_filters(&list.filters)?,
        paused_only: false,
        sort: filters::action_sort(list)?,
        limit: page_size(list.limit, USUAL),
        after: filters::cursor(list),
    };
    let page = platform.store.list_actions(&query).await.map_err(|error| read_error(&error))?;
    let token = token(&page);
    let mut actions = Vec::with_capacity(page.rows.len());
    for row in &page.rows {
        let mut action = view::action(&request.run_id.org, &run, row);
        view::name_condition_type(platform, row, &mut action).await?;
        actions.push(action);
    }
    Ok(ListActionsResponse { actions, token, ..Default::default() })
}

fn token<T>(page: &Page<T>) -> String {
    page.next.as_ref().map(|cursor| cursor.0.clone()).unwrap_or_default()
}

/// Root actions with their runs, in the same order.
pub(super) async fn with_runs(
    platform: &Platform,
    roots: Vec<Action>,
) -> Result<Vec<(Run, Action)>, ConnectError> {
    let numbers: Vec<RunId> = roots.iter().map(|root| root.key.run).collect();
    let runs = platform.store.get_runs(&numbers).await.map_err(|error| read_error(&error))?;
    let mut runs: HashMap<RunId, Run> = runs.into_iter().map(|run| (run.id, run)).collect();
    Ok(roots.into_iter().filter_map(|root| Some((runs.remove(&root.key.run)?, root))).collect())
}
