//! Tables for people: columns by width, no borders, colour that does not disturb the widths.

use super::output::{Tone, paint};
use std::fmt::Write as _;

/// Columns with a heading each.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    rows: Vec<Vec<Cell>>,
}

/// A text with its meaning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    /// A text that means something.
    pub(super) fn new(tone: Tone, text: impl Into<String>) -> Self {
        Self { text: text.into(), tone }
    }
}

impl<T: ToString> From<T> for Cell {
    fn from(text: T) -> Self {
        Self { text: text.to_string(), tone: Tone::Plain }
    }
}

impl Table {
    /// A table with these headings.
    pub(super) fn new(headings: &[&str]) -> Self {
        let heading = |h: &&str| Cell::new(Tone::Faint, *h);
        Self { rows: vec![headings.iter().map(heading).collect()] }
    }

    /// Adds a row.
    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Whether it has no rows below its headings.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.len() <= 1
    }

    /// The text: columns two spaces apart, no spaces at the ends of lines.
    pub(super) fn render(&self, colour: bool) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.text.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut out = String::new();
        for row in self.rows.iter().filter(|_| !self.is_empty()) {
            let last = row.iter().rposition(|cell| !cell.text.is_empty()).unwrap_or(0);
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate().take(last + 1) {
                out.push_str(&paint(colour, cell.tone, &cell.text));
                if column < last {
                    let space = width - cell.text.chars().count() + 2;
                    let _ = write!(out, "{:space$}", "");
                }
            }
            out.push('\n');
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(&["NODE", "ROLE"]);
        table.row(["fra-1".into(), Cell::new(Tone::Good, "leader")]);
        table.row(["zürich".into(), "".into()]);
        table
    }

    #[test]
    fn columns_stand_by_width_and_lines_end_with_text() {
        assert_eq!(table().render(false), "NODE    ROLE\nfra-1   leader\nzürich\n");
        assert_eq!(Table::new(&["NODE"]).render(false), "");
    }

    #[test]
    fn colour_does_not_move_columns() {
        let plain = table().render(false);
        let coloured = table().render(true);
        assert!(coloured.contains("\x1b[32mleader\x1b[0m"));
        let mut stripped = coloured;
        for code in ["\x1b[32m", "\x1b[2m", "\x1b[0m"] {
            stripped = stripped.replace(code, "");
        }
        assert_eq!(stripped, plain);
    }
}
