//! Windows of one run's actions: keys are found along an index, with an offset or behind a position, and only then are
//! rows looked up. What no index tells is looked for in a part of the list whose edge is found first.

use std::collections::BTreeSet;

use wingbeat_model::ROOT_ACTION;
use wingbeat_store::listing::{CursorKey, ListField, ListId, Value, ValueKind};
use wingbeat_store::{
    ActionField, Direction, Filter, FilterOp, Position, ReadError, Window, WindowQuery, WindowSort,
    WindowStart,
};

use crate::columns::{ACTION_COLUMNS, strip_comments};
use crate::fault::Fault;
use crate::lists::{ListStatement, limit};
use crate::rows::cell::Columns;
use crate::statement::{Conditions, Dialect, Expression, Term};

/// Values of a position: a time and a name.
pub(crate) const POSITION: usize = 2;

/// How a window is found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Way<'a> {
    dialect: Dialect,
    query: &'a WindowQuery,
    /// Each phase is a part of an index of its own.
    by_phase: bool,
}

impl<'a> Way<'a> {
    /// The best one.
    pub(crate) fn of(dialect: Dialect, query: &'a WindowQuery) -> Self {
        let is_large = query.population > query.look;
        let by_phase = is_large && !query.phases.is_empty() && query.sort == WindowSort::Created;
        Self { dialect, query, by_phase }
    }

    /// Does it look at rows that do not fit, and at how many nobody knows?
    pub(crate) fn has_edge(self) -> bool {
        let query = self.query;
        let is_searched = !query.text.is_empty() || query.group.is_some();
        let is_large = query.population > query.look;
        is_large && (is_searched || (!query.phases.is_empty() && !self.by_phase))
    }

