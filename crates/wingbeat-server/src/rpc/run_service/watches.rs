//! Streams of runs and actions: the present state at once, then every change, conflated and never reordered.

use std::sync::Arc;
use std::time::Duration;

use buffa::Message as _;
use connectrpc::{ConnectError, ServiceStream};
use futures::TryStreamExt as _;
use wingbeat_idl::{ids, time};
use wingbeat_model::{Action, ActionKey, Run, Seq, Timestamp};
use wingbeat_proto::flyteidl2::task::RunSpec;
use wingbeat_proto::flyteidl2::workflow::{
    RunDetails, WatchActionDetailsResponse, WatchClusterEventsResponse, WatchGroupsRequest,
    WatchGroupsResponse, WatchRunDetailsResponse, WatchRunsRequest, WatchRunsResponse, watch_groups_request,
    watch_runs_request,
};
use wingbeat_store::{ActionField, ActionQuery, Filter, FilterOp, RunScope};

mod actions;

pub(crate) use actions::{SaidOfActions, actions, actions_since};

use super::lists::with_runs;
use crate::platform::{Platform, read_error};
use crate::rpc::caller::bad_id;
use crate::rpc::stream::{Sink, produce, produce_pages, quiet};
use crate::rpc::{groups, view};
use crate::wake::Receiver;

/// Rows of one message at most.
const PAGE: usize = 500;
/// Between two pictures of the groups.
const GROUPS_PAUSE: Duration = Duration::from_millis(500);
/// Runs of a snapshot.
const SNAPSHOT: usize = 100;

/// What to do after waiting.
enum Woken {
    Changed,
    Quiet,
    Ended,
}

async fn wait(changed: &mut Receiver) -> Woken {
    tokio::select! {
        result = changed.changed() => if result.is_ok() { Woken::Changed } else { Woken::Ended },
        () = quiet() => Woken::Quiet,
    }
}

/// An action that is looked at again and again.
#[derive(Default)]
struct Watched {
    /// As it was last, and what was told by then.
    known: Option<(Action, Seq)>,
}

impl Watched {
    /// The action as it is now.
    async fn look(&mut self, platform: &Platform, key: &ActionKey) -> Result<Action, ConnectError> {
        let position = platform.feed.position();
        let news = self.known.take().and_then(|(action, seen)| {
            let mut news = platform.feed.news(seen, |row| row.key == *key)?;
            // What the store said then may be newer than what was told.
            Some(news.rows.pop().filter(|row| row.changed > action.changed).unwrap_or(action))
        });
        let action = if let Some(action) = news {
            action
        } else {
            let found = platform.store.find_action(key).await.map_err(|error| read_error(&error))?;
            found.ok_or_else(|| ConnectError::not_found("the action is gone"))?
        };
        self.known = Some((action.clone(), position));
        Ok(action)
    }
}

/// Details of one action, as it was read when watchers had been told of that position, until it has ended. The first
/// message is the present state.
pub(super) fn action_details(
    platform: &Arc<Platform>,
    org: String,
    run: Run,
    (action, position): (Action, Seq),
) -> ServiceStream<WatchActionDetailsResponse> {
    let shared = platform.clone();
    produce(platform, "watch-action-details", move |mut sink| async move {
        let mut changed = shared.feed.subscribe_run(run.id);
        let key = action.key.clone();
        let mut watched = Watched { known: Some((action, position)) };
        let mut sent: Option<Seq> = None;
        loop {
            let action = watched.look(&shared, &key).await?;
            if sent != Some(action.changed) {
                let details = view::details(&shared, &org, &run, &action).await?;
                sink.send(WatchActionDetailsResponse { details: details.into(), ..Default::default() })
                    .await?;
                sent = Some(action.changed);
            }
            if action.phase().is_terminal() {
                return Ok(());
            }
            match wait(&mut changed).await {
                Woken::Changed => (),
                // An empty message would replace the client's copy: the state is sent again instead.
                Woken::Quiet => sent = None,
                Woken::Ended => return Ok(()),
            }
        }
    })
}

