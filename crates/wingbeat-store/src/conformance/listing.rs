//! Filters and orders of lists, compared with the meaning that `crate::listing` gives them.

use wingbeat_model::{Action, ActionKind, ActionName, ActionOutcome, Changes, Run, RunId, State, Timestamp};

use super::rows::{action, at, claim, failure, names, place, run};
use super::{Store, put};
use crate::listing::{
    CursorKey, ListField, Value, ValueKind, action_ties, action_value, compare_keys, passes,
};
use crate::{ActionField, ActionQuery, Direction, Filter, FilterOp, RunScope};

pub(super) const OPS: [FilterOp; 14] = [
    FilterOp::Equal,
    FilterOp::NotEqual,
    FilterOp::Greater,
    FilterOp::GreaterOrEqual,
    FilterOp::Less,
    FilterOp::LessOrEqual,
    FilterOp::Contains,
    FilterOp::ContainsIgnoringCase,
    FilterOp::EndsWith,
    FilterOp::NotEndsWith,
    FilterOp::In,
    FilterOp::NotIn,
    FilterOp::Exists,
    FilterOp::NotExists,
];

pub(super) fn fields() -> Vec<ActionField> {
    let label = |key: &str| ActionField::Label(key.to_owned());
    vec![
        ActionField::Name,
        ActionField::RunName,
        ActionField::Phase,
        ActionField::Kind,
        ActionField::Parent,
        ActionField::Group,
        ActionField::Source,
        ActionField::CreatedBy,
        ActionField::TaskProject,
        ActionField::TaskDomain,
        ActionField::TaskName,
        ActionField::TaskVersion,
        ActionField::ShortName,
        ActionField::CreatedAt,
        ActionField::UpdatedAt,
        ActionField::EndedAt,
        ActionField::DurationMicros,
        label("team"),
        label("none"),
    ]
}

/// Everything in a scope, in its usual order.
pub(super) fn query(scope: RunScope) -> ActionQuery {
    ActionQuery {
        scope,
        filters: Vec::new(),
        paused_only: false,
        sort: Vec::new(),
        limit: 1_000,
        after: None,
    }
}

fn varied_state(ix: i64) -> State {
    let done = |outcome, end: i64| State::Done { outcome, at: at(end) };
    match ix % 6 {
        0 => State::Queued { since: at(200 + ix), not_before: at(0) },
        1 => State::Running { claim: claim("s", 1), since: at(300 - ix), stopping: None },
        2 => State::Paused { expires: None },
        3 => done(ActionOutcome::Failed(failure()), 500),
        4 => done(ActionOutcome::Recovered { output_uri: String::new() }, 400 + ix),
        _ => State::Claimed { claim: claim("s", 1), since: at(250) },
    }
}

/// A row that differs from its neighbours in every field, with ties between some.
pub(super) fn varied_action(run: i64, name: &str, ix: i64, seq: wingbeat_model::Seq) -> Action {
    let mut row = action(run, name, seq);
    let texts = ["", "Alpha", "alpha", "be_ta", "be%ta", "GRÖSSE", "größe 100%"];
    let text = |step: i64| texts[usize::try_from((ix * step).rem_euclid(7)).expect("below 7")].to_owned();
    row.kind = if ix % 3 == 0 { ActionKind::Trace } else { ActionKind::Task };
    row.group = text(1);
    row.created_by = text(2);
    row.task.project = text(3);
    row.task.domain = text(4);
    row.task.name = text(5);
    row.task.version = text(6);
    row.task.short_name = text(8);
    row.created_at = at(100 + ix % 4);
    row.started_at = (ix % 2 == 0).then(|| at(150 + ix % 3));
    row.state = varied_state(ix);
    row
}

fn varied_run(id: i64, seq: wingbeat_model::Seq) -> Run {
    let mut row = run(id, seq);
    row.source = i32::try_from(id % 3).expect("small");
    match id % 4 {
        0 => {}
        1 => row.labels = vec![("team".to_owned(), String::new())],
        2 => {
            row.labels =
                vec![("other".to_owned(), "ml".to_owned()), ("team".to_owned(), "ML_ops".to_owned())];
        }
        _ => row.labels = vec![("team".to_owned(), "ml%ops".to_owned())],
    }
    row
}

