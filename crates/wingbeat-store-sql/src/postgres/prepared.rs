//! Every statement is prepared on a real database.

use std::sync::Arc;

use sqlx::{ConnectOptions, Either, Executor, Row, SqlSafeStr, Statement};
use wingbeat_model::{ProjectKey, RunId};
use wingbeat_store::listing::ListId;
use wingbeat_store::{
    ActionField, ActionQuery, Direction, Filter, FilterOp, RunScope, TaskQuery, conformance,
};
use wingbeat_testkit::postgres::PostgresServer;

use super::address::PostgresAddress;
use super::{open, queries};
use crate::PostgresStore;
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
    for (joined, more) in [(&queries::WRITES, 0), (&queries::LAST_WRITES, 4)] {
        let prepared = db.prepare(joined.text().into_sql_str()).await;
        let prepared = prepared.unwrap_or_else(|error| panic!("{}: {error}", joined.text()));
        let arrays: usize = joined.parts().map(|part| part.arrays().len()).sum();
        let known = prepared.parameters().and_then(Either::left).map(<[_]>::len);
        assert_eq!(known, Some(arrays + more));
    }
    for text in lists() {
        let prepared = db.prepare(sqlx::AssertSqlSafe(text.clone()).into_sql_str()).await;
        prepared.unwrap_or_else(|error| panic!("{text}: {error}"));
    }
}

/// Plans are made once, and tables may be small then: they must not be plans for small tables.
#[tokio::test]
async fn what_is_found_by_key_is_looked_up_by_its_index_though_tables_are_small() {
    let Some(server) = PostgresServer::shared() else { return };
    let address = PostgresAddress::parse(&server.database(), None).expect("an address");
    let store = Arc::new(PostgresStore::open(&address).await.expect("opens"));
    conformance::pages_join_to_the_whole_list(store.clone()).await;
    let mut db = address.options().connect().await.expect("connects");
    db.execute("ANALYZE").await.expect("counts");
    for query in [
        &queries::ACTION_FIND,
        &queries::ATTEMPT_FIND,
        &queries::RUN_FIND,
        &queries::CACHE_FIND,
        &queries::RESERVATION_FIND,
        &queries::ACTION_COUNT,
        &queries::RUN_COUNT,
        &queries::CACHE_DELETE,
        &queries::RESERVATION_DELETE,
    ] {
        let nothing = vec!["NULL"; query.arrays().len()].join(", ");
        let text = format!("PREPARE p AS {}; EXPLAIN EXECUTE p({nothing}); DEALLOCATE p", query.text());
        let rows = db.fetch_all(sqlx::raw_sql(sqlx::AssertSqlSafe(text))).await.expect("explains");
        let plan: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        let by_key = |line: &String| {
            let line = line.trim_start().trim_start_matches("->  ");
            // A plan's first line names what is found only where rows are written.
            let reads = line.contains(" on ") && !line.starts_with("Update") && !line.starts_with("Delete");
            let index = line.starts_with("Index") && (line.contains("_pkey") || line.contains("_key on"));
            !reads
                || index
                || ["Function Scan", "Subquery Scan", "Tid Scan"].iter().any(|scan| line.starts_with(scan))
        };
        let conditions = plan.iter().filter(|line| line.contains("Join Filter")).count();
        assert!(plan.iter().all(by_key) && conditions == 0, "{}:\n{}", query.file(), plan.join("\n"));
    }
    store.close().await;
}
