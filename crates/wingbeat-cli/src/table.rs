//! Lays out rows in columns. Pure.

use std::fmt;

const GAP: &str = "  ";

/// Rows under a head; every column as wide as its widest cell.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new<const N: usize>(head: [&str; N]) -> Self {
        Self { rows: vec![head.map(str::to_owned).to_vec()] }
    }

    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.into());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.len() <= 1
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n_columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> = (0..n_columns)
            .map(|ix| {
                self.rows.iter().filter_map(|row| row.get(ix)).map(|cell| width(cell)).max().unwrap_or(0)
            })
            .collect();
        for (row_ix, row) in self.rows.iter().enumerate() {
            let cells = row.iter().zip(&widths).map(|(cell, width)| padded(cell, *width));
            let text = cells.collect::<Vec<_>>().join(GAP);
            if row_ix > 0 {
                f.write_str("\n")?;
            }
            f.write_str(text.trim_end())?;
        }
        Ok(())
    }
}

/// Names and values under each other: one thing with details.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    rows: Vec<(&'static str, String)>,
}

impl Sheet {
    /// Adds a value; an empty one is left out.
    pub(crate) fn add(&mut self, name: &'static str, value: impl Into<String>) -> &mut Self {
        let value = value.into();
        if !value.is_empty() {
            self.rows.push((name, value));
        }
        self
    }
}

impl fmt::Display for Sheet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name_width = self.rows.iter().map(|(name, _)| width(name)).max().unwrap_or(0);
        for (ix, (name, value)) in self.rows.iter().enumerate() {
            let indent = format!("\n{}{GAP}", " ".repeat(name_width));
            let line_break = if ix > 0 { "\n" } else { "" };
            let value = value.trim_end().replace('\n', &indent);
            write!(f, "{line_break}{}{GAP}{value}", padded(name, name_width))?;
        }
        Ok(())
    }
}

fn width(text: &str) -> usize {
    text.chars().count()
}

fn padded(text: &str, to: usize) -> String {
    format!("{text}{}", " ".repeat(to.saturating_sub(width(text))))
}

#[cfg(test)]
mod tests {
    use super::{Sheet, Table};

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(["NAME", "PHASE"]);
        table.row(["a-long-name".to_owned(), "running".to_owned()]);
        table.row(["größe".to_owned(), String::new()]);
        assert_eq!(table.to_string(), "NAME         PHASE\na-long-name  running\ngröße");
    }

    #[test]
    fn details_are_aligned_and_empty_ones_left_out() {
        let mut sheet = Sheet::default();
        sheet.add("run", "r1").add("labels", "").add("error", "first\nsecond");
        assert_eq!(sheet.to_string(), "run    r1\nerror  first\n       second");
    }
}
