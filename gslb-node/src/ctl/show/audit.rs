//! `gslbctl audit`.

use crate::control::shape::AuditReply;
use crate::ctl::age::utc;
use crate::ctl::client::Client;
use crate::ctl::error::CtlError;
use crate::ctl::output::Output;
use crate::ctl::table::Table;

/// Prints the newest changes, oldest of them first.
pub(in crate::ctl) async fn audit(
    client: &Client,
    last: usize,
    output: Output,
) -> Result<(), CtlError> {
    let mut reply: AuditReply = client.get("/v1/audit", &()).await?;
    let older = reply.entries.len().saturating_sub(last);
    reply.entries.drain(..older);
    output.show(&reply, |o| {
        let mut table = Table::new(&["WHEN", "REVISION", "WHO", "WHAT", "WHY"]);
        for entry in &reply.entries {
            table.row([
                utc(entry.at_ms).into(),
                entry.revision.into(),
                entry.actor.as_str().into(),
                entry.change.as_str().into(),
                entry.reason.as_str().into(),
            ]);
        }
        if table.is_empty() {
            o.line("nothing was changed yet");
        }
        o.table(&table);
    })
}
