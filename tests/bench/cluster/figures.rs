//! What was measured, for people and for programs.

use serde_json::{Map, Value, json};
use std::fmt::Write as _;

/// What was measured.
#[derive(Debug, Default)]
pub(crate) struct Figures(Vec<(String, String, f64)>);

impl Figures {
    /// Takes down one figure.
    pub(crate) fn add(&mut self, what: impl Into<String>, unit: &str, value: f64) {
        self.0.push((what.into(), unit.to_owned(), value));
    }

    /// Takes down median and 99th percentile of times in ms.
    pub(crate) fn spread(&mut self, what: &str, times_ms: &[f64]) {
        self.add(format!("{what}, median"), "ms", quantile(times_ms, 50));
        self.add(format!("{what}, 99 of 100"), "ms", quantile(times_ms, 99));
    }

    /// A line a figure.
    pub(crate) fn table(&self) -> String {
        let width = self.0.iter().map(|(what, ..)| what.len()).max().unwrap_or(0);
        let mut text = String::new();
        for (what, unit, value) in &self.0 {
            let _ = writeln!(text, "{what:<width$}  {value:>10.2} {unit}");
        }
        text
    }

    /// One object.
    pub(crate) fn json(&self) -> Value {
        let one = |(what, unit, value): &(String, String, f64)| {
            (what.clone(), json!({ "value": value, "unit": unit }))
        };
        Value::Object(self.0.iter().map(one).collect::<Map<_, _>>())
    }
}

/// The value below or at which so many of 100 lie.
pub(crate) fn quantile(values: &[f64], of_100: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = (sorted.len() * of_100).div_ceil(100).max(1) - 1;
    sorted[at]
}

/// A duration in ms.
pub(crate) fn ms(since: std::time::Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1_000.0
}