/// Twenty runs, and a first run with twenty actions. What was written.
pub(super) async fn put_varied(store: &Store) -> Vec<(Run, Action)> {
    put(store, |seq| {
        let runs = (1..=20).map(|id| varied_run(id, seq)).collect();
        let roots = (1..=20).map(|id| varied_action(id, "a0", id, seq));
        let children = (1..20).map(|ix| {
            let mut child = varied_action(1, &format!("c{ix}"), ix, seq);
            child.parent = Some(ActionName::stored(if ix % 5 == 0 { "c1" } else { "a0" }));
            child
        });
        Changes { runs, actions: roots.chain(children).collect(), ..Changes::default() }
    })
    .await;
    let runs = store.get_runs(&(1..=20).map(RunId).collect::<Vec<_>>()).await.expect("reads");
    let mut all = Vec::new();
    for run in runs {
        let (actions, _) =
            store.changed_actions(run.id, None, wingbeat_model::Seq(0), 1_000).await.expect("reads");
        all.extend(actions.into_iter().map(|action| (run.clone(), action)));
    }
    assert_eq!(all.len(), 39);
    all
}

pub(super) fn scopes() -> [RunScope; 2] {
    [RunScope::Project(place("p", "development")), RunScope::Run(RunId(1))]
}

fn in_scope(scope: &RunScope, action: &Action) -> bool {
    match scope {
        RunScope::Run(run) => action.key.run == *run,
        RunScope::Project(_) | RunScope::Task { .. } => action.parent.is_none(),
    }
}

fn samples(field: &ActionField) -> [Vec<String>; 3] {
    let texts = |texts: [&str; 2]| texts.map(str::to_owned).to_vec();
    match field.kind() {
        ValueKind::Int => [texts(["3", "1"]), texts(["102", "500"]), texts(["0", "250"])],
        ValueKind::Text => [texts(["alpha", "c1"]), texts(["ta", "run-7"]), texts(["GRÖSSE", "ml%ops"])],
    }
}

/// Every operation on every field brings just the rows that it should.
pub async fn every_filter_on_every_field(store: Store) {
    let all = put_varied(&store).await;
    for scope in scopes() {
        for field in fields() {
            for (op, values) in OPS.iter().flat_map(|op| samples(&field).map(|values| (*op, values))) {
                let values = match op {
                    FilterOp::In | FilterOp::NotIn => values,
                    FilterOp::Exists | FilterOp::NotExists => Vec::new(),
                    FilterOp::Equal
                    | FilterOp::NotEqual
                    | FilterOp::Greater
                    | FilterOp::GreaterOrEqual
                    | FilterOp::Less
                    | FilterOp::LessOrEqual
                    | FilterOp::Contains
                    | FilterOp::ContainsIgnoringCase
                    | FilterOp::EndsWith
                    | FilterOp::NotEndsWith => values[..1].to_vec(),
                };
                check_filter(&store, &all, &scope, Filter { field: field.clone(), op, values }).await;
            }
        }
    }
}

async fn check_filter(store: &Store, all: &[(Run, Action)], scope: &RunScope, filter: Filter<ActionField>) {
    let fits = |(run, action): &&(Run, Action)| {
        let value = action_value(&filter.field, run, action);
        in_scope(scope, action) && passes(&filter.field, filter.op, value.as_ref(), &filter.values)
    };
    let mut wanted = all.iter().filter(fits).map(|(_, action)| action.key.clone()).collect::<Vec<_>>();
    wanted.sort();
    let query = ActionQuery { filters: vec![filter], ..query(scope.clone()) };
    let page = store.list_actions(&query).await.expect("reads");
    assert_eq!(page.next, None);
    let mut found = page.rows.into_iter().map(|action| action.key).collect::<Vec<_>>();
    found.sort();
    assert_eq!(found, wanted, "{:?}", query.filters);
}