/// Details of one run until its root has ended.
pub(super) fn run_details(
    platform: &Arc<Platform>,
    org: String,
    run: Run,
) -> ServiceStream<WatchRunDetailsResponse> {
    let shared = platform.clone();
    produce(platform, "watch-run-details", move |mut sink| async move {
        let mut changed = shared.feed.subscribe_run(run.id);
        let mut watched = Watched::default();
        let key = ActionKey::root(run.id);
        let mut sent: Option<Seq> = None;
        loop {
            let root = watched.look(&shared, &key).await?;
            if sent != Some(root.changed) {
                let details = details_of_run(&shared, &org, &run, &root).await?;
                sink.send(WatchRunDetailsResponse { details: details.into(), ..Default::default() }).await?;
                sent = Some(root.changed);
            }
            if root.phase().is_terminal() {
                return Ok(());
            }
            match wait(&mut changed).await {
                Woken::Changed => (),
                Woken::Quiet => sent = None,
                Woken::Ended => return Ok(()),
            }
        }
    })
}

/// A run with its spec and its root.
pub(super) async fn details_of_run(
    platform: &Platform,
    org: &str,
    run: &Run,
    root: &Action,
) -> Result<RunDetails, ConnectError> {
    let bytes = platform.spec(&run.spec).await?;
    let spec = RunSpec::decode_from_slice(bytes.as_deref().unwrap_or_default())
        .map_err(|_| ConnectError::data_loss("the run's stored spec cannot be decoded"))?;
    let action = view::details(platform, org, run, root).await?;
    Ok(RunDetails { run_spec: spec.into(), action: action.into(), ..Default::default() })
}

/// The newest runs of a scope, then every run that changes. Ends with the client or the server.
pub(super) fn runs(
    platform: &Arc<Platform>,
    request: WatchRunsRequest,
) -> Result<ServiceStream<WatchRunsResponse>, ConnectError> {
    Ok(Box::pin(runs_since(platform, request, None)?.map_ok(|(_, answer)| answer)))
}

/// The same with positions; from one on, only runs that changed after it.
pub(crate) fn runs_since(
    platform: &Arc<Platform>,
    request: WatchRunsRequest,
    from: Option<Seq>,
) -> Result<ServiceStream<(Seq, WatchRunsResponse)>, ConnectError> {
    use watch_runs_request::Target;
    let (org, scope) = match &request.target {
        Some(Target::ProjectId(id)) => {
            (id.organization.clone(), RunScope::Project(ids::project("project_id", id).map_err(bad_id)?))
        }
        Some(Target::TaskId(id)) => {
            let key = ids::task("task_id", id).map_err(bad_id)?;
            (id.org.clone(), RunScope::Task { scope: key.scope, name: key.name, version: Some(key.version) })
        }
        Some(Target::Org(_) | Target::ClusterId(_)) | None => {
            return Err(ConnectError::invalid_argument("target: project_id or task_id must be set"));
        }
    };
    let shared = platform.clone();
    Ok(produce_pages(platform, "watch-runs", move |mut sink| async move {
        let mut changed = shared.feed.subscribe_roots();
        let head = shared.store.head().await.map_err(|error| read_error(&error))?;
        let mut position = from.unwrap_or(head);
        let mut look = from.is_some();
        if from.is_none() {
            let page = newest(&shared, &scope).await?;
            send_runs(&shared, &org, (position, page), &mut sink).await?;
        }
        loop {
            while look {
                let page = shared.store.changed_roots(&scope, position, PAGE).await;
                let (rows, end) = page.map_err(|error| read_error(&error))?;
                look = rows.len() >= PAGE && end > position;
                position = end;
                if !rows.is_empty() {
                    send_runs(&shared, &org, (position, rows), &mut sink).await?;
                }
            }
            match wait(&mut changed).await {
                Woken::Ended => return Ok(()),
                // An empty list of runs changes nothing for a client and keeps the connection.
                Woken::Quiet => sink.send((position, WatchRunsResponse::default())).await?,
                Woken::Changed => look = true,
            }
        }
    }))
}

