//! `gslbctl overrides`.

use super::label::label;
use crate::control::shape::{HealthReply, OverrideLine, OverrideWord, ReadParams};
use crate::ctl::age::{ago, span};
use crate::ctl::client::Client;
use crate::ctl::error::CtlError;
use crate::ctl::output::{Output, Tone};
use crate::ctl::table::{Cell, Table};

/// Prints what operators say over health.
pub(in crate::ctl) async fn overrides(
    client: &Client,
    ask: ReadParams,
    output: Output,
) -> Result<(), CtlError> {
    // Of the whole answer for the node's time: ages by this machine's clock could be wrong.
    let reply: HealthReply = client.get("/v1/health", &ask).await?;
    output.show(&reply.overrides, |o| {
        if reply.overrides.is_empty() {
            o.line("no overrides: what probes say counts");
        }
        o.table(&table(&reply.overrides, reply.now_ms));
        o.line(&o.tone(Tone::Faint, &label(reply.revision, &reply.read)));
    })
}

fn table(overrides: &[OverrideLine], now_ms: u64) -> Table {
    let mut table = Table::new(&["TARGET", "SAYS", "LEFT", "SINCE", "WHO", "WHY"]);
    for of in overrides {
        table.row([
            format!("{} {}", of.scope, of.target).into(),
            Cell::new(Tone::Warn, word(of.kind)),
            left(of, now_ms).into(),
            ago(of.since_ms, now_ms).into(),
            of.owner.as_str().into(),
            of.reason.as_str().into(),
        ]);
    }
    table
}

/// What an override says, for people.
pub(super) fn word(kind: OverrideWord) -> &'static str {
    match kind {
        OverrideWord::ForceUp => "forced up",
        OverrideWord::ForceDown => "forced down",
        OverrideWord::Drain => "drained",
    }
}

/// How long an override still lasts.
fn left(of: &OverrideLine, now_ms: u64) -> String {
    of.expires_ms.map_or_else(|| "until cleared".to_owned(), |at| span(at.saturating_sub(now_ms)))
}

/// The same within a sentence, where no heading says what the time means.
pub(super) fn ends(of: &OverrideLine, now_ms: u64) -> String {
    let left = left(of, now_ms);
    if of.expires_ms.is_some() { format!("{left} left") } else { left }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_override_shows_how_long_it_lasts_by_agreed_time() {
        let drain = OverrideLine {
            scope: "region".into(),
            target: "fra".into(),
            kind: OverrideWord::Drain,
            reason: "CHG-1".into(),
            owner: "ann".into(),
            since_ms: 60_000,
            expires_ms: Some(7_260_000),
            changed: "1.40".parse().unwrap(),
        };
        let permanent = OverrideLine { expires_ms: None, ..drain.clone() };
        let text = table(&[drain, permanent], 120_000).render(false);
        let expected = "\
TARGET      SAYS     LEFT           SINCE   WHO  WHY
region fra  drained  1h 59m         1m ago  ann  CHG-1
region fra  drained  until cleared  1m ago  ann  CHG-1
";
        assert_eq!(text, expected);
    }
}
