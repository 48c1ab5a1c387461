//! What filters, orders and page tokens mean. Every store takes its meaning of them from here, so that
//! two stores never answer one list differently. Never touches stored rows itself.
//!
//! Texts that a row does not have are empty texts; only labels, end times and durations can be absent.
//! Absent values fail every comparison, pass its negation, and sort last in both directions.

use std::cmp::Ordering;

use wingbeat_model::{Action, Run, State, TaskVersion, Timestamp};

use crate::{ActionField, ActionQuery, Direction, FilterOp, RunScope, TaskField, TaskQuery};

mod cursor;

pub use cursor::{CursorKey, ListId};

/// A value of a field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// Numbers, times in microseconds, flags as 0 and 1.
    Int(i64),
    /// Text, compared by its bytes.
    Text(String),
}

/// What kind of values a field has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    /// [`Value::Int`].
    Int,
    /// [`Value::Text`].
    Text,
}

/// A field that lists can use.
pub trait ListField {
    /// What kind of values it has.
    fn kind(&self) -> ValueKind;
    /// Can it be absent?
    fn nullable(&self) -> bool;
}

impl ListField for ActionField {
    fn kind(&self) -> ValueKind {
        match self {
            Self::Phase
            | Self::Kind
            | Self::Source
            | Self::CreatedAt
            | Self::UpdatedAt
            | Self::EndedAt
            | Self::DurationMicros => ValueKind::Int,
            Self::Name
            | Self::RunName
            | Self::Parent
            | Self::Group
            | Self::CreatedBy
            | Self::TaskProject
            | Self::TaskDomain
            | Self::TaskName
            | Self::TaskVersion
            | Self::ShortName
            | Self::Label(_) => ValueKind::Text,
        }
    }

    fn nullable(&self) -> bool {
        matches!(self, Self::EndedAt | Self::DurationMicros | Self::Label(_))
    }
}

impl ListField for TaskField {
    fn kind(&self) -> ValueKind {
        match self {
            Self::CreatedAt | Self::IsEntrypoint => ValueKind::Int,
            Self::Name | Self::Version | Self::Environment | Self::ShortName | Self::DeployedBy => {
                ValueKind::Text
            }
        }
    }

    fn nullable(&self) -> bool {
        false
    }
}

/// The whole order of a list: no two rows are equal in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order<F> {
    /// Fields, the weightiest first. Never empty.
    pub terms: Vec<(F, Direction)>,
    /// Direction of what breaks ties: see [`action_ties`] and [`task_ties`]. That of the first term.
    pub ties: Direction,
}

/// The order of a list of actions: as asked, else newest first for runs and oldest first within a run.
pub fn action_order(query: &ActionQuery) -> Order<ActionField> {
    let usual = match query.scope {
        RunScope::Run(_) => Direction::Ascending,
        RunScope::Project(_) | RunScope::Task { .. } => Direction::Descending,
    };
    order(&query.sort, (ActionField::CreatedAt, usual))
}

/// The order of a list of task versions: as asked, else newest first.
pub fn task_order(query: &TaskQuery) -> Order<TaskField> {
    order(&query.sort, (TaskField::CreatedAt, Direction::Descending))
}

fn order<F: Clone>(asked: &[(F, Direction)], usual: (F, Direction)) -> Order<F> {
    let terms = if asked.is_empty() { vec![usual] } else { asked.to_vec() };
    let ties = terms.first().map_or(Direction::Ascending, |(_, direction)| *direction);
    Order { terms, ties }
}

/// What breaks ties between actions: the run, then the name.
pub fn action_ties(action: &Action) -> Vec<Value> {
    vec![Value::Int(action.key.run.0), Value::Text(action.key.name.as_str().to_owned())]
}

/// What breaks ties between task versions: the domain, the name, then the version.
pub fn task_ties(task: &TaskVersion) -> Vec<Value> {
    [&task.key.scope.domain, &task.key.name, &task.key.version]
        .map(|text| Value::Text((**text).to_owned()))
        .to_vec()
}

/// A field of an action of `run`.
pub fn action_value(field: &ActionField, run: &Run, action: &Action) -> Option<Value> {
    let text = |text: &str| Some(Value::Text(text.to_owned()));
    let micros = |at: Timestamp| Some(Value::Int(at.as_micros()));
    match field {
        ActionField::Name => text(action.key.name.as_str()),
        ActionField::RunName => text(run.key.name()),
        ActionField::Phase => Some(Value::Int(action.phase().number().into())),
        ActionField::Kind => Some(Value::Int((action.kind as i32).into())),
        ActionField::Parent => text(action.parent.as_ref().map_or("", |parent| parent.as_str())),
        ActionField::Group => text(&action.group),
        ActionField::Source => Some(Value::Int(run.source.into())),
        ActionField::CreatedBy => text(&action.created_by),
        ActionField::TaskProject => text(&action.task.project),
        ActionField::TaskDomain => text(&action.task.domain),
        ActionField::TaskName => text(&action.task.name),
        ActionField::TaskVersion => text(&action.task.version),
        ActionField::ShortName => text(&action.task.short_name),
        ActionField::CreatedAt => micros(action.created_at),
        ActionField::UpdatedAt => micros(updated_at(action)),
        ActionField::EndedAt => action.ended_at().and_then(micros),
        ActionField::DurationMicros => match (action.started_at, action.ended_at()) {
            (Some(start), Some(end)) => Some(Value::Int(end.as_micros() - start.as_micros())),
            (None, _) | (_, None) => None,
        },
        ActionField::Label(key) => run.labels.iter().find(|label| label.0 == *key).and_then(|l| text(&l.1)),
    }
}

