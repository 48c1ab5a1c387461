//! Reads of run state: one statement each, so that each is of one moment.

use async_trait::async_trait;
use wingbeat_model::{
    Action, ActionKey, ActionName, Attempt, CacheEntry, CacheKey, Digest, FollowUp, Queue, Reservation, Run,
    RunId, RunKey, Seq, Session, Share,
};
use wingbeat_store::listing::ListId;
use wingbeat_store::{ActionCounts, ActionQuery, Page, ReadError, RunReads, RunScope};

use super::load::read_runs;
use super::params::Params;
use super::queries::{self, Query};
use super::row::read_rows;
use super::{PostgresStore, feed};
use crate::fault::Fault;
use crate::lists::{ListStatement, action_statement, limit, page};
use crate::rows::cell::{Columns, first};
use crate::rows::readable::{self, readable};
use crate::rows::tally::read_count;
use crate::rows::{action, attempt, cache, queue, run, session};
use crate::statement::Dialect;

impl PostgresStore {
    pub(super) async fn list<T>(
        &self,
        query: &'static Query,
        params: Params,
        read: impl FnMut(&mut Columns<'_>) -> Result<T, Fault>,
    ) -> Result<Vec<T>, ReadError> {
        let rows = self.readers.fetch(query, params).await?;
        Ok(read_rows(&rows, read).map_err(|fault| fault.found_by(query.file()))?)
    }

    async fn first<T>(
        &self,
        query: &'static Query,
        params: Params,
        read: impl FnMut(&mut Columns<'_>) -> Result<T, Fault>,
    ) -> Result<Option<T>, ReadError> {
        Ok(self.list(query, params, read).await?.into_iter().next())
    }
}

fn cache_key(query: &'static Query, key: &CacheKey) -> Result<Params, Fault> {
    Params::rows(query, [key], |row, key| row.put_cache_key(key))
}

#[async_trait]
impl RunReads for PostgresStore {
    async fn head(&self) -> Result<Seq, ReadError> {
        let found = self.first(&queries::HEAD_READ, Params::new(), |row| row.take().map(Seq)).await?;
        Ok(found.unwrap_or_default())
    }

    async fn find_run(&self, key: &RunKey) -> Result<Option<Run>, ReadError> {
        let params = Params::rows(&queries::RUN_FIND, [key], |row, key| run::bind_key(row, key))?;
        let rows = self.readers.fetch(&queries::RUN_FIND, params).await?;
        Ok(read_runs(&rows)?.into_iter().next())
    }

    async fn get_runs(&self, ids: &[RunId]) -> Result<Vec<Run>, ReadError> {
        let params = Params::rows(&queries::RUN_GET, ids, |row, id| row.put(id.0))?;
        let found = read_runs(&self.readers.fetch(&queries::RUN_GET, params).await?)?;
        // In the order that was asked for, as often as it was.
        let run = |id: &RunId| found.iter().find(|run| run.id == *id).cloned();
        Ok(ids.iter().filter_map(run).collect())
    }

    async fn find_action(&self, key: &ActionKey) -> Result<Option<Action>, ReadError> {
        Ok(feed::find_action(&self.readers, key).await?)
    }

    async fn list_attempts(&self, key: &ActionKey) -> Result<Vec<Attempt>, ReadError> {
        let params = Params::new().with(key.run.0)?.with(key.name.as_str())?;
        self.list(&queries::ATTEMPT_LIST, params, attempt::read).await
    }

    async fn find_spec(&self, digest: &Digest) -> Result<Option<Vec<u8>>, ReadError> {
        self.first(&queries::SPEC_FIND, Params::new().with(digest.0)?, first).await
    }

    async fn list_actions(&self, query: &ActionQuery) -> Result<Page<Action>, ReadError> {
        let list = ListId::of_actions(query);
        let ListStatement { text, bound, terms } = action_statement(Dialect::Postgres, query, list)?;
        let rows = self.readers.fetch_list(text, Params::of_list(bound)?).await?;
        let found = read_rows(&rows, |row| crate::lists::read_row(row, terms, action::read))?;
        Ok(page(found, list, query.limit))
    }

    async fn changed_actions(
        &self,
        run: RunId,
        parent: Option<&ActionName>,
        after: Seq,
        limit: usize,
    ) -> Result<(Vec<Action>, Seq), ReadError> {
        Ok(feed::changed_actions(&self.readers, run, parent, after, limit).await?)
    }

    async fn changed_roots(
        &self,
        scope: &RunScope,
        after: Seq,
        limit: usize,
    ) -> Result<(Vec<Action>, Seq), ReadError> {
        Ok(feed::changed_roots(&self.readers, scope, after, limit).await?)
    }

    async fn counts(&self, run: RunId) -> Result<Vec<ActionCounts>, ReadError> {
        self.list(&queries::COUNTER_LIST, Params::new().with(run.0)?, read_count).await
    }

    async fn live_actions(&self, after: Option<&ActionKey>, most: usize) -> Result<Vec<Action>, ReadError> {
        let mut after = after.cloned();
        loop {
            let (run, name) = after.as_ref().map_or((i64::MIN, ""), |key| (key.run.0, key.name.as_str()));
            let params = Params::new().with(run)?.with(name)?.with(limit(most))?;
            let rows = self.list(&queries::ACTION_LIVE, params, |row| readable(row, action::read)).await?;
            match readable::page(rows) {
                Ok(page) => return Ok(page),
                Err(damaged) => after = Some(damaged),
            }
        }
    }

    async fn held_attempts(&self) -> Result<Vec<Attempt>, ReadError> {
        let rows =
            self.list(&queries::ATTEMPT_HELD, Params::new(), |row| readable(row, attempt::read)).await?;
        Ok(rows.into_iter().flatten().collect())
    }

    async fn open_sessions(&self) -> Result<Vec<Session>, ReadError> {
        self.list(&queries::SESSION_OPEN, Params::new(), session::read).await
    }

    async fn follow_ups(&self) -> Result<Vec<FollowUp>, ReadError> {
        self.list(&queries::FOLLOW_UP_LIST, Params::new(), session::read_follow_up).await
    }

    async fn queues(&self) -> Result<Vec<Queue>, ReadError> {
        self.list(&queries::QUEUE_LIST, Params::new(), queue::read).await
    }

    async fn shares(&self) -> Result<Vec<Share>, ReadError> {
        self.list(&queries::SHARE_LIST, Params::new(), queue::read_share).await
    }

    async fn find_cache(&self, key: &CacheKey) -> Result<Option<CacheEntry>, ReadError> {
        let query = &queries::CACHE_FIND;
        self.first(query, cache_key(query, key)?, cache::read).await
    }

    async fn find_reservation(&self, key: &CacheKey) -> Result<Option<Reservation>, ReadError> {
        let query = &queries::RESERVATION_FIND;
        self.first(query, cache_key(query, key)?, cache::read_reservation).await
    }
}
