//! Streams of runs and actions: the present state at once, then every change, conflated and never reordered.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use buffa::Message as _;
use buffa_types::google::protobuf::Timestamp as WireTimestamp;
use connectrpc::{ConnectError, ServiceStream};
use futures::TryStreamExt as _;
use wingbeat_idl::{ids, time};
use wingbeat_model::{Action, ActionKey, ActionName, Phase, Run, RunId, Seq, Timestamp};
use wingbeat_proto::flyteidl2::common::{Filter as WireFilter, filter};
use wingbeat_proto::flyteidl2::task::RunSpec;
use wingbeat_proto::flyteidl2::workflow::{
    EnrichedAction, RunDetails, WatchActionDetailsResponse, WatchActionsRequest, WatchActionsResponse,
    WatchClusterEventsResponse, WatchGroupsRequest, WatchGroupsResponse, WatchRunDetailsResponse,
    WatchRunsRequest, WatchRunsResponse, watch_groups_request, watch_runs_request,
};
use wingbeat_store::{ActionField, ActionQuery, Filter, FilterOp, RunScope};

use super::lists::with_runs;
use crate::feed::News;
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

/// What a watch of actions wants to see.
struct Wanted {
    phases: Vec<Phase>,
    name: String,
}

impl Wanted {
    fn read(filters: &[WireFilter]) -> Result<Self, ConnectError> {
        let mut wanted = Self { phases: Vec::new(), name: String::new() };
        for one in filters {
            match (one.field.to_ascii_lowercase().as_str(), one.function.as_known()) {
                ("phase", Some(filter::Function::VALUE_IN | filter::Function::EQUAL)) => {
                    let phases =
                        one.values.iter().map(|value| value.parse().ok().and_then(Phase::from_number));
                    let phases: Option<Vec<Phase>> = phases.collect();
                    let bad = || ConnectError::invalid_argument("filter: `phase` takes phase numbers");
                    wanted.phases = phases.ok_or_else(bad)?;
                }
                ("name", Some(filter::Function::CONTAINS_CASE_INSENSITIVE)) => {
                    wanted.name = one.values.first().map(|value| value.to_lowercase()).unwrap_or_default();
                }
                (field, _) => {
                    let text =
                        format!("filter: this watch takes `phase` (VALUE_IN) and `name`, not `{field}`");
                    return Err(ConnectError::invalid_argument(text));
                }
            }
        }
        Ok(wanted)
    }

    fn meets(&self, action: &Action) -> bool {
        let named = |text: &str| text.to_lowercase().contains(&self.name);
        (self.phases.is_empty() || self.phases.contains(&action.phase()))
            && (self.name.is_empty() || named(action.key.name.as_str()) || named(&action.task.short_name))
    }
}

/// All actions of a run, then every one that changes.
pub(crate) fn actions(
    platform: &Arc<Platform>,
    run: Run,
    request: &WatchActionsRequest,
) -> Result<ServiceStream<WatchActionsResponse>, ConnectError> {
    Ok(Box::pin(actions_since(platform, run, request, Seq::default())?.map_ok(|said| said.answer)))
}

/// Actions that changed, and what flyteidl2 has no field for.
pub(crate) struct SaidOfActions {
    /// Everything until here was said.
    pub(crate) position: Seq,
    pub(crate) answer: WatchActionsResponse,
    /// When those that have begun to run did so, by their names.
    pub(crate) started_at: BTreeMap<String, WireTimestamp>,
}

impl SaidOfActions {
    /// It changes nothing for a client, and keeps the connection.
    fn nothing(position: Seq) -> Self {
        Self { position, answer: WatchActionsResponse::default(), started_at: BTreeMap::new() }
    }
}