async fn newest(platform: &Platform, scope: &RunScope) -> Result<Vec<Action>, ConnectError> {
    let newest = ActionQuery {
        scope: scope.clone(),
        filters: Vec::new(),
        paused_only: false,
        sort: Vec::new(),
        limit: SNAPSHOT,
        after: None,
    };
    Ok(platform.store.list_actions(&newest).await.map_err(|error| read_error(&error))?.rows)
}

async fn send_runs(
    platform: &Platform,
    org: &str,
    (position, roots): (Seq, Vec<Action>),
    sink: &mut Sink<(Seq, WatchRunsResponse)>,
) -> Result<(), ConnectError> {
    let runs = with_runs(platform, roots).await?;
    let runs = runs.iter().map(|(run, root)| view::run(org, run, root)).collect();
    sink.send((position, WatchRunsResponse { runs, ..Default::default() })).await
}

/// What happened around an attempt, until it has ended.
pub(super) fn cluster_events(
    platform: &Arc<Platform>,
    key: ActionKey,
    attempt: u32,
) -> ServiceStream<WatchClusterEventsResponse> {
    let shared = platform.clone();
    produce(platform, "watch-cluster-events", move |mut sink| async move {
        let mut changed = shared.feed.subscribe_run(key.run);
        let mut sent = 0;
        loop {
            let attempts = shared.store.list_attempts(&key).await.map_err(|error| read_error(&error))?;
            let found = attempts.iter().find(|row| row.key.attempt == attempt);
            let events = found.map(view::cluster_events).unwrap_or_default();
            let fresh: Vec<_> = events.into_iter().skip(sent).collect();
            if !fresh.is_empty() {
                sent += fresh.len();
                sink.send(WatchClusterEventsResponse { cluster_events: fresh, ..Default::default() }).await?;
            }
            let action = shared.store.find_action(&key).await.map_err(|error| read_error(&error))?;
            let over = action.is_none_or(|action| action.phase().is_terminal());
            if over || found.is_some_and(|row| row.end.is_some()) {
                return Ok(());
            }
            match wait(&mut changed).await {
                Woken::Ended => return Ok(()),
                Woken::Quiet => sink.send(WatchClusterEventsResponse::default()).await?,
                Woken::Changed => (),
            }
        }
    })
}

/// Runs grouped by task over a time window; the whole picture again after each change.
pub(crate) fn groups(
    platform: &Arc<Platform>,
    request: WatchGroupsRequest,
) -> Result<ServiceStream<WatchGroupsResponse>, ConnectError> {
    let Some(watch_groups_request::ScopeBy::ProjectId(id)) = &request.scope_by else {
        return Err(ConnectError::invalid_argument("scope_by: project_id must be set"));
    };
    let scope = RunScope::Project(ids::project("project_id", id).map_err(bad_id)?);
    let since: Timestamp = time::from_timestamp(&request.start_date);
    let until = request.end_date.as_option().map(time::from_timestamp);
    let started = Filter {
        field: ActionField::CreatedAt,
        op: FilterOp::GreaterOrEqual,
        values: vec![since.as_micros().to_string()],
    };
    let newest = ActionQuery {
        scope,
        filters: vec![started],
        paused_only: false,
        sort: Vec::new(),
        limit: groups::MOST,
        after: None,
    };
    let shared = platform.clone();
    Ok(produce_pages(platform, "watch-groups", move |mut sink| async move {
        let mut changed = shared.feed.subscribe_roots();
        loop {
            let page = shared.store.list_actions(&newest).await.map_err(|error| read_error(&error))?;
            let roots = page
                .rows
                .into_iter()
                .filter(|root| until.is_none_or(|until| root.created_at < until))
                .collect();
            let runs = with_runs(&shared, roots).await?;
            let task_groups = groups::by_task(&runs);
            sink.send(WatchGroupsResponse { task_groups, sentinel: true, ..Default::default() }).await?;
            if until.is_some_and(|until| until <= shared.clock.now()) {
                return Ok(());
            }
            if matches!(wait(&mut changed).await, Woken::Ended) {
                return Ok(());
            }
            // Each picture reads up to a thousand runs: many changes make one.
            tokio::time::sleep(GROUPS_PAUSE).await;
        }
    }))
}
