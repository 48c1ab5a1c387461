//! Lists of actions and of task versions: which columns fields mean, which rows a scope holds, and pages.

use wingbeat_model::Phase;
use wingbeat_store::listing::{
    CursorKey, ListField, ListId, Order, Value, ValueKind, action_order, parse_values, task_order,
};
use wingbeat_store::{
    ActionField, ActionQuery, Cursor, Direction, Filter, FilterOp, Page, ReadError, RunScope, TaskField,
    TaskQuery,
};

use crate::columns::{ACTION_COLUMNS, TASK_COLUMNS, strip_comments};
use crate::fault::Fault;
use crate::rows::cell::Columns;
use crate::statement::{Bound, Conditions, Dialect, Expression, Term, order_text};

/// A list's statement, ready to run.
pub(crate) struct ListStatement {
    /// Its text.
    pub(crate) text: String,
    /// Its parameters.
    pub(crate) bound: Vec<Bound>,
    /// How many values make a position.
    pub(crate) terms: usize,
}

/// A page of what a list's statement found: rows with their positions, one more than asked if there is more.
pub(crate) fn page<T>(mut found: Vec<(T, CursorKey)>, list: ListId, size: usize) -> Page<T> {
    let more = found.len() > size;
    found.truncate(size);
    let next = found.last().filter(|_| more).map(|(_, key)| key.encode(list));
    Page { rows: found.into_iter().map(|(item, _)| item).collect(), next }
}

