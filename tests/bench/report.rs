//! A table for people, JSON for programs.

use crate::options::Options;
use crate::rounds::Row;
use crate::tally::Tally;
use gslb_tests::load::quartiles::Quartiles;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;

/// The settings that figures depend on.
pub(crate) fn settings(options: &Options) -> Value {
    json!({
        "seconds": options.seconds,
        "rate": options.rate,
        "in_flight": options.in_flight,
        "sockets": options.sockets,
        "slice_ms": options.slice_ms,
        "names": options.names,
        "seed": options.seed,
        "server_core": options.server_core(),
        "client_core": options.client_core(),
        "optimised": !cfg!(debug_assertions),
    })
}

/// The scenarios as tables: CPU a query, then latency at the fixed rate.
pub(crate) fn table(rows: &[Row], options: &Options) -> String {
    let mut text = format!(
        "\nclosed loop, {} in flight over {} sockets; medians [quartiles] of slices of {} ms\n\
         {:<10} {:>9} {:>9}  {:<18} {:<18} {:>9} {:>9}\n",
        options.in_flight,
        options.sockets,
        options.slice_ms,
        "scenario",
        "node ns",
        "bare ns",
        "x bare",
        "x static",
        "node q/s",
        "bare q/s",
    );
    for row in rows {
        let _ = writeln!(
            text,
            "{:<10} {:>9.0} {:>9.0}  {:<18} {:<18} {:>9.0} {:>9.0}{}",
            row.scenario.name(),
            row.node_ns.median,
            row.bare_ns.median,
            ratio(&row.over_bare),
            ratio(&row.over_static),
            row.node.rate(),
            row.bare.rate(),
            faults(&row.node),
        );
    }
    if options.rate > 0 {
        let _ = writeln!(text, "\nfixed rate, {} queries a second", options.rate);
        text.push_str(&latency_head());
        for row in rows {
            let Some((node, bare)) = &row.paced else { continue };
            text.push_str(&latency(&format!("{} node", row.scenario.name()), node));
            text.push_str(&latency(&format!("{} bare", row.scenario.name()), bare));
        }
    }
    text
}

/// What stands over rows of latencies.
pub(crate) fn latency_head() -> String {
    format!(
        "{:<16} {:>9} {:>8} {:>8} {:>8} {:>9} {:>8} {:>7}\n",
        "us", "answers", "p50", "p99", "p99.9", "max", "untimed", "pauses"
    )
}

/// A row of latencies.
pub(crate) fn latency(name: &str, tally: &Tally) -> String {
    format!(
        "{name:<16} {:>9} {:>8.1} {:>8.1} {:>8.1} {:>9.1} {:>8} {:>7}{}\n",
        tally.answered,
        tally.us(0.5),
        tally.us(0.99),
        tally.us(0.999),
        tally.latency.max() as f64 / 1000.0,
        tally.untimed,
        tally.pauses,
        faults(tally),
    )
}

fn ratio(q: &Quartiles) -> String {
    format!("{:.2} [{:.2} {:.2}]", q.median, q.low, q.high)
}

/// What went wrong; nothing if nothing did.
fn faults(tally: &Tally) -> String {
    if tally.is_sound() {
        return String::new();
    }
    format!("  {} unanswered, {} wrong", tally.unanswered, tally.wrong)
}

/// Writes the JSON, and says where.
///
/// # Panics
/// If it cannot be written.
pub(crate) fn write(file: &Path, json: &Value) {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).expect("the folder of the JSON can be made");
    }
    std::fs::write(file, format!("{json:#}\n")).expect("the JSON can be written");
    eprintln!("JSON: {}", file.display());
}
