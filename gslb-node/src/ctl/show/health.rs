//! `gslbctl health`.

use super::label::label;
use crate::control::shape::{EndpointHealth, HealthReply, ReadParams};
use crate::ctl::age::ago;
use crate::ctl::client::Client;
use crate::ctl::error::CtlError;
use crate::ctl::output::{Output, Tone};
use crate::ctl::table::{Cell, Table};

/// Prints every endpoint as each node sees it, then why those are down that are.
pub(in crate::ctl) async fn health(
    client: &Client,
    ask: ReadParams,
    output: Output,
) -> Result<(), CtlError> {
    let reply: HealthReply = client.get("/v1/health", &ask).await?;
    output.show(&reply, |o| {
        if reply.endpoints.is_empty() {
            o.line("no endpoints are declared: gslbctl apply -f traffic.toml");
        }
        o.table(&matrix(&reply));
        let reasons = reasons(&reply);
        if !reasons.is_empty() {
            o.line("");
        }
        o.table(&reasons);
        o.line(&o.tone(Tone::Faint, &label(reply.revision, &reply.read)));
    })
}

fn matrix(reply: &HealthReply) -> Table {
    let name = |name: &str, live: bool| if live { name.to_owned() } else { format!("({name})") };
    let vantages: Vec<String> = reply.vantages.iter().map(|v| name(&v.name, v.live)).collect();
    let mut headings = vec!["ENDPOINT", "POOL", "REGION", "TARGET", "STATE", "WHY", "SINCE"];
    headings.extend(vantages.iter().map(String::as_str));
    let mut table = Table::new(&headings);
    for endpoint in &reply.endpoints {
        // What an operator says counts since it was said; that of the endpoint before that of its region.
        let by = |scope: &str, id: &str| {
            reply.overrides.iter().find(|of| of.scope == scope && of.target == id)
        };
        let said = by("endpoint", &endpoint.id).or_else(|| by("region", &endpoint.region));
        let since = said.map(|of| of.since_ms).or(endpoint.since_ms);
        let since = since.map_or_else(|| "-".to_owned(), |at| ago(at, reply.now_ms));
        let mut row: Vec<Cell> = vec![
            endpoint.id.as_str().into(),
            endpoint.pool.as_str().into(),
            endpoint.region.as_str().into(),
            endpoint.target.as_str().into(),
            state(endpoint),
            endpoint.why.as_str().into(),
            since.into(),
        ];
        for vantage in &reply.vantages {
            let vote = endpoint.votes.iter().find(|vote| vote.node == vantage.node);
            row.push(match vote {
                Some(vote) if vote.up => Cell::new(Tone::Good, "up"),
                Some(_) => Cell::new(Tone::Bad, "down"),
                None => Cell::new(Tone::Faint, "-"),
            });
        }
        table.row(row);
    }
    table
}

fn state(endpoint: &EndpointHealth) -> Cell {
    let tone = match endpoint.state.as_str() {
        "up" => Tone::Good,
        "down" => Tone::Bad,
        _ => Tone::Warn,
    };
    Cell::new(tone, endpoint.state.clone())
}

/// Why each vantage calls an endpoint down.
fn reasons(reply: &HealthReply) -> Table {
    let mut table = Table::new(&["DOWN", "SEEN BY", "SINCE", "LAST PROBE"]);
    for endpoint in &reply.endpoints {
        for vote in endpoint.votes.iter().filter(|vote| !vote.up) {
            let node = reply.vantages.iter().find(|v| v.node == vote.node);
            table.row([
                endpoint.id.as_str().into(),
                node.map_or_else(|| format!("node {}", vote.node), |v| v.name.clone()).into(),
                ago(vote.since_ms, reply.now_ms).into(),
                vote.reason.as_str().into(),
            ]);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::shape::{Consistency, ReadLabel, VantageLine, VoteLine};

    fn reply() -> HealthReply {
        let vote =
            |node, up, reason: &str| VoteLine { node, up, since_ms: 1_000, reason: reason.into() };
        HealthReply {
            revision: "1.42".parse().unwrap(),
            read: ReadLabel { consistency: Consistency::Local, age_ms: Some(90) },
            time_ms: 61_000,
            now_ms: 61_000,
            vantages: vec![
                VantageLine { node: 1, name: "n1".into(), live: true },
                VantageLine { node: 2, name: "n2".into(), live: false },
            ],
            endpoints: vec![EndpointHealth {
                id: "web-fra-1".into(),
                pool: "web".into(),
                region: "fra".into(),
                target: "10.0.0.1".into(),
                state: "down".into(),
                why: "by probes".into(),
                agreed_up: Some(false),
                since_ms: Some(1_000),
                votes: vec![vote(1, false, "connection refused")],
            }],
            overrides: Vec::new(),
        }
    }

    #[test]
    fn the_matrix_has_a_column_for_each_vantage_and_reasons_below() {
        let expected = "\
ENDPOINT   POOL  REGION  TARGET    STATE  WHY        SINCE   n1    (n2)
web-fra-1  web   fra     10.0.0.1  down   by probes  1m ago  down  -
";
        assert_eq!(matrix(&reply()).render(false), expected);
        let expected = "\
DOWN       SEEN BY  SINCE   LAST PROBE
web-fra-1  n1       1m ago  connection refused
";
        assert_eq!(reasons(&reply()).render(false), expected);
    }
}