/// Reads a row of a list, and its position.
pub(crate) fn read_row<T>(
    row: &mut Columns<'_>,
    terms: usize,
    read: impl Fn(&mut Columns<'_>) -> Result<T, Fault>,
) -> Result<(T, CursorKey), Fault> {
    let item = read(row)?;
    let values = (0..terms).map(|_| row.take());
    Ok((item, CursorKey(values.collect::<Result<_, Fault>>()?)))
}

/// The statement of a list of actions.
pub(crate) fn action_statement(
    dialect: Dialect,
    query: &ActionQuery,
    list: ListId,
) -> Result<ListStatement, ReadError> {
    let mut conditions = Conditions::new(dialect);
    and_scope(&mut conditions, &query.scope);
    let order = action_order(query);
    let mut terms = terms(&order, |field| action_expression(field, &mut conditions));
    // Within a run the name alone breaks ties; among roots the run does, as each has one root.
    let tie = match query.scope {
        RunScope::Run(_) => ("a.name", ValueKind::Text),
        RunScope::Project(_) | RunScope::Task { .. } => ("a.run_id", ValueKind::Int),
    };
    terms.push(tie_term(tie, order.ties));
    let phases = phases(query);
    for filter in query.filters.iter().filter(|filter| phases.is_none() || !is_of_phase(filter)) {
        let field = action_expression(&filter.field, &mut conditions);
        conditions.and_filter(&field, filter);
    }
    if query.paused_only {
        conditions.and("EXISTS (SELECT 1 FROM action p WHERE p.run_id = a.run_id AND p.phase = 9)");
    }
    let fields = query.sort.iter().map(|(field, _)| field).chain(query.filters.iter().map(|f| &f.field));
    let needs_run =
        fields.into_iter().any(|field| matches!(field, ActionField::RunName | ActionField::Source));
    let from = match (needs_run, conditions.dialect()) {
        (false, Dialect::Sqlite | Dialect::Postgres) => "action a",
        // CROSS JOIN keeps the order of the tables: the run is looked up for each action, never the other way.
        (true, Dialect::Sqlite) => "action a CROSS JOIN run r ON r.id = a.run_id",
        (true, Dialect::Postgres) => "action a JOIN run r ON r.id = a.run_id",
    };
    let source = Source { columns: strip_comments(ACTION_COLUMNS), from };
    match phases {
        Some(phases) => finish_by_phase(source, conditions, &terms, (query, list, phases)),
        None => finish(source, conditions, &terms, (query.after.as_ref(), list, query.limit)),
    }
}

fn is_of_phase(filter: &Filter<ActionField>) -> bool {
    filter.field == ActionField::Phase && matches!(filter.op, FilterOp::Equal | FilterOp::In)
}

/// The phases that a run's list by age is narrowed to: an index holds each of them in that order. However few they are
/// among a million, and wherever, they are found at once.
fn phases(query: &ActionQuery) -> Option<Vec<Value>> {
    let by_age =
        query.sort.iter().all(|(field, _)| *field == ActionField::CreatedAt) && query.sort.len() <= 1;
    let mut narrowing = query.filters.iter().filter(|filter| is_of_phase(filter));
    let (only, none) = (narrowing.next()?, narrowing.next());
    let of_run =
        |filter: &Filter<ActionField>| matches!(filter.field, ActionField::RunName | ActionField::Source);
    let plain = by_age && none.is_none() && !query.paused_only && !query.filters.iter().any(of_run);
    if !plain || !matches!(query.scope, RunScope::Run(_)) {
        return None;
    }
    let mut phases = parse_values(ValueKind::Int, &only.values);
    if only.op == FilterOp::Equal {
        phases.truncate(1);
    }
    phases.sort();
    phases.dedup();
    (1..=Phase::ALL.len()).contains(&phases.len()).then_some(phases)
}

/// The oldest, or newest, of each phase, and of those together.
fn finish_by_phase(
    Source { columns, .. }: Source,
    mut conditions: Conditions,
    terms: &[Term],
    (query, list, phases): (&ActionQuery, ListId, Vec<Value>),
) -> Result<ListStatement, ReadError> {
    if let Some(cursor) = &query.after {
        conditions.and_after(terms, &CursorKey::decode(cursor, list, terms.len())?);
    }
    let places: Vec<String> = phases.into_iter().map(|phase| conditions.bind(phase)).collect();
    let size = conditions.bind(Value::Int(limit(query.limit.saturating_add(1))));
    let index = match conditions.dialect() {
        // It keeps no statistics to choose by.
        Dialect::Sqlite => " INDEXED BY action_phase",
        Dialect::Postgres => "",
    };
    let values = terms.iter().map(|term| term.by.text.as_str()).collect::<Vec<_>>().join(", ");
    let (conditions, bound) = conditions.into_parts();
    let order = order_text(terms);
    let part = |(ix, place): (usize, &String)| {
        format!(
            "SELECT * FROM (SELECT a.* FROM action a{index} WHERE {conditions} AND a.phase = {place} ORDER BY {order} LIMIT {size}) p{ix}"
        )
    };
    let parts = places.iter().enumerate().map(part).collect::<Vec<_>>().join("\nUNION ALL\n");
    let text = format!("SELECT {columns}, {values}\nFROM (\n{parts}\n) a\nORDER BY {order}\nLIMIT {size}");
    Ok(ListStatement { text, bound, terms: terms.len() })
}

/// The statement of a list of task versions.
pub(crate) fn task_statement(
    dialect: Dialect,
    query: &TaskQuery,
    list: ListId,
) -> Result<ListStatement, ReadError> {
    let mut conditions = Conditions::new(dialect);
    conditions.and_equal("v.org", &query.scope.org);
    conditions.and_equal("v.project", &query.scope.project);
    if !query.scope.domain.is_empty() {
        conditions.and_equal("v.domain", &query.scope.domain);
    }
    match &query.versions_of {
        Some(name) => conditions.and_equal("v.name", name),
        None => conditions.and(
            "NOT EXISTS (
        SELECT 1 FROM task_version n
        WHERE n.org = v.org AND n.project = v.project AND n.domain = v.domain AND n.name = v.name
            AND (n.deployed_at, n.version) > (v.deployed_at, v.version)
    )",
        ),
    }
    let order = task_order(query);
    let mut terms = terms(&order, |field| task_expression(*field));
    let ties = [("v.domain", ValueKind::Text), ("v.name", ValueKind::Text), ("v.version", ValueKind::Text)];
    terms.extend(ties.map(|tie| tie_term(tie, order.ties)));
    for filter in &query.filters {
        conditions.and_filter(&task_expression(filter.field), filter);
    }
    let source = Source { columns: strip_comments(TASK_COLUMNS), from: "task_version v" };
    finish(source, conditions, &terms, (query.after.as_ref(), list, query.limit))
}

struct Source {
    columns: String,
    from: &'static str,
}

