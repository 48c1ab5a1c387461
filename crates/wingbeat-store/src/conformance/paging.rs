//! Pages: they join to the whole list, survive changes between them, and refuse tokens of other lists.

use wingbeat_model::{Action, Changes, RunId};

use super::listing::{fields, put_varied, query, scopes, varied_action};
use super::rows::{action, names};
use super::{Store, put};
use crate::{ActionField, ActionQuery, Cursor, Direction, Filter, FilterOp, ReadError, RunScope, TaskQuery};

async fn page(store: &Store, query: &mut ActionQuery) -> Vec<Action> {
    let page = store.list_actions(query).await.expect("reads");
    assert!(page.rows.len() <= query.limit);
    query.after = page.next;
    page.rows
}

/// Whatever the order and the size of pages, they join to the list that one large page has.
pub async fn pages_join_to_the_whole_list(store: Store) {
    put_varied(&store).await;
    for scope in scopes() {
        for (ix, field) in fields().into_iter().enumerate() {
            let direction = if ix % 2 == 0 { Direction::Descending } else { Direction::Ascending };
            let sorts = [
                vec![(field.clone(), Direction::Ascending)],
                vec![(field, Direction::Descending), (ActionField::EndedAt, direction)],
            ];
            for sort in sorts {
                let mut query = ActionQuery { sort, ..query(scope.clone()) };
                let whole = page(&store, &mut query).await;
                assert_eq!(query.after, None);
                query.limit = 3;
                let mut joined = page(&store, &mut query).await;
                while query.after.is_some() {
                    joined.extend(page(&store, &mut query).await);
                }
                assert!(joined == whole, "{:?}: {:?}", query.sort, names(&joined));
            }
        }
    }
    let mut exact = ActionQuery { limit: 20, ..query(scopes()[0].clone()) };
    assert_eq!(page(&store, &mut exact).await.len(), 20);
    assert_eq!(exact.after, None, "the last page says that it is the last");
}

/// Rows that are added or change between pages neither repeat nor hide others.
pub async fn rows_may_change_between_pages(store: Store) {
    put_varied(&store).await;
    let mut query = ActionQuery { limit: 8, ..query(RunScope::Run(RunId(1))) };
    let whole = store.list_actions(&ActionQuery { limit: 100, ..query.clone() }).await.expect("reads").rows;
    let mut seen = page(&store, &mut query).await;
    put(&store, |seq| {
        // One before the token's place, one that was seen and changes, one that comes later and changes.
        let mut early = action(1, "early", seq);
        early.created_at = wingbeat_model::Timestamp::from_micros(-1);
        let mut changed = [varied_action(1, "c4", 4, seq), varied_action(1, "c3", 3, seq)];
        for row in &mut changed {
            row.attempts = 9;
        }
        Changes { actions: changed.into_iter().chain([early]).collect(), ..Changes::default() }
    })
    .await;
    while query.after.is_some() {
        seen.extend(page(&store, &mut query).await);
    }
    assert_eq!(names(&seen), names(&whole));
    assert_eq!(seen.iter().filter(|row| row.attempts == 9).count(), 1);
}

/// A token fits only the list it is from; everything else is refused, not misread.
pub async fn tokens_of_other_lists_are_refused(store: Store) {
    put_varied(&store).await;
    let mut first = ActionQuery { limit: 2, ..query(RunScope::Run(RunId(1))) };
    page(&store, &mut first).await;
    let token = first.after.clone().expect("there is more");
    let filter = Filter { field: ActionField::Name, op: FilterOp::Exists, values: Vec::new() };
    let others = [
        ActionQuery { scope: RunScope::Run(RunId(2)), ..first.clone() },
        ActionQuery { sort: vec![(ActionField::Name, Direction::Ascending)], ..first.clone() },
        ActionQuery { filters: vec![filter], ..first.clone() },
        ActionQuery { paused_only: true, ..first.clone() },
    ];
    let cut = token.0[..token.0.len() - 1].to_owned();
    let bad = ["", "x", "1.", cut.as_str(), &format!("{}.i1", token.0), &token.0.replacen('1', "2", 1)];
    let bad = bad.map(|text| ActionQuery { after: Some(Cursor(text.to_owned())), ..first.clone() });
    for query in others.into_iter().chain(bad) {
        let refused = store.list_actions(&query).await;
        assert!(matches!(refused, Err(ReadError::BadCursor)), "{:?} brought {refused:?}", query.after);
    }
    let tasks = TaskQuery {
        scope: super::rows::place("p", "development"),
        versions_of: None,
        filters: Vec::new(),
        sort: Vec::new(),
        limit: 2,
        after: Some(token),
    };
    assert!(matches!(store.list_tasks(&tasks).await, Err(ReadError::BadCursor)));
    // Another size of page is the same list.
    first.limit = 5;
    assert_eq!(page(&store, &mut first).await.len(), 5);
}
