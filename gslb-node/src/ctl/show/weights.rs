//! `gslbctl weights`.

use super::label::label;
use crate::control::shape::{ReadParams, WeightsReply};
use crate::ctl::age::ago;
use crate::ctl::client::Client;
use crate::ctl::error::CtlError;
use crate::ctl::output::{Output, Tone};
use crate::ctl::table::Table;

/// Prints the weights that were set at run time.
pub(in crate::ctl) async fn weights(
    client: &Client,
    ask: ReadParams,
    output: Output,
) -> Result<(), CtlError> {
    let reply: WeightsReply = client.get("/v1/weights", &ask).await?;
    output.show(&reply, |o| {
        if reply.weights.is_empty() {
            o.line("no weight is set at run time: what the file declares counts");
        } else {
            o.table(&table(&reply));
        }
        o.line(&o.tone(Tone::Faint, &label(reply.revision, &reply.read)));
    })
}

fn table(reply: &WeightsReply) -> Table {
    let mut table = Table::new(&["REGION", "POOL", "WEIGHT", "FILE", "SET AT", "SINCE", "WHO"]);
    for line in &reply.weights {
        table.row([
            line.region.as_str().into(),
            line.pool.as_deref().unwrap_or("all").into(),
            u64::from(line.runtime.weight).into(),
            u64::from(line.declared).into(),
            line.runtime.changed.into(),
            ago(line.runtime.at_ms, reply.now_ms).into(),
            line.runtime.actor.as_str().into(),
        ]);
    }
    table
}
