//! Rows by position: what binds parameters in order, what reads columns in order, and how statements run.
//! The order of columns is that of the `*_columns.sql` files; the code that binds and the code that reads follow it.

use rusqlite::types::{FromSql, ToSql};
use rusqlite::{Connection, Params, Row, Statement};

use super::fault::Fault;
use super::queries::Query;

/// Binds parameters from the first to the last.
pub(crate) struct Binder<'a, 'c> {
    statement: &'a mut Statement<'c>,
    at: usize,
}

impl Binder<'_, '_> {
    /// Binds the next one.
    pub(crate) fn put(&mut self, value: impl ToSql) -> Result<(), Fault> {
        self.at += 1;
        Ok(self.statement.raw_bind_parameter(self.at, value)?)
    }
}

/// Reads columns from the first to the last.
pub(crate) struct Columns<'a, 's> {
    row: &'a Row<'s>,
    at: usize,
}

impl Columns<'_, '_> {
    /// Reads the next one.
    pub(crate) fn take<T: FromSql>(&mut self) -> Result<T, Fault> {
        let value = self.row.get(self.at)?;
        self.at += 1;
        Ok(value)
    }

    /// Passes over columns that mean nothing in this row.
    pub(crate) fn skip(&mut self, count: usize) {
        self.at += count;
    }
}

/// Reads a row of one column.
pub(crate) fn first<T: FromSql>(row: &mut Columns<'_, '_>) -> Result<T, Fault> {
    row.take()
}

/// The row that a query finds, if it finds one.
pub(crate) fn find<T>(
    db: &Connection,
    query: &Query,
    params: impl Params,
    read: impl FnOnce(&mut Columns<'_, '_>) -> Result<T, Fault>,
) -> Result<Option<T>, Fault> {
    let mut statement = db.prepare_cached(query.text())?;
    let mut rows = statement.query(params)?;
    let found = rows.next()?.map(|row| read(&mut Columns { row, at: 0 }));
    found.transpose().map_err(|fault| fault.found_by(query.file()))
}

/// All rows that a query finds.
pub(crate) fn list<T>(
    db: &Connection,
    query: &Query,
    params: impl Params,
    read: impl FnMut(&mut Columns<'_, '_>) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    list_text(db, query.text(), params, read).map_err(|fault| fault.found_by(query.file()))
}

/// All rows that a statement finds which was put together at run time.
pub(crate) fn list_text<T>(
    db: &Connection,
    text: &str,
    params: impl Params,
    mut read: impl FnMut(&mut Columns<'_, '_>) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    let mut statement = db.prepare_cached(text)?;
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(&mut Columns { row, at: 0 })?);
    }
    Ok(found)
}

/// Runs a statement that writes; how many rows it wrote.
pub(crate) fn write(db: &Connection, query: &Query, params: impl Params) -> Result<usize, Fault> {
    Ok(db.prepare_cached(query.text())?.execute(params)?)
}

/// Runs a statement that writes, with parameters bound in order.
pub(crate) fn write_bound(
    db: &Connection,
    query: &Query,
    bind: impl FnOnce(&mut Binder<'_, '_>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut statement = db.prepare_cached(query.text())?;
    bind(&mut Binder { statement: &mut statement, at: 0 })?;
    statement.raw_execute()?;
    Ok(())
}

/// A count as SQLite takes it.
pub(crate) fn limit(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