/// When the present state of an action began.
pub fn updated_at(action: &Action) -> Timestamp {
    match &action.state {
        State::Queued { since, .. }
        | State::AwaitingCache { since, .. }
        | State::Claimed { since, .. }
        | State::Running { since, .. } => *since,
        State::Paused { .. } => action.started_at.unwrap_or(action.created_at),
        State::Done { at, .. } => *at,
    }
}

/// A field of a task version.
pub fn task_value(field: TaskField, task: &TaskVersion) -> Value {
    match field {
        TaskField::Name => Value::Text((*task.key.name).to_owned()),
        TaskField::Version => Value::Text((*task.key.version).to_owned()),
        TaskField::Environment => Value::Text(task.environment.clone()),
        TaskField::ShortName => Value::Text(task.short_name.clone()),
        TaskField::DeployedBy => Value::Text(task.deployed_by.clone()),
        TaskField::CreatedAt => Value::Int(task.deployed_at.as_micros()),
        TaskField::IsEntrypoint => Value::Int(task.is_entrypoint.into()),
    }
}

/// The values of a filter, as its field has them. What is no number is left out where numbers are due.
pub fn parse_values(kind: ValueKind, values: &[String]) -> Vec<Value> {
    let parse = |text: &String| match kind {
        ValueKind::Text => Some(Value::Text(text.clone())),
        ValueKind::Int => match text.as_str() {
            "true" => Some(Value::Int(1)),
            "false" => Some(Value::Int(0)),
            number => number.parse().ok().map(Value::Int),
        },
    };
    values.iter().filter_map(parse).collect()
}

/// Does a value pass a filter? Text operations see numbers in decimal.
pub fn passes(field: &impl ListField, op: FilterOp, value: Option<&Value>, values: &[String]) -> bool {
    let parsed = parse_values(field.kind(), values);
    let compares = |fits: fn(Ordering) -> bool| {
        value.zip(parsed.first()).is_some_and(|(have, want)| fits(have.cmp(want)))
    };
    let is_text = |fits: &dyn Fn(&str, &str) -> bool| {
        value.zip(values.first()).is_some_and(|(have, want)| fits(&as_text(have), want))
    };
    match op {
        FilterOp::Equal => compares(Ordering::is_eq),
        FilterOp::NotEqual => !compares(Ordering::is_eq),
        FilterOp::Greater => compares(Ordering::is_gt),
        FilterOp::GreaterOrEqual => compares(Ordering::is_ge),
        FilterOp::Less => compares(Ordering::is_lt),
        FilterOp::LessOrEqual => compares(Ordering::is_le),
        FilterOp::Contains => is_text(&|have, want| have.contains(want)),
        FilterOp::ContainsIgnoringCase => is_text(&contains_ignoring_case),
        FilterOp::EndsWith => is_text(&|have, want| have.ends_with(want)),
        FilterOp::NotEndsWith => !is_text(&|have, want| have.ends_with(want)),
        FilterOp::In => value.is_some_and(|have| parsed.contains(have)),
        FilterOp::NotIn => !value.is_some_and(|have| parsed.contains(have)),
        FilterOp::Exists => exists(field, value),
        FilterOp::NotExists => !exists(field, value),
    }
}

/// The meaning of [`FilterOp::ContainsIgnoringCase`]: by Unicode's lower case.
pub fn contains_ignoring_case(have: &str, want: &str) -> bool {
    have.to_lowercase().contains(&want.to_lowercase())
}

fn as_text(value: &Value) -> String {
    match value {
        Value::Int(number) => number.to_string(),
        Value::Text(text) => text.clone(),
    }
}

/// Labels may be empty and yet exist; for all other texts empty means absent, and they are never `None`.
fn exists(field: &impl ListField, value: Option<&Value>) -> bool {
    match value {
        None => false,
        Some(Value::Text(text)) => field.nullable() || !text.is_empty(),
        Some(Value::Int(_)) => true,
    }
}

/// Compares two positions of a list.
pub fn compare_keys(a: &CursorKey, b: &CursorKey, directions: &[Direction]) -> Ordering {
    let pairs = a.0.iter().zip(&b.0).zip(directions);
    pairs
        .map(|((a, b), direction)| match (a, b) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(a), Some(b)) => match direction {
                Direction::Ascending => a.cmp(b),
                Direction::Descending => b.cmp(a),
            },
        })
        .find(|ordering| ordering.is_ne())
        .unwrap_or(Ordering::Equal)
}