    fn at(self) -> &'static str {
        match self.query.sort {
            WindowSort::Created => "a.created_at",
            WindowSort::Started => "a.started_at",
        }
    }

    fn order(self, at: &str, name: &str) -> String {
        let way = if self.query.direction == Direction::Ascending { "" } else { " DESC" };
        format!("{at}{way}, {name}{way}")
    }

    /// SQLite keeps no statistics, so it is told; PostgreSQL's are better than we are.
    fn source(self) -> String {
        let index = match (self.query.sort, self.by_phase, &self.query.parent) {
            (WindowSort::Started, ..) => "action_start",
            (WindowSort::Created, true, _) => "action_phase",
            (WindowSort::Created, false, Some(_)) => "action_child_age",
            (WindowSort::Created, false, None) => "action_age",
        };
        match self.dialect {
            Dialect::Sqlite => format!("action a INDEXED BY {index}"),
            Dialect::Postgres => "action a".to_owned(),
        }
    }

    fn terms(self) -> [Term; POSITION] {
        let direction = self.query.direction;
        let term = |text: &str, kind| Term {
            by: Expression { text: text.to_owned(), kind, nullable: false },
            direction,
        };
        [term(self.at(), ValueKind::Int), term("a.name", ValueKind::Text)]
    }

    /// What rows of the list have in common and an index tells.
    fn list(self) -> Conditions {
        let query = self.query;
        let mut conditions = Conditions::new(self.dialect);
        let run = conditions.bind(Value::Int(query.run.0));
        conditions.and(format!("a.run_id = {run}"));
        match &query.parent {
            Some(parent) => conditions.and_equal("a.parent", parent.as_str()),
            None => conditions.and(format!("a.name <> '{ROOT_ACTION}'")),
        }
        if query.sort == WindowSort::Started {
            conditions.and("a.started_at IS NOT NULL");
        }
        for (sign, at) in [(">=", query.started_from), ("<", query.started_before)] {
            if let Some(at) = at {
                let place = conditions.bind(Value::Int(at.as_micros()));
                conditions.and(format!("a.started_at {sign} {place}"));
            }
        }
        conditions
    }

    /// Those rows of it that are not before the window.
    fn rest_of_list(self) -> Result<Conditions, ReadError> {
        let mut conditions = self.list();
        if let WindowStart::After(cursor) = &self.query.start {
            let key = CursorKey::decode(cursor, ListId::of_window(self.query), POSITION)?;
            conditions.and_after(&self.terms(), &key);
        }
        Ok(conditions)
    }

    /// What has to be looked at.
    fn and_looked_at(self, conditions: &mut Conditions) {
        let query = self.query;
        if let Some(group) = &query.group {
            conditions.and_equal("a.grp", group);
        }
        if !query.phases.is_empty() && !self.by_phase {
            let field = ActionField::Phase;
            let expression = Expression { text: "a.phase".to_owned(), kind: field.kind(), nullable: false };
            let values = query.phases.iter().map(|phase| phase.number().to_string()).collect();
            conditions.and_filter(&expression, &Filter { field, op: FilterOp::In, values });
        }
        if !query.text.is_empty() {
            conditions.and_any_contains(&["a.name", "a.task_name", "a.grp"], &query.text);
        }
    }

    /// The statement that finds keys, `skip` left out and at most `count`, as columns `at` and `name`.
    fn keys(self, mut conditions: Conditions, (skip, count): (usize, usize)) -> (String, Conditions) {
        let places = self.bind_phases(&mut conditions);
        let common = conditions.text();
        let order = self.order(self.at(), "a.name");
        let all = |and: &str| {
            let (at, source) = (self.at(), self.source());
            format!("SELECT {at} AS at, a.name AS name FROM {source}\nWHERE {common}{and}")
        };
        let part = format!("LIMIT {} OFFSET {}", bind(&mut conditions, count), bind(&mut conditions, skip));
        let keys = match &places[..] {
            [] => format!("{}\nORDER BY {order} {part}", all("")),
            [one] => format!("{}\nORDER BY {order} {part}", all(&format!(" AND a.phase = {one}"))),
            many => {
                // Without orders and limits of their own, both databases merge the parts as they read them.
                let parts = many.iter().map(|place| all(&format!(" AND a.phase = {place}")));
                let parts = parts.collect::<Vec<_>>().join("\nUNION ALL\n");
                format!("SELECT at, name FROM (\n{parts}\n) u ORDER BY {} {part}", self.order("at", "name"))
            }
        };
        (keys, conditions)
    }

    /// Places of the phases that are parts of an index each.
    fn bind_phases(self, conditions: &mut Conditions) -> Vec<String> {
        let phases: BTreeSet<i32> = self.query.phases.iter().map(|phase| phase.number()).collect();
        let phases = phases.into_iter().filter(|_| self.by_phase);
        phases.map(|phase| conditions.bind(Value::Int(phase.into()))).collect()
    }

    /// Counts the rows before a position: entries of an index, where one tells which rows fit.
    pub(crate) fn before(self, position: &Position) -> ListStatement {
        let mut conditions = self.list();
        self.and_looked_at(&mut conditions);
        let at = conditions.bind(Value::Int(position.at.as_micros()));
        let name = conditions.bind(Value::Text(position.name.as_str().to_owned()));
        let sign = if self.query.direction == Direction::Ascending { "<" } else { ">" };
        conditions.and(format!("({}, a.name) {sign} ({at}, {name})", self.at()));
        let places = self.bind_phases(&mut conditions);
        let (source, common) = (self.source(), conditions.text());
        let count = |and: &str| format!("SELECT count(*) FROM {source}\nWHERE {common}{and}");
        let parts = places.iter().map(|place| format!("({})", count(&format!(" AND a.phase = {place}"))));
        let parts = parts.collect::<Vec<_>>().join("\n+ ");
        let text = if places.is_empty() { count("") } else { format!("SELECT {parts}") };
        ListStatement { text, bound: conditions.into_parts().1, terms: 0 }
    }

    /// Finds the last position that is looked at; none: everything is.
    pub(crate) fn edge(self) -> Result<ListStatement, ReadError> {
        let (text, conditions) = self.keys(self.rest_of_list()?, (self.query.look.max(1) - 1, 1));
        Ok(ListStatement { text, bound: conditions.into_parts().1, terms: POSITION })
    }

    /// Finds the rows up to `edge`, one more than asked.
    pub(crate) fn rows(self, edge: Option<&CursorKey>) -> Result<ListStatement, ReadError> {
        let query = self.query;
        let mut conditions = self.rest_of_list()?;
        self.and_looked_at(&mut conditions);
        if let Some(CursorKey(values)) = edge {
            let places: Vec<String> =
                values.iter().flatten().map(|value| conditions.bind(value.clone())).collect();
            let sign = if query.direction == Direction::Ascending { "<=" } else { ">=" };
            conditions.and(format!("({}, a.name) {sign} ({})", self.at(), places.join(", ")));
        }
        let skip = if let WindowStart::Skip(count) = query.start { count } else { 0 };
        let (keys, mut conditions) = self.keys(conditions, (skip, query.limit.saturating_add(1)));
        let run = conditions.bind(Value::Int(query.run.0));
        let join = match self.dialect {
            // CROSS JOIN keeps the order of the tables: keys first.
            Dialect::Sqlite => "CROSS JOIN",
            Dialect::Postgres => "JOIN",
        };
        let (columns, order) = (strip_comments(ACTION_COLUMNS), self.order("k.at", "k.name"));
        let text = format!(
            "SELECT {columns}, k.at, k.name\nFROM ({keys}) k\n{join} action a ON a.run_id = {run} AND a.name = k.name\nORDER BY {order}"
        );
        Ok(ListStatement { text, bound: conditions.into_parts().1, terms: POSITION })
    }

    /// The window of what was found.
    pub(crate) fn window(
        self,
        mut found: Vec<(wingbeat_model::Action, CursorKey)>,
        edge: Option<CursorKey>,
    ) -> Window {
        let more = found.len() > self.query.limit;
        found.truncate(self.query.limit);
        let last = found.last().map(|(_, key)| key.clone()).filter(|_| more);
        let next = last.or(edge).map(|key| key.encode(ListId::of_window(self.query)));
        Window { rows: found.into_iter().map(|(action, _)| action).collect(), next }
    }
}

fn bind(conditions: &mut Conditions, count: usize) -> String {
    conditions.bind(Value::Int(limit(count)))
}

/// Reads a count of rows.
pub(crate) fn read_count(row: &mut Columns<'_>) -> Result<usize, Fault> {
    Ok(usize::try_from(row.take::<i64>()?).unwrap_or(0))
}
