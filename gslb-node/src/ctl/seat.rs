//! What is wanted of a node: whether it votes, leads, or makes place for another.

use super::client::Client;
use super::error::CtlError;
use super::node_args::OnOrOff;
use super::output::Output;
use crate::control::shape::{Applied, AutopilotRequest, SeatRequest};

/// `gslbctl node promote` and `demote`.
pub(super) async fn set_standby(
    client: &Client,
    (node, reason): (&str, String),
    standby: bool,
    output: Output,
) -> Result<(), CtlError> {
    let ask = SeatRequest { standby: Some(standby), reason, ..SeatRequest::default() };
    let next = match standby {
        true => "It goes on following and answering; gslbctl node promote gives the vote back.",
        false => "It votes once it has caught up and is stable: see gslbctl node list.",
    };
    send(client, node, &ask, next, output).await
}

/// `gslbctl node replace`.
pub(super) async fn replace(
    client: &Client,
    (node, by): (&str, String),
    reason: String,
    output: Output,
) -> Result<(), CtlError> {
    let next = format!(
        "Once {by} has caught up it takes the vote, and {node} is removed: see gslbctl node list. \
         Then stop {node}, and put the addresses of {by} into the zone's NS records and glue."
    );
    let ask = SeatRequest { replaced_by: Some(by), reason, ..SeatRequest::default() };
    send(client, node, &ask, &next, output).await
}

/// `gslbctl node drain`.
pub(super) async fn drain(
    client: &Client,
    (node, clear): (&str, bool),
    reason: String,
    output: Output,
) -> Result<(), CtlError> {
    let ask = SeatRequest { drained: Some(!clear), reason, ..SeatRequest::default() };
    let next = match clear {
        true => "It may lead again, and says that it is ready.",
        false => "It does not lead, and /readyz says so; it answers what is still asked of it.",
    };
    send(client, node, &ask, next, output).await
}

/// `gslbctl node autopilot`.
pub(super) async fn autopilot(
    client: &Client,
    to: OnOrOff,
    (dead_after, reason): (Option<String>, String),
    output: Output,
) -> Result<(), CtlError> {
    let ask = AutopilotRequest { on: to == OnOrOff::On, dead_after, reason };
    let applied: Applied = client.post("/v1/autopilot", &ask).await?;
    output.show(&applied, |o| {
        o.line(&format!("{}: agreed at revision {}", applied.change, applied.revision));
    })
}

async fn send(
    client: &Client,
    node: &str,
    ask: &SeatRequest,
    next: &str,
    output: Output,
) -> Result<(), CtlError> {
    let applied: Applied = client.post(&format!("/v1/nodes/{node}/seat"), ask).await?;
    output.show(&applied, |o| {
        o.line(&format!("{}: agreed at revision {}", applied.change, applied.revision));
        o.line(next);
    })
}
