//! Rows that a starting server loads. One that cannot be understood must not keep it from all the others: it stays as it
//! is, whoever asks for it is told so, and people find it in the log.

use wingbeat_model::{ActionKey, ActionName, RunId};

use super::cell::Columns;
use crate::fault::Fault;

/// A row, or the key of one that is damaged.
pub(crate) type Readable<T> = Result<T, ActionKey>;

/// Reads a row that begins with the key of an action.
pub(crate) fn readable<T>(
    row: &mut Columns<'_>,
    read: impl Fn(&mut Columns<'_>) -> Result<T, Fault>,
) -> Result<Readable<T>, Fault> {
    let mut key = row.again();
    match read(row) {
        Err(Fault::Corrupt(what)) => {
            let key = ActionKey { run: RunId(key.take()?), name: ActionName::stored(&key.take::<String>()?) };
            let (run, action) = (key.run.0, key.name.as_str());
            tracing::error!(
                run,
                action,
                what,
                "a row of a live action cannot be read; its run stays where it is"
            );
            Ok(Err(key))
        }
        result => result.map(Ok),
    }
}

/// What could be read of a page, or behind which key the next one begins: an empty page would be taken for the last.
pub(crate) fn page<T>(rows: Vec<Readable<T>>) -> Result<Vec<T>, ActionKey> {
    let last = rows.last().and_then(|row| row.as_ref().err().cloned());
    let read: Vec<T> = rows.into_iter().flatten().collect();
    match last {
        Some(key) if read.is_empty() => Err(key),
        _ => Ok(read),
    }
}

#[cfg(test)]
mod tests {
    use super::{Readable, page, readable};
    use crate::fault::Fault;
    use crate::rows::cell::{Cell, Columns, Source};

    /// Run, action, and a column that should hold a number.
    struct Row(Cell<'static>);

    impl Source for Row {
        fn cell(&self, at: usize) -> Result<Cell<'_>, Fault> {
            Ok([Cell::Int(7), Cell::Text("a0"), self.0][at])
        }
    }

    fn read(row: &Row) -> Result<Readable<i64>, Fault> {
        readable(&mut Columns::new(row), |row| {
            row.take::<i64>()?;
            row.take::<String>()?;
            row.take::<i64>()
        })
    }

    #[test]
    fn a_damaged_row_is_left_out_and_the_others_are_read() {
        let rows = [Row(Cell::Int(1)), Row(Cell::Text("damaged")), Row(Cell::Int(3))];
        let rows: Vec<_> = rows.iter().map(|row| read(row).expect("it goes on")).collect();
        assert_eq!(page(rows).expect("some are fine"), [1, 3]);
    }

    #[test]
    fn a_page_of_damaged_rows_says_where_the_next_begins_and_an_empty_one_is_the_last() {
        let damaged = read(&Row(Cell::Text("damaged"))).expect("it goes on");
        let key = page(vec![damaged]).expect_err("nothing is readable");
        assert_eq!((key.run.0, key.name.as_str()), (7, "a0"));
        assert!(page(Vec::<Readable<i64>>::new()).expect("it is the last").is_empty());
    }
}
