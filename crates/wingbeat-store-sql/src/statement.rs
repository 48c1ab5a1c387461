//! Puts lists' statements together from fixed pieces. No text of a client becomes SQL: values are always bound.

use wingbeat_store::listing::{CursorKey, ListField, Value, ValueKind, parse_values};
use wingbeat_store::{Direction, Filter, FilterOp};

/// A value of a parameter.
pub(crate) enum Bound {
    One(Value),
    /// All of one kind, and one parameter whatever the count, so that the statement's text stays the same.
    Many(ValueKind, Vec<Value>),
}

/// A test of a text against another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextTest {
    Contains,
    ContainsIgnoringCase,
    EndsWith,
}

/// What the databases write differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    fn place(self, number: usize) -> String {
        match self {
            Self::Sqlite => format!("?{number}"),
            Self::Postgres => format!("${number}"),
        }
    }

    /// What never holds.
    fn never(self) -> &'static str {
        match self {
            Self::Sqlite => "0",
            Self::Postgres => "FALSE",
        }
    }

    /// What always holds.
    fn always(self) -> &'static str {
        match self {
            Self::Sqlite => "1",
            Self::Postgres => "TRUE",
        }
    }

    fn is_in(self, text: &str, place: &str) -> String {
        match self {
            Self::Sqlite => format!("{text} IN rarray({place})"),
            Self::Postgres => format!("{text} = ANY({place})"),
        }
    }

    /// SQLite's are functions of ours, with the meaning of `wingbeat_store::listing`; PostgreSQL's are its own.
    fn text_test(self, test: TextTest, value: &str, place: &str) -> String {
        match (self, test) {
            (Self::Sqlite, TextTest::Contains) => format!("contains({value}, {place})"),
            (Self::Sqlite, TextTest::ContainsIgnoringCase) => {
                format!("contains_ignoring_case({value}, {place})")
            }
            (Self::Sqlite, TextTest::EndsWith) => format!("ends_with({value}, {place})"),
            (Self::Postgres, TextTest::Contains) => format!("strpos({value}, {place}) > 0"),
            (Self::Postgres, TextTest::ContainsIgnoringCase) => {
                // Unicode's lower case, whatever the database's own language is.
                format!("strpos(lower(({value}) COLLATE \"und-x-icu\"), {place}) > 0")
            }
            (Self::Postgres, TextTest::EndsWith) => format!("right({value}, length({place})) = {place}"),
        }
    }

    /// What a text is compared with.
    fn tested(self, test: TextTest, value: &str) -> String {
        match (self, test) {
            (Self::Postgres, TextTest::ContainsIgnoringCase) => value.to_lowercase(),
            (Self::Postgres, TextTest::Contains | TextTest::EndsWith) | (Self::Sqlite, _) => value.to_owned(),
        }
    }
}

