//! RunViewService: windows and sums of one run. Nothing here reads a whole run, however large it is.

mod counts;
mod listed;
mod timeline;

use std::sync::Arc;

use connectrpc::{ConnectError, RequestContext, Response, ServiceRequest, ServiceResult};
use wingbeat_idl::time;
use wingbeat_model::{ActionKey, ActionName, Phase, Run};
use wingbeat_proto::wingbeat::platform::v1::{
    GetRunCountsRequest, GetRunCountsResponse, GetTimelineRequest, GetTimelineResponse, ListWindowRequest,
    ListWindowResponse, RunViewService, WindowRow, list_window_request::Sort,
};
use wingbeat_store::{ActionCounts, Cursor, Direction, WindowQuery, WindowSort, WindowStart};

use super::caller::principal;
use super::{find, groups, page_size, read_failed, view};
use crate::platform::Platform;
use counts::Counted;

/// Entries of a list whose size the client leaves to us.
const USUAL: usize = 100;
/// Where no index helps, so many actions are looked at for one answer: some tens of milliseconds.
const LOOK: usize = 20_000;
/// Up to so many actions, a timeline is made of their own times.
const EXACT: usize = 20_000;

/// See the module's text.
pub(crate) struct RunViews {
    pub(crate) platform: Arc<Platform>,
}

impl RunViewService for RunViews {
    async fn get_run_counts(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, GetRunCountsRequest>,
    ) -> ServiceResult<GetRunCountsResponse> {
        let request = request.to_owned_message();
        let run = find::run(&self.platform, &principal(&ctx), "run_id", &request.run_id).await?;
        let parent = self.parent(&run, &request.parent).await?;
        let counted = self.counted(&run, parent.as_ref()).await?;
        Response::ok(counts::answer(&counted, page_size(request.limit, USUAL)))
    }

    async fn list_window(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, ListWindowRequest>,
    ) -> ServiceResult<ListWindowResponse> {
        let request = request.to_owned_message();
        let run = find::run(&self.platform, &principal(&ctx), "run_id", &request.run_id).await?;
        let mut query = window_query(&run, &request)?;
        query.parent = self.parent(&run, &request.parent).await?;
        let counted = self.counted(&run, query.parent.as_ref()).await?;
        query.population = usize::try_from(counts::total(&counted)).unwrap_or(0);
        let window = match request.containing.as_str() {
            "" => self.platform.store.window(&query).await.map_err(read_failed)?,
            name => listed::window_of(&self.platform, &run, &mut query, name).await?,
        };
        let names: Vec<ActionName> = window.rows.iter().map(|row| row.key.name.clone()).collect();
        let below = self.platform.store.counts_below(run.id, &names).await.map_err(read_failed)?;
        let mut rows = Vec::with_capacity(window.rows.len());
        for row in &window.rows {
            let mut action = view::action(&request.run_id.org, &run, row);
            view::name_condition_type(&self.platform, row, &mut action).await?;
            let children = groups::below(&below, &row.key.name).iter();
            let children = counts::by_phase(children.map(|count| (count.phase, count.count)));
            let started_at = row.started_at.map(time::timestamp).into();
            rows.push(WindowRow { action: action.into(), children, started_at, ..Default::default() });
        }
        Response::ok(ListWindowResponse {
            rows,
            token: window.next.map(|cursor| cursor.0).unwrap_or_default(),
            total: counts::fitting(&counted, &query),
            offset: listed::offset(&query),
            ..Default::default()
        })
    }

    async fn get_timeline(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, GetTimelineRequest>,
    ) -> ServiceResult<GetTimelineResponse> {
        let request = request.to_owned_message();
        let run = find::run(&self.platform, &principal(&ctx), "run_id", &request.run_id).await?;
        let root = find::root(&self.platform, &run).await?;
        let end = root.ended_at().unwrap_or_else(|| self.platform.clock.now());
        let part = timeline::Part::of(&request, run.created_at, end)?;
        let store = &self.platform.store;
        let counted = self.counted(&run, None).await?;
        let is_small = usize::try_from(counts::total(&counted)).is_ok_and(|total| total <= EXACT);
        let seen = if is_small {
            timeline::Seen::Exactly(store.marks(run.id, EXACT).await.map_err(read_failed)?)
        } else {
            timeline::Seen::InSlots(store.moments(run.id).await.map_err(read_failed)?)
        };
        Response::ok(part.picture(run.created_at, &seen))
    }
}

