//! Every statement is prepared on a real database.

use sqlx::{Executor, SqlSafeStr};
use wingbeat_model::{ProjectKey, RunId};
use wingbeat_store::listing::ListId;
use wingbeat_store::{ActionField, ActionQuery, Direction, Filter, FilterOp, RunScope, TaskQuery};
use wingbeat_testkit::postgres::PostgresServer;

use super::address::PostgresAddress;
use super::{open, queries};
use crate::lists::{action_statement, task_statement};
use crate::statement::Dialect;

fn lists() -> Vec<String> {
    let scope = ProjectKey { org: "o".into(), project: "p".into(), domain: "d".into() };
    let filter = |field, op| Filter { field, op, values: vec!["1".to_owned()] };
    let actions = ActionQuery {
        scope: RunScope::Run(RunId(1)),
        filters: vec![
            filter(ActionField::Label("l".to_owned()), FilterOp::ContainsIgnoringCase),
            filter(ActionField::DurationMicros, FilterOp::NotIn),
            filter(ActionField::Phase, FilterOp::EndsWith),
        ],
        paused_only: true,
        sort: vec![(ActionField::RunName, Direction::Descending)],
        limit: 2,
        after: None,
    };
    let tasks =
        TaskQuery { scope, versions_of: None, filters: Vec::new(), sort: Vec::new(), limit: 2, after: None };
    let of_actions = action_statement(Dialect::Postgres, &actions, ListId::of_actions(&actions));
    let of_tasks = task_statement(Dialect::Postgres, &tasks, ListId::of_tasks(&tasks));
    vec![of_actions.expect("a good query").text, of_tasks.expect("a good query").text]
}

#[tokio::test]
async fn every_statement_can_be_prepared() {
    let Some(server) = PostgresServer::shared() else { return };
    let address = PostgresAddress::parse(&server.database(), None).expect("an address");
    let mut db = open::prepare(&address).await.expect("opens");
    for query in queries::ALL {
        let prepared = db.prepare(query.text().into_sql_str()).await;
        prepared.unwrap_or_else(|error| panic!("{}: {error}", query.file()));
    }
    for joined in [&queries::WRITES, &queries::LAST_WRITES] {
        let prepared = db.prepare(joined.text().into_sql_str()).await;
        prepared.unwrap_or_else(|error| panic!("{}: {error}", joined.text()));
    }
    for text in lists() {
        let prepared = db.prepare(sqlx::AssertSqlSafe(text.clone()).into_sql_str()).await;
        prepared.unwrap_or_else(|error| panic!("{text}: {error}"));
    }
}
