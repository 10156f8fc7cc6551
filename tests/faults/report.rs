//! The table.

use crate::load::Tally;
use std::fmt;
use std::time::Duration;

/// What came of one fault.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) fault: &'static str,
    pub(crate) queries: Tally,
    /// The longest time without an acknowledged change since there was a majority.
    pub(crate) gap: Duration,
    /// Whether that is far more than was promised.
    pub(crate) too_late: bool,
    pub(crate) took: Duration,
    /// What status said of it.
    pub(crate) said: Vec<String>,
}

impl Row {
    fn is_sound(&self) -> bool {
        let Tally { asked, unanswered, wrong, .. } = self.queries;
        asked > 0 && unanswered == 0 && wrong == 0 && !self.too_late
    }

    /// Its line of the table.
    pub(crate) fn line(&self) -> String {
        let Tally { asked, again, unanswered, wrong, .. } = self.queries;
        format!(
            "{:<16} {asked:>8} {again:>6} {unanswered:>10} {wrong:>6} {:>7.2} s {:>6.1} s{}",
            self.fault,
            self.gap.as_secs_f64(),
            self.took.as_secs_f64(),
            if self.is_sound() { "" } else { "  BROKEN" }
        )
    }
}

/// What came of all of them.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) rows: Vec<Row>,
    /// Within how long of a majority changes are promised.
    pub(crate) resume: Duration,
    /// Whether what clients were told is linearizable.
    pub(crate) told: Result<(), String>,
    /// Changes that were acknowledged.
    pub(crate) writes: usize,
}

impl Report {
    /// Whether every promise was held.
    pub(crate) fn is_sound(&self) -> bool {
        self.told.is_ok() && self.rows.iter().all(Row::is_sound)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            out,
            "\n{:<16} {:>8} {:>6} {:>10} {:>6} {:>9} {:>8}",
            "fault", "queries", "again", "unanswered", "wrong", "gap", "took"
        )?;
        for row in &self.rows {
            writeln!(out, "{}", row.line())?;
            let shown = if row.is_sound() { 0 } else { row.queries.examples.len() };
            for example in row.queries.examples.iter().take(shown) {
                writeln!(out, "    {example}")?;
            }
        }
        writeln!(
            out,
            "gap: longest time without an accepted change while there was a majority; promised: {} s",
            self.resume.as_secs()
        )?;
        match &self.told {
            Ok(()) => writeln!(out, "{} changes, linearizable", self.writes)?,
            Err(why) => writeln!(out, "{} changes, NOT LINEARIZABLE: {why}", self.writes)?,
        }
        writeln!(out, "\nwhat status said:")?;
        let mut seen: Vec<&str> = Vec::new();
        for row in self.rows.iter().filter(|row| {
            let new = !seen.contains(&row.fault);
            seen.push(row.fault);
            new
        }) {
            for line in &row.said {
                writeln!(out, "  {}: {line}", row.fault)?;
            }
        }
        Ok(())
    }
}
