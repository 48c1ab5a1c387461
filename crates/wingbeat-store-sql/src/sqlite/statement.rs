//! Puts lists' statements together from fixed pieces. No text of a client becomes SQL: values are always bound.

use std::rc::Rc;

use rusqlite::types::{ToSql, ToSqlOutput, Value as SqlValue};
use wingbeat_store::listing::{CursorKey, ListField, Value, ValueKind, parse_values};
use wingbeat_store::{Direction, Filter, FilterOp};

/// A value of a parameter.
pub(crate) enum Bound {
    One(SqlValue),
    /// For `IN rarray(…)`: one parameter, whatever the count, so that the statement's text stays the same.
    Many(Rc<Vec<SqlValue>>),
}

impl ToSql for Bound {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::One(value) => value.to_sql(),
            Self::Many(values) => values.to_sql(),
        }
    }
}

/// Conditions that must all hold, and the parameters bound so far.
#[derive(Default)]
pub(crate) struct Conditions {
    parts: Vec<String>,
    bound: Vec<Bound>,
}

/// A field as SQL knows it.
pub(crate) struct Expression {
    /// Its text.
    pub(crate) text: String,
    /// What it holds.
    pub(crate) kind: ValueKind,
    /// Can it be NULL?
    pub(crate) nullable: bool,
}

/// One term of an order.
pub(crate) struct Term {
    /// What is compared.
    pub(crate) by: Expression,
    /// Which way.
    pub(crate) direction: Direction,
}

impl Conditions {
    /// Binds a value; its place in the text.
    pub(crate) fn bind(&mut self, value: impl Into<SqlValue>) -> String {
        self.push_bound(Bound::One(value.into()))
    }

    fn push_bound(&mut self, value: Bound) -> String {
        self.bound.push(value);
        format!("?{}", self.bound.len())
    }

    /// Demands that `part` holds.
    pub(crate) fn and(&mut self, part: impl Into<String>) {
        self.parts.push(part.into());
    }

    /// Demands that a column has a value.
    pub(crate) fn and_equal(&mut self, column: &str, value: &str) {
        let place = self.bind(value.to_owned());
        self.and(format!("{column} = {place}"));
    }

    /// The text after WHERE, and the parameters.
    pub(crate) fn into_parts(self) -> (String, Vec<Bound>) {
        (self.parts.join("\n    AND "), self.bound)
    }

    /// Demands that a filter passes, with the meaning of `wingbeat_store::listing::passes`.
    pub(crate) fn and_filter<F: ListField>(&mut self, field: &Expression, filter: &Filter<F>) {
        let e = &field.text;
        let part = match filter.op {
            FilterOp::Equal => self.compare(field, "=", &filter.values),
            FilterOp::NotEqual => not(&self.compare(field, "=", &filter.values)),
            FilterOp::Greater => self.compare(field, ">", &filter.values),
            FilterOp::GreaterOrEqual => self.compare(field, ">=", &filter.values),
            FilterOp::Less => self.compare(field, "<", &filter.values),
            FilterOp::LessOrEqual => self.compare(field, "<=", &filter.values),
            FilterOp::Contains => self.text_test(field, "contains", &filter.values),
            FilterOp::ContainsIgnoringCase => self.text_test(field, "contains_ignoring_case", &filter.values),
            FilterOp::EndsWith => self.text_test(field, "ends_with", &filter.values),
            FilterOp::NotEndsWith => not(&self.text_test(field, "ends_with", &filter.values)),
            FilterOp::In => self.is_in(field, &filter.values),
            FilterOp::NotIn => not(&self.is_in(field, &filter.values)),
            FilterOp::Exists => exists(field, e),
            FilterOp::NotExists => not(&exists(field, e)),
        };
        self.parts.push(part);
    }

    fn compare(&mut self, field: &Expression, sign: &str, values: &[String]) -> String {
        match parse_values(field.kind, values).into_iter().next() {
            None => "0".to_owned(),
            Some(value) => {
                let place = self.bind(to_sql(value));
                format!("{} {sign} {place}", field.text)
            }
        }
    }