/// Conditions that must all hold, and the parameters bound so far.
pub(crate) struct Conditions {
    dialect: Dialect,
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
    /// None yet.
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self { dialect, parts: Vec::new(), bound: Vec::new() }
    }

    /// Whose they are.
    pub(crate) fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Binds a value; its place in the text.
    pub(crate) fn bind(&mut self, value: Value) -> String {
        self.push_bound(Bound::One(value))
    }

    fn push_bound(&mut self, value: Bound) -> String {
        self.bound.push(value);
        self.dialect.place(self.bound.len())
    }

    /// Demands that `part` holds.
    pub(crate) fn and(&mut self, part: impl Into<String>) {
        self.parts.push(part.into());
    }

    /// Demands that a column has a value.
    pub(crate) fn and_equal(&mut self, column: &str, value: &str) {
        let place = self.bind(Value::Text(value.to_owned()));
        self.and(format!("{column} = {place}"));
    }

    /// Demands that one of some texts contains `value`, whatever the case.
    pub(crate) fn and_any_contains(&mut self, texts: &[&str], value: &str) {
        let test = TextTest::ContainsIgnoringCase;
        let place = self.bind(Value::Text(self.dialect.tested(test, value)));
        let parts = texts.iter().map(|text| self.dialect.text_test(test, text, &place));
        let parts = parts.collect::<Vec<_>>().join(" OR ");
        self.and(format!("({parts})"));
    }

    /// The text after WHERE so far.
    pub(crate) fn text(&self) -> String {
        self.parts.join("\n    AND ")
    }

    /// The text after WHERE, and the parameters.
    pub(crate) fn into_parts(self) -> (String, Vec<Bound>) {
        (self.text(), self.bound)
    }

    /// Demands that a filter passes, with the meaning of `wingbeat_store::listing::passes`.
    pub(crate) fn and_filter<F: ListField>(&mut self, field: &Expression, filter: &Filter<F>) {
        let part = match filter.op {
            FilterOp::Equal => self.compare(field, "=", &filter.values),
            FilterOp::NotEqual => {
                let part = self.compare(field, "=", &filter.values);
                self.not(&part)
            }
            FilterOp::Greater => self.compare(field, ">", &filter.values),
            FilterOp::GreaterOrEqual => self.compare(field, ">=", &filter.values),
            FilterOp::Less => self.compare(field, "<", &filter.values),
            FilterOp::LessOrEqual => self.compare(field, "<=", &filter.values),
            FilterOp::Contains => self.text_test(field, TextTest::Contains, &filter.values),
            FilterOp::ContainsIgnoringCase => {
                self.text_test(field, TextTest::ContainsIgnoringCase, &filter.values)
            }
            FilterOp::EndsWith => self.text_test(field, TextTest::EndsWith, &filter.values),
            FilterOp::NotEndsWith => {
                let part = self.text_test(field, TextTest::EndsWith, &filter.values);
                self.not(&part)
            }
            FilterOp::In => self.is_in(field, &filter.values),
            FilterOp::NotIn => {
                let part = self.is_in(field, &filter.values);
                self.not(&part)
            }
            FilterOp::Exists => self.exists(field),
            FilterOp::NotExists => self.not(&self.exists(field)),
        };
        self.parts.push(part);
    }

    fn compare(&mut self, field: &Expression, sign: &str, values: &[String]) -> String {
        match parse_values(field.kind, values).into_iter().next() {
            None => self.dialect.never().to_owned(),
            Some(value) => {
                let place = self.bind(value);
                format!("{} {sign} {place}", field.text)
            }
        }
    }

    fn text_test(&mut self, field: &Expression, test: TextTest, values: &[String]) -> String {
        let Some(value) = values.first() else { return self.dialect.never().to_owned() };
        let place = self.bind(Value::Text(self.dialect.tested(test, value)));
        match field.kind {
            ValueKind::Text => self.dialect.text_test(test, &field.text, &place),
            ValueKind::Int => self.dialect.text_test(test, &format!("CAST({} AS TEXT)", field.text), &place),
        }
    }

    fn is_in(&mut self, field: &Expression, values: &[String]) -> String {
        let place = self.push_bound(Bound::Many(field.kind, parse_values(field.kind, values)));
        self.dialect.is_in(&field.text, &place)
    }

    /// What is unknown to SQL because a value is absent does not hold, so its negation does.
    fn not(&self, part: &str) -> String {
        format!("NOT coalesce({part}, {})", self.dialect.never())
    }

    /// Labels may be empty and yet exist; for all other texts empty means absent.
    fn exists(&self, field: &Expression) -> String {
        match (field.kind, field.nullable) {
            (ValueKind::Text, false) => format!("{} <> ''", field.text),
            (ValueKind::Text | ValueKind::Int, true) => format!("{} IS NOT NULL", field.text),
            (ValueKind::Int, false) => self.dialect.always().to_owned(),
        }
    }

    /// Demands a row after `key` in the order of `terms`.
    pub(crate) fn and_after(&mut self, terms: &[Term], key: &CursorKey) {
        let places = key.0.iter().map(|value| value.clone().map(|value| self.bind(value)));
        let places = places.collect::<Vec<_>>();
        let pairs = || terms.iter().zip(&places);
        if let Some((Term { by, direction }, Some(place))) = pairs().next()
            && !by.nullable
        {
            // Implied by what follows, but only this tells the database where in the index to start.
            let sign = if *direction == Direction::Ascending { ">=" } else { "<=" };
            self.and(format!("{} {sign} {place}", by.text));
        }
        let ways = (0..terms.len()).map(|at| {
            let equal = pairs().take(at).map(|(term, place)| equal(term, place.as_deref()));
            let later = pairs().skip(at).take(1).map(|(term, place)| self.later(term, place.as_deref()));
            format!("({})", equal.chain(later).collect::<Vec<_>>().join(" AND "))
        });
        let ways = ways.collect::<Vec<_>>().join(" OR ");
        self.and(format!("({ways})"));
    }

    /// Absent values sort last, so nothing comes after one.
    fn later(&self, term: &Term, place: Option<&str>) -> String {
        let Some(place) = place else { return self.dialect.never().to_owned() };
        let sign = if term.direction == Direction::Ascending { ">" } else { "<" };
        let text = &term.by.text;
        if term.by.nullable {
            format!("({text} {sign} {place} OR {text} IS NULL)")
        } else {
            format!("{text} {sign} {place}")
        }
    }
}

fn equal(term: &Term, place: Option<&str>) -> String {
    match place {
        None => format!("{} IS NULL", term.by.text),
        Some(place) => format!("{} = {place}", term.by.text),
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