/// `%` and `_` mean themselves; case is ignored only where it is asked for, beyond ASCII too.
pub async fn filters_take_text_literally(store: Store) {
    put_varied(&store).await;
    let groups = async |op, value: &str| {
        let filters = vec![Filter { field: ActionField::Group, op, values: vec![value.to_owned()] }];
        let query = ActionQuery { filters, ..query(RunScope::Run(RunId(1))) };
        let rows = store.list_actions(&query).await.expect("reads").rows;
        let mut groups = rows.into_iter().map(|row| row.group).collect::<Vec<_>>();
        groups.sort();
        groups.dedup();
        groups
    };
    assert_eq!(groups(FilterOp::Contains, "%").await, ["be%ta", "größe 100%"]);
    assert_eq!(groups(FilterOp::Contains, "e_t").await, ["be_ta"]);
    assert_eq!(groups(FilterOp::Contains, "alpha").await, ["alpha"]);
    assert_eq!(groups(FilterOp::ContainsIgnoringCase, "LPH").await, ["Alpha", "alpha"]);
    assert_eq!(groups(FilterOp::ContainsIgnoringCase, "grö").await, ["GRÖSSE", "größe 100%"]);
    assert_eq!(groups(FilterOp::EndsWith, "0%").await, ["größe 100%"]);
    assert_eq!(groups(FilterOp::EndsWith, "_ta").await, ["be_ta"]);
}

/// Filters without values, with many, and with what is no number; several at once must all hold.
pub async fn odd_filters(store: Store) {
    put_varied(&store).await;
    let count = async |filters: Vec<Filter<ActionField>>| {
        let query = ActionQuery { filters, ..query(RunScope::Run(RunId(1))) };
        store.list_actions(&query).await.expect("reads").rows.len()
    };
    let filter = |field: &ActionField, op, values: &[&str]| Filter {
        field: field.clone(),
        op,
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    };
    let (name, phase) = (ActionField::Name, ActionField::Phase);
    assert_eq!(count(vec![filter(&name, FilterOp::In, &[])]).await, 0);
    assert_eq!(count(vec![filter(&name, FilterOp::NotIn, &[])]).await, 20);
    assert_eq!(count(vec![filter(&phase, FilterOp::Equal, &["x"])]).await, 0);
    assert_eq!(count(vec![filter(&phase, FilterOp::NotEqual, &["x"])]).await, 20);
    assert_eq!(count(vec![filter(&name, FilterOp::Contains, &[""])]).await, 20);
    let many = (0..50_000).map(|ix| format!("c{ix}")).collect();
    assert_eq!(count(vec![Filter { field: name.clone(), op: FilterOp::In, values: many }]).await, 19);
    let both = [filter(&name, FilterOp::Contains, &["c1"]), filter(&name, FilterOp::NotEqual, &["c1"])];
    assert_eq!(count(both.to_vec()).await, 10);
}

/// Every field can be sorted by, in both directions: ties are broken, and absent values come last.
pub async fn every_order(store: Store) {
    let all = put_varied(&store).await;
    for scope in scopes() {
        for field in fields() {
            for direction in [Direction::Ascending, Direction::Descending] {
                let sort = vec![(field.clone(), direction), (ActionField::Kind, Direction::Ascending)];
                check_order(&store, &all, ActionQuery { sort, ..query(scope.clone()) }).await;
            }
        }
    }
    let newest = store.list_actions(&query(scopes()[0].clone())).await.expect("reads").rows;
    let ages = newest.iter().map(|row| (row.created_at, row.key.run)).collect::<Vec<_>>();
    assert!(ages.is_sorted_by(|a, b| a > b), "runs come newest first");
    let oldest = store.list_actions(&query(scopes()[1].clone())).await.expect("reads").rows;
    let ages = oldest.iter().map(|row| row.created_at).collect::<Vec<Timestamp>>();
    assert!(ages.is_sorted(), "actions come oldest first");
}

async fn check_order(store: &Store, all: &[(Run, Action)], query: ActionQuery) {
    let directions = query.sort.iter().map(|(_, direction)| *direction);
    let directions = directions.chain([query.sort[0].1; 2]).collect::<Vec<_>>();
    let in_scope = all.iter().filter(|(_, action)| in_scope(&query.scope, action));
    let keyed = in_scope.map(|(run, action)| {
        let values = query.sort.iter().map(|(field, _)| action_value(field, run, action));
        let ties: Vec<Value> = action_ties(action);
        (CursorKey(values.chain(ties.into_iter().map(Some)).collect()), action.clone())
    });
    let mut keyed = keyed.collect::<Vec<_>>();
    keyed.sort_by(|a, b| compare_keys(&a.0, &b.0, &directions));
    let wanted = keyed.into_iter().map(|(_, action)| action).collect::<Vec<_>>();
    let found = store.list_actions(&query).await.expect("reads").rows;
    assert_eq!(found.len(), wanted.len());
    assert!(found == wanted, "{:?}: {:?} instead of {:?}", query.sort, names(&found), names(&wanted));
}
