//! Lists of actions and of task versions, run on SQLite.

use std::rc::Rc;

use rusqlite::types::{ToSql, ToSqlOutput, Value as SqlValue};
use rusqlite::{Connection, params_from_iter};
use wingbeat_model::{Action, TaskVersion};
use wingbeat_store::listing::{ListId, Value};
use wingbeat_store::{ActionQuery, Page, ReadError, TaskQuery};

use super::row::list_text;
use crate::fault::Fault;
use crate::lists::{ListStatement, action_statement, page, read_row, task_statement};
use crate::rows::cell::Columns;
use crate::rows::{action, catalog};
use crate::statement::{Bound, Dialect};

/// A page of actions.
pub(crate) fn actions(db: &Connection, query: &ActionQuery) -> Result<Page<Action>, ReadError> {
    let list = ListId::of_actions(query);
    let statement = action_statement(Dialect::Sqlite, query, list)?;
    Ok(page(rows(db, statement, action::read)?, list, query.limit))
}

/// A page of task versions.
pub(crate) fn tasks(db: &Connection, query: &TaskQuery) -> Result<Page<TaskVersion>, ReadError> {
    let list = ListId::of_tasks(query);
    let statement = task_statement(Dialect::Sqlite, query, list)?;
    Ok(page(rows(db, statement, catalog::read_task)?, list, query.limit))
}

/// What a list's statement finds, with positions.
pub(crate) fn rows<T>(
    db: &Connection,
    statement: ListStatement,
    read: impl Fn(&mut Columns<'_>) -> Result<T, Fault>,
) -> Result<Vec<(T, wingbeat_store::listing::CursorKey)>, Fault> {
    let ListStatement { text, bound, terms } = statement;
    let params = params_from_iter(bound.into_iter().map(Parameter::from));
    list_text(db, &text, params, |row| read_row(row, terms, &read))
}

enum Parameter {
    One(SqlValue),
    /// For `IN rarray(…)`.
    Many(Rc<Vec<SqlValue>>),
}

impl From<Bound> for Parameter {
    fn from(bound: Bound) -> Self {
        match bound {
            Bound::One(value) => Self::One(to_sql(value)),
            Bound::Many(_, values) => Self::Many(Rc::new(values.into_iter().map(to_sql).collect())),
        }
    }
}

impl ToSql for Parameter {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::One(value) => value.to_sql(),
            Self::Many(values) => values.to_sql(),
        }
    }
}

fn to_sql(value: Value) -> SqlValue {
    match value {
        Value::Int(number) => SqlValue::Integer(number),
        Value::Text(text) => SqlValue::Text(text),
    }
}