/// The same with positions: actions that changed after `from`.
pub(crate) fn actions_since(
    platform: &Arc<Platform>,
    run: Run,
    request: &WatchActionsRequest,
    from: Seq,
) -> Result<ServiceStream<SaidOfActions>, ConnectError> {
    let wanted = Wanted::read(&request.filter)?;
    let org = request.run_id.org.clone();
    let shared = platform.clone();
    Ok(produce_pages(platform, "watch-actions", move |mut sink| async move {
        let mut changed = shared.feed.subscribe_run(run.id);
        let mut position = from;
        let (mut all, mut greeted) = (from == Seq::default(), false);
        loop {
            let Changed { rows, upto, more } = if all {
                changed_page(&shared, run.id, position).await?
            } else {
                changed_lately(&shared, run.id, position).await?
            };
            all = all && more;
            let mut left = rows.chunks(PAGE).peekable();
            if left.peek().is_none() && !greeted {
                sink.send(SaidOfActions::nothing(upto)).await?;
            }
            greeted = true;
            while let Some(page) = left.next() {
                // Whoever comes back with a position that was said of half a commit would miss the other half.
                let said = if left.peek().is_some() { position } else { upto };
                sink.send(say(&shared, (&org, &run), &wanted, (said, page)).await?).await?;
            }
            position = upto;
            if more {
                continue;
            }
            match wait(&mut changed).await {
                Woken::Ended => return Ok(()),
                Woken::Quiet => sink.send(SaidOfActions::nothing(position)).await?,
                Woken::Changed => (),
            }
        }
    }))
}

/// Actions that changed until a position.
struct Changed {
    rows: Vec<Action>,
    upto: Seq,
    /// There are later ones.
    more: bool,
}

/// What the store knows of a run.
async fn changed_page(platform: &Platform, run: RunId, after: Seq) -> Result<Changed, ConnectError> {
    let page = platform.store.changed_actions(run, None, after, PAGE).await;
    let (rows, upto) = page.map_err(|error| read_error(&error))?;
    let more = rows.len() >= PAGE && upto > after;
    Ok(Changed { rows, upto, more })
}

/// The same with the parents of what changed: they are told with how many children of theirs are in which phase.
async fn changed_lately(platform: &Platform, run: RunId, after: Seq) -> Result<Changed, ConnectError> {
    if let Some(News { rows, upto }) = platform.feed.news(after, |row| row.key.run == run) {
        return Ok(Changed { rows, upto, more: false });
    }
    let mut page = changed_page(platform, run, after).await?;
    let there: BTreeSet<&ActionName> = page.rows.iter().map(|row| &row.key.name).collect();
    let parents: BTreeSet<&ActionName> = page.rows.iter().filter_map(|row| row.parent.as_ref()).collect();
    let missing: Vec<String> = parents.difference(&there).map(ToString::to_string).collect();
    if !missing.is_empty() {
        let query = ActionQuery {
            scope: RunScope::Run(run),
            limit: missing.len(),
            filters: vec![Filter { field: ActionField::Name, op: FilterOp::In, values: missing }],
            paused_only: false,
            sort: Vec::new(),
            after: None,
        };
        let parents = platform.store.list_actions(&query).await.map_err(|error| read_error(&error))?;
        page.rows.extend(parents.rows);
    }
    Ok(page)
}

async fn say(
    platform: &Platform,
    (org, run): (&str, &Run),
    wanted: &Wanted,
    (position, rows): (Seq, &[Action]),
) -> Result<SaidOfActions, ConnectError> {
    let names: Vec<ActionName> = rows.iter().map(|action| action.key.name.clone()).collect();
    let counts = platform.store.counts_below(run.id, &names).await.map_err(|error| read_error(&error))?;
    let enriched = rows.iter().map(|action| EnrichedAction {
        action: view::action(org, run, action).into(),
        meets_filter: wanted.meets(action),
        children_phase_counts: groups::children(&counts, &action.key.name),
        ..Default::default()
    });
    let answer = WatchActionsResponse { enriched_actions: enriched.collect(), ..Default::default() };
    Ok(SaidOfActions { position, answer, started_at: started_at(rows) })
}

fn started_at(actions: &[Action]) -> BTreeMap<String, WireTimestamp> {
    let begun = actions.iter().filter_map(|action| Some((action.key.name.to_string(), action.started_at?)));
    begun.map(|(name, at)| (name, time::timestamp(at))).collect()
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