    fn text_test(&mut self, field: &Expression, function: &str, values: &[String]) -> String {
        let Some(value) = values.first() else { return "0".to_owned() };
        let place = self.bind(value.clone());
        match field.kind {
            ValueKind::Text => format!("{function}({}, {place})", field.text),
            ValueKind::Int => format!("{function}(CAST({} AS TEXT), {place})", field.text),
        }
    }

    fn is_in(&mut self, field: &Expression, values: &[String]) -> String {
        let values = parse_values(field.kind, values).into_iter().map(to_sql).collect();
        let place = self.push_bound(Bound::Many(Rc::new(values)));
        format!("{} IN rarray({place})", field.text)
    }

    /// Demands a row after `key` in the order of `terms`.
    pub(crate) fn and_after(&mut self, terms: &[Term], key: &CursorKey) {
        let places = key.0.iter().map(|value| value.clone().map(|value| self.bind(to_sql(value))));
        let places = places.collect::<Vec<_>>();
        let pairs = || terms.iter().zip(&places);
        if let Some((Term { by, direction }, Some(place))) = pairs().next()
            && !by.nullable
        {
            // Implied by what follows, but only this tells SQLite where in the index to start.
            let sign = if *direction == Direction::Ascending { ">=" } else { "<=" };
            self.and(format!("{} {sign} {place}", by.text));
        }
        let ways = (0..terms.len()).map(|at| {
            let equal = pairs().take(at).map(|(term, place)| equal(term, place.as_deref()));
            let later = pairs().skip(at).take(1).map(|(term, place)| later(term, place.as_deref()));
            format!("({})", equal.chain(later).collect::<Vec<_>>().join(" AND "))
        });
        let ways = ways.collect::<Vec<_>>().join(" OR ");
        self.and(format!("({ways})"));
    }
}

fn equal(term: &Term, place: Option<&str>) -> String {
    match place {
        None => format!("{} IS NULL", term.by.text),
        Some(place) => format!("{} = {place}", term.by.text),
    }
}

/// Absent values sort last, so nothing comes after one.
fn later(term: &Term, place: Option<&str>) -> String {
    let Some(place) = place else { return "0".to_owned() };
    let sign = if term.direction == Direction::Ascending { ">" } else { "<" };
    let text = &term.by.text;
    if term.by.nullable {
        format!("({text} {sign} {place} OR {text} IS NULL)")
    } else {
        format!("{text} {sign} {place}")
    }
}

/// What is unknown to SQL because a value is absent does not hold, so its negation does.
fn not(part: &str) -> String {
    format!("NOT coalesce({part}, 0)")
}

/// Labels may be empty and yet exist; for all other texts empty means absent.
fn exists(field: &Expression, text: &str) -> String {
    match (field.kind, field.nullable) {
        (ValueKind::Text, false) => format!("{text} <> ''"),
        (ValueKind::Text | ValueKind::Int, true) => format!("{text} IS NOT NULL"),
        (ValueKind::Int, false) => "1".to_owned(),
    }
}

/// The text after ORDER BY.
pub(crate) fn order_text(terms: &[Term]) -> String {
    let term = |term: &Term| {
        let way = if term.direction == Direction::Ascending { "" } else { " DESC" };
        let nulls = if term.by.nullable { " NULLS LAST" } else { "" };
        format!("{}{way}{nulls}", term.by.text)
    };
    terms.iter().map(term).collect::<Vec<_>>().join(", ")
}

fn to_sql(value: Value) -> SqlValue {
    match value {
        Value::Int(number) => SqlValue::Integer(number),
        Value::Text(text) => SqlValue::Text(text),
    }
}

/// A value that a statement found.
pub(crate) fn from_sql(value: SqlValue) -> Option<Value> {
    match value {
        SqlValue::Integer(number) => Some(Value::Int(number)),
        SqlValue::Text(text) => Some(Value::Text(text)),
        SqlValue::Null | SqlValue::Real(_) | SqlValue::Blob(_) => None,
    }
}
