//! How statements run against a connection: rows of SQLite as cells, parameters bound in order.

use rusqlite::types::{Null, ValueRef};
use rusqlite::{Connection, Params, Row, Statement};

use super::queries::Query;
use crate::fault::Fault;
pub(crate) use crate::rows::cell::first;
use crate::rows::cell::{Binder, Cell, Columns, Sink, Source};

/// Binds the parameters of a statement.
struct Parameters<'a, 'c> {
    statement: &'a mut Statement<'c>,
    at: usize,
}

impl Sink for Parameters<'_, '_> {
    fn put_cell(&mut self, cell: Cell<'_>) -> Result<(), Fault> {
        self.at += 1;
        let (statement, at) = (&mut *self.statement, self.at);
        let bound = match cell {
            Cell::Null => statement.raw_bind_parameter(at, Null),
            Cell::Int(number) => statement.raw_bind_parameter(at, number),
            Cell::Float(number) => statement.raw_bind_parameter(at, number),
            Cell::Text(text) => statement.raw_bind_parameter(at, text),
            Cell::Bytes(bytes) => statement.raw_bind_parameter(at, bytes),
        };
        Ok(bound?)
    }
}

struct Found<'a, 's>(&'a Row<'s>);

impl Source for Found<'_, '_> {
    fn cell(&self, at: usize) -> Result<Cell<'_>, Fault> {
        Ok(match self.0.get_ref(at)? {
            ValueRef::Null => Cell::Null,
            ValueRef::Integer(number) => Cell::Int(number),
            ValueRef::Real(number) => Cell::Float(number),
            ValueRef::Text(text) => {
                Cell::Text(std::str::from_utf8(text).map_err(|error| Fault::corrupt(error.to_string()))?)
            }
            ValueRef::Blob(bytes) => Cell::Bytes(bytes),
        })
    }
}

/// The row that a query finds, if it finds one.
pub(crate) fn find<T>(
    db: &Connection,
    query: &Query,
    params: impl Params,
    read: impl FnOnce(&mut Columns<'_>) -> Result<T, Fault>,
) -> Result<Option<T>, Fault> {
    let mut statement = db.prepare_cached(query.text())?;
    let mut rows = statement.query(params)?;
    let found = rows.next()?.map(|row| read(&mut Columns::new(&Found(row))));
    found.transpose().map_err(|fault| fault.found_by(query.file()))
}

/// All rows that a query finds.
pub(crate) fn list<T>(
    db: &Connection,
    query: &Query,
    params: impl Params,
    read: impl FnMut(&mut Columns<'_>) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    list_text(db, query.text(), params, read).map_err(|fault| fault.found_by(query.file()))
}

/// All rows that a statement finds which was put together at run time.
pub(crate) fn list_text<T>(
    db: &Connection,
    text: &str,
    params: impl Params,
    mut read: impl FnMut(&mut Columns<'_>) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    let mut statement = db.prepare_cached(text)?;
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(&mut Columns::new(&Found(row)))?);
    }
    Ok(found)
}

/// Begins or ends a transaction.
pub(crate) fn step(db: &Connection, text: &str) -> Result<(), Fault> {
    db.prepare_cached(text)?.execute([])?;
    Ok(())
}

/// Runs a statement that writes; how many rows it wrote.
pub(crate) fn write(db: &Connection, query: &Query, params: impl Params) -> Result<usize, Fault> {
    Ok(db.prepare_cached(query.text())?.execute(params)?)
}

/// Runs a statement that writes, with parameters bound in order; how many rows it wrote.
pub(crate) fn write_bound(
    db: &Connection,
    query: &Query,
    bind: impl FnOnce(&mut Binder<'_>) -> Result<(), Fault>,
) -> Result<usize, Fault> {
    let mut statement = db.prepare_cached(query.text())?;
    bind(&mut Binder::new(&mut Parameters { statement: &mut statement, at: 0 }))?;
    Ok(statement.raw_execute()?)
}