fn finish(
    source: Source,
    mut conditions: Conditions,
    terms: &[Term],
    (after, list, size): (Option<&Cursor>, ListId, usize),
) -> Result<ListStatement, ReadError> {
    if let Some(cursor) = after {
        conditions.and_after(terms, &CursorKey::decode(cursor, list, terms.len())?);
    }
    // One more than asked, to know whether there is a next page.
    let size = conditions.bind(Value::Int(limit(size.saturating_add(1))));
    let values = terms.iter().map(|term| term.by.text.as_str()).collect::<Vec<_>>().join(", ");
    let (conditions, bound) = conditions.into_parts();
    let Source { columns, from } = source;
    let order = order_text(terms);
    let text = format!(
        "SELECT {columns}, {values}\nFROM {from}\nWHERE {conditions}\nORDER BY {order}\nLIMIT {size}"
    );
    Ok(ListStatement { text, bound, terms: terms.len() })
}

fn terms<F>(order: &Order<F>, mut expression: impl FnMut(&F) -> Expression) -> Vec<Term> {
    let term = |(field, direction): &(F, Direction)| Term { by: expression(field), direction: *direction };
    order.terms.iter().map(term).collect()
}

fn tie_term((column, kind): (&str, ValueKind), direction: Direction) -> Term {
    Term { by: Expression { text: column.to_owned(), kind, nullable: false }, direction }
}

fn and_scope(conditions: &mut Conditions, scope: &RunScope) {
    match scope {
        RunScope::Run(run) => {
            let place = conditions.bind(Value::Int(run.0));
            conditions.and(format!("a.run_id = {place}"));
        }
        RunScope::Project(place) => {
            conditions.and("a.parent = ''");
            conditions.and_equal("a.scope_org", &place.org);
            conditions.and_equal("a.scope_project", &place.project);
            if !place.domain.is_empty() {
                conditions.and_equal("a.scope_domain", &place.domain);
            }
        }
        RunScope::Task { scope, name, version } => {
            conditions.and("a.parent = ''");
            conditions.and_equal("a.scope_org", &scope.org);
            conditions.and_equal("a.task_project", &scope.project);
            conditions.and_equal("a.task_domain", &scope.domain);
            conditions.and_equal("a.task_name", name);
            if let Some(version) = version {
                conditions.and_equal("a.task_version", version);
            }
        }
    }
}

fn action_expression(field: &ActionField, conditions: &mut Conditions) -> Expression {
    let text = match field {
        ActionField::Name => "a.name".to_owned(),
        ActionField::RunName => "r.name".to_owned(),
        ActionField::Phase => "a.phase".to_owned(),
        ActionField::Kind => "a.kind".to_owned(),
        ActionField::Parent => "a.parent".to_owned(),
        ActionField::Group => "a.grp".to_owned(),
        ActionField::Source => "r.source".to_owned(),
        ActionField::CreatedBy => "a.created_by".to_owned(),
        ActionField::TaskProject => "a.task_project".to_owned(),
        ActionField::TaskDomain => "a.task_domain".to_owned(),
        ActionField::TaskName => "a.task_name".to_owned(),
        ActionField::TaskVersion => "a.task_version".to_owned(),
        ActionField::ShortName => "a.task_short_name".to_owned(),
        ActionField::CreatedAt => "a.created_at".to_owned(),
        ActionField::UpdatedAt => "coalesce(a.ended_at, a.since, a.started_at, a.created_at)".to_owned(),
        ActionField::EndedAt => "a.ended_at".to_owned(),
        ActionField::DurationMicros => "(a.ended_at - a.started_at)".to_owned(),
        ActionField::Label(key) => {
            let place = conditions.bind(Value::Text(key.clone()));
            format!("(SELECT l.value FROM run_label l WHERE l.run_id = a.run_id AND l.key = {place})")
        }
    };
    Expression { text, kind: field.kind(), nullable: field.nullable() }
}

fn task_expression(field: TaskField) -> Expression {
    let text = match field {
        TaskField::Name => "v.name",
        TaskField::Version => "v.version",
        TaskField::Environment => "v.environment",
        TaskField::ShortName => "v.short_name",
        TaskField::DeployedBy => "v.deployed_by",
        TaskField::CreatedAt => "v.deployed_at",
        TaskField::IsEntrypoint => "v.is_entrypoint",
    };
    Expression { text: text.to_owned(), kind: field.kind(), nullable: field.nullable() }
}

/// A count as databases take it.
pub(crate) fn limit(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
