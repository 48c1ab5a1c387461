//! The stream of a run's actions: all of them, then every one that changes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use buffa_types::google::protobuf::Timestamp as WireTimestamp;
use connectrpc::{ConnectError, ServiceStream};
use futures::TryStreamExt as _;
use wingbeat_idl::time;
use wingbeat_model::{Action, ActionName, Phase, Run, RunId, Seq};
use wingbeat_proto::flyteidl2::common::{Filter as WireFilter, filter};
use wingbeat_proto::flyteidl2::workflow::{EnrichedAction, WatchActionsRequest, WatchActionsResponse};
use wingbeat_store::{ActionField, ActionQuery, Filter, FilterOp, RunScope};

use super::{PAGE, Woken, wait};
use crate::feed::News;
use crate::platform::{Platform, read_error};
use crate::rpc::stream::produce_pages;
use crate::rpc::{groups, view};

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

impl Changed {
    /// Adds rows that were read afterwards. Those that changed since then come with a later position: what is told until
    /// there may be older than they are, and nobody sees an action go back.
    fn add(&mut self, rows: Vec<Action>) {
        self.rows.extend(rows.into_iter().filter(|row| row.changed <= self.upto));
    }
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
        page.add(parents.rows);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::scheduler::tests::action;

    #[test]
    fn what_is_newer_than_a_page_comes_with_a_later_one() {
        let changed = |name, seq| Action { changed: Seq(seq), ..action(1, name, 1) };
        let mut page = Changed { rows: vec![changed("child", 3)], upto: Seq(4), more: false };
        page.add(vec![changed("as-old-as-the-page", 4), changed("has-ended-since", 5)]);
        let told: Vec<&str> = page.rows.iter().map(|row| row.key.name.as_str()).collect();
        assert_eq!(told, ["child", "as-old-as-the-page"]);
    }
}
