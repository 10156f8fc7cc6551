//! `gslbctl audit`.

use crate::control::shape::{AuditLine, AuditParams, AuditReply, AuditVerdict};
use crate::ctl::access_args::AuditArgs;
use crate::ctl::age::utc;
use crate::ctl::client::Client;
use crate::ctl::context::Context;
use crate::ctl::error::CtlError;
use crate::ctl::output::{Output, Tone};
use crate::ctl::table::{Cell, Table};
use std::time::Duration;

/// Longest text of before and after in the table, in characters; `--json` has all of it.
const TEXT_MAX: usize = 40;

/// A node that checks years of records may take a while.
const VERIFY_WITHIN: Duration = Duration::from_secs(120);

/// Prints the newest changes, oldest of them first.
pub(in crate::ctl) async fn audit(
    client: &Client,
    args: AuditArgs,
    output: Output,
) -> Result<(), CtlError> {
    let params = AuditParams { since: args.since, limit: Some(args.limit) };
    let reply: AuditReply = client.get("/v1/audit", &params).await?;
    output.show(&reply, |o| {
        let table = table(&reply.entries);
        if table.is_empty() {
            o.line("nothing was changed in that time");
        }
        o.table(&table);
    })
}

fn table(entries: &[AuditLine]) -> Table {
    let headings = ["WHEN", "REVISION", "WHO", "BY", "FROM", "WHAT", "BEFORE", "AFTER", "WHY"];
    let mut table = Table::new(&headings);
    for entry in entries {
        table.row([
            utc(entry.at_ms).into(),
            entry.revision.into(),
            entry.actor.as_str().into(),
            entry.proof.as_str().into(),
            entry.from.as_str().into(),
            entry.change.as_str().into(),
            short(&entry.before).into(),
            short(&entry.after).into(),
            entry.reason.as_str().into(),
        ]);
    }
    table
}

/// A text that fits into a table.
fn short(text: &str) -> String {
    if text.chars().count() <= TEXT_MAX {
        return text.to_owned();
    }
    let kept: String = text.chars().take(TEXT_MAX - 3).collect();
    format!("{kept}...")
}

/// Has every node of the context check its trail.
pub(in crate::ctl) async fn verify(context: &Context, output: Output) -> Result<(), CtlError> {
    let mut verdicts: Vec<AuditVerdict> = Vec::new();
    let mut silent: Vec<CtlError> = Vec::new();
    for server in context.servers() {
        let client = Client::new(&context.only(server))?;
        match client.get_within("/v1/audit/verify", &(), VERIFY_WITHIN).await {
            Ok(verdict) => verdicts.push(verdict),
            Err(error) => silent.push(error),
        }
    }
    // What none can answer, such as a role that is missing, is said as it is.
    if verdicts.is_empty()
        && let Some(error) = silent.pop()
    {
        return Err(error);
    }
    let broken = verdicts.iter().any(|verdict| verdict.verdict.broken.is_some());
    output.show(&verdicts, |o| {
        o.table(&verdict_table(&verdicts));
        for verdict in &verdicts {
            if let Some(broken) = &verdict.verdict.broken {
                let (node, number) = (&verdict.node, broken.number);
                let what = format!("{node}: record {number} in {}: {}", broken.place, broken.why);
                o.line(&o.tone(Tone::Bad, &what));
            }
        }
        silent.iter().for_each(|error| o.line(&o.tone(Tone::Bad, &error.to_string())));
    })?;
    if broken || !silent.is_empty() { Err(CtlError::Told) } else { Ok(()) }
}

fn verdict_table(verdicts: &[AuditVerdict]) -> Table {
    let mut table = Table::new(&["NODE", "RECORDS", "FROM", "TO", "FILES", "HEAD", "VERDICT"]);
    for AuditVerdict { node, verdict, .. } in verdicts {
        let holds = match &verdict.broken {
            None => Cell::new(Tone::Good, "every link holds"),
            Some(broken) => Cell::new(Tone::Bad, format!("broken at {}", broken.number)),
        };
        table.row([
            node.as_str().into(),
            verdict.records.into(),
            verdict.first.into(),
            verdict.last.into(),
            verdict.files.into(),
            verdict.head.chars().take(16).collect::<String>().into(),
            holds,
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_one_line_and_long_texts_are_cut() {
        let line = AuditLine {
            number: 7,
            revision: "1.42".parse().unwrap(),
            at_ms: 0,
            actor: "ann".into(),
            role: "operator".into(),
            proof: "token".into(),
            from: "192.0.2.9".into(),
            change: "set-weight fra 20".into(),
            reason: "CHG-1".into(),
            before: "x".repeat(41),
            after: "weight 20".into(),
            hash: String::new(),
        };
        let cut = format!("{}...", "x".repeat(37));
        let text = table(&[line]).render(false);
        let row = text.lines().nth(1).unwrap();
        let expected = format!(
            "1970-01-01 00:00:00Z  1.42      ann  token  192.0.2.9  set-weight fra 20  {cut}  weight 20  CHG-1"
        );
        assert_eq!(row, expected);
    }
}
