//! What is printed: tables for people, JSON for programs.

use super::error::CtlError;
use super::table::Table;
use serde::Serialize;
use std::io::{IsTerminal, Write};

/// How one run prints.
#[derive(Clone, Copy, Debug)]
pub(super) struct Output {
    /// Whether a program reads it.
    pub(super) json: bool,
    /// Whether colour is wanted.
    colour: bool,
}

/// What a text means to the reader, shown as a colour on terminals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Tone {
    /// Nothing special.
    #[default]
    Plain,
    /// As it should be.
    Good,
    /// Worth a look.
    Warn,
    /// Wrong.
    Bad,
    /// Less important than the rest.
    Faint,
    /// A heading.
    Strong,
}

impl Output {
    /// Colour only on a terminal, and not if `NO_COLOR` is set to anything.
    pub(super) fn new(json: bool) -> Self {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
        Self { json, colour: !json && !no_color && std::io::stdout().is_terminal() }
    }

    /// Prints a value as JSON if a program reads, else has `people` print.
    pub(super) fn show<T: Serialize>(
        self,
        value: &T,
        people: impl FnOnce(Self),
    ) -> Result<(), CtlError> {
        if self.json {
            let text = serde_json::to_string_pretty(value);
            self.line(&text.map_err(|error| CtlError::Answer(error.to_string()))?);
        } else {
            people(self);
        }
        Ok(())
    }

    /// Prints a line.
    pub(super) fn line(self, text: &str) {
        // A reader that has gone away, such as `head`, is no fault.
        let _ = writeln!(std::io::stdout().lock(), "{text}");
    }

    /// Prints a table and nothing if it has no rows.
    pub(super) fn table(self, table: &Table) {
        let _ = write!(std::io::stdout().lock(), "{}", table.render(self.colour));
    }

    /// A text in the colour of its meaning.
    pub(super) fn tone(self, tone: Tone, text: &str) -> String {
        paint(self.colour, tone, text)
    }

    /// Prints what went wrong, to standard error.
    pub(super) fn error(self, error: &CtlError) {
        if matches!(error, CtlError::Told) {
            return;
        }
        let text = if self.json {
            serde_json::to_string_pretty(&error.body()).unwrap_or_else(|e| e.to_string())
        } else {
            let no_color = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
            let colour = !no_color && std::io::stderr().is_terminal();
            format!("{} {error}", paint(colour, Tone::Bad, "error:"))
        };
        let _ = writeln!(std::io::stderr().lock(), "{text}");
    }
}

/// A text in the colour of its meaning, if colour is wanted.
pub(super) fn paint(colour: bool, tone: Tone, text: &str) -> String {
    let code = match tone {
        _ if !colour || text.is_empty() => return text.to_owned(),
        Tone::Plain => return text.to_owned(),
        Tone::Good => "32",
        Tone::Warn => "33",
        Tone::Bad => "31",
        Tone::Faint => "2",
        Tone::Strong => "1",
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}