impl RunViews {
    /// An action whose children are asked about; `None`: all of the run's.
    async fn parent(&self, run: &Run, text: &str) -> Result<Option<ActionName>, ConnectError> {
        if text.is_empty() {
            return Ok(None);
        }
        let name = ActionName::new(text)
            .map_err(|error| ConnectError::invalid_argument(format!("parent: {error}")))?;
        let key = ActionKey { run: run.id, name };
        if self.platform.store.find_action(&key).await.map_err(read_failed)?.is_none() {
            let text = format!("parent: action `{}` does not exist in run `{}`", key.name, run.key.name());
            return Err(ConnectError::not_found(text));
        }
        Ok(Some(key.name))
    }

    /// How many actions there are, by where they stand.
    async fn counted(&self, run: &Run, parent: Option<&ActionName>) -> Result<Vec<Counted>, ConnectError> {
        let store = &self.platform.store;
        match parent {
            None => {
                let standings = store.standings(run.id).await.map_err(read_failed)?;
                Ok(standings.into_iter().filter_map(Counted::of_standing).collect())
            }
            Some(parent) => {
                let below = store.counts_below(run.id, std::slice::from_ref(parent)).await;
                let of_count = |row: ActionCounts| Counted {
                    group: row.group,
                    task: None,
                    phase: row.phase,
                    count: row.count,
                };
                Ok(below.map_err(read_failed)?.into_iter().map(of_count).collect())
            }
        }
    }
}

/// The query that a request means, but for what has to be looked up.
fn window_query(run: &Run, request: &ListWindowRequest) -> Result<WindowQuery, ConnectError> {
    let sort = match request.sort.as_known() {
        Some(Sort::SORT_UNSPECIFIED | Sort::SORT_CREATED) => WindowSort::Created,
        Some(Sort::SORT_STARTED) => WindowSort::Started,
        None => return Err(bad("sort", "this server does not know this order")),
    };
    let mut phases = request.phases.iter().map(|number| phase(*number)).collect::<Result<Vec<_>, _>>()?;
    phases.sort();
    phases.dedup();
    let direction = if request.descending { Direction::Descending } else { Direction::Ascending };
    let query = WindowQuery {
        run: run.id,
        parent: None,
        phases,
        group: request.group.clone(),
        text: request.text.clone(),
        started_from: request.started_from.as_option().map(time::from_timestamp),
        started_before: request.started_before.as_option().map(time::from_timestamp),
        sort,
        direction,
        limit: page_size(request.limit, USUAL),
        start: start(request)?,
        population: 0,
        look: LOOK,
    };
    listed::check(&query, request)?;
    Ok(query)
}

fn start(request: &ListWindowRequest) -> Result<WindowStart, ConnectError> {
    if !request.token.is_empty() {
        let both = request.offset != 0;
        let token = || WindowStart::After(Cursor(request.token.clone()));
        return if both { Err(bad("offset", "it cannot be used together with token")) } else { Ok(token()) };
    }
    let offset = usize::try_from(request.offset);
    offset.map(WindowStart::Skip).map_err(|_| bad("offset", "it must not be negative"))
}

fn phase(number: i32) -> Result<Phase, ConnectError> {
    let known = Phase::from_number(number);
    known.ok_or_else(|| bad("phases", &format!("{number} is no number of flyteidl2.common.ActionPhase")))
}

fn bad(field: &str, why: &str) -> ConnectError {
    ConnectError::invalid_argument(format!("{field}: {why}"))
}

#[cfg(test)]
mod tests;
