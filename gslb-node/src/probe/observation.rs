//! The result of one probe.

use std::time::Duration;

/// Longest reason, bytes: it is agreed on and kept for each vote.
const REASON_LEN_MAX: usize = 120;

/// The result of one probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// Whether the check passed.
    pub ok: bool,
    /// What was seen, in a few words.
    pub reason: String,
    /// How long it took.
    pub took: Duration,
}

impl Observation {
    /// A probe that passed.
    #[must_use]
    pub fn passed(reason: impl Into<String>, took: Duration) -> Self {
        Self { ok: true, reason: short(reason.into()), took }
    }

    /// A probe that failed.
    #[must_use]
    pub fn failed(reason: impl Into<String>, took: Duration) -> Self {
        Self { ok: false, reason: short(reason.into()), took }
    }
}

/// One line of at most [`REASON_LEN_MAX`] bytes.
fn short(reason: String) -> String {
    let mut line: String = reason.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.len() > REASON_LEN_MAX {
        let end = (0..=REASON_LEN_MAX).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(0);
        line.truncate(end);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_one_short_line() {
        let long = format!("a\nb{}", "\u{e9}".repeat(100));
        let observation = Observation::failed(long, Duration::ZERO);
        assert!(observation.reason.starts_with("a b\u{e9}"));
        assert!(observation.reason.len() <= REASON_LEN_MAX);
        assert!(observation.reason.len() >= REASON_LEN_MAX - 1);
    }
}
