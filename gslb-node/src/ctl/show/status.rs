//! `gslbctl status`.

use super::label::label;
use super::overrides::{ends, word};
use crate::control::shape::{NodeStatus, ReadParams, RegionPool, RegionStatus, StatusReply};
use crate::ctl::age::span;
use crate::ctl::client::Client;
use crate::ctl::error::CtlError;
use crate::ctl::output::{Output, Tone};
use crate::ctl::table::{Cell, Table};

/// Prints the nodes, the regions, and what needs a look.
pub(in crate::ctl) async fn status(
    client: &Client,
    ask: ReadParams,
    output: Output,
) -> Result<(), CtlError> {
    let reply: StatusReply = client.get("/v1/status", &ask).await?;
    output.show(&reply, |o| {
        o.line(&o.tone(Tone::Strong, &headline(&reply)));
        o.line("");
        o.table(&nodes(&reply.nodes));
        if !reply.regions.is_empty() {
            o.line("");
            o.table(&regions(&reply.regions, reply.now_ms));
        }
        let endpoints: Vec<_> =
            reply.overrides.iter().filter(|of| of.scope == "endpoint").collect();
        if !endpoints.is_empty() || !reply.warnings.is_empty() {
            o.line("");
        }
        for of in endpoints {
            let (what, ends) = (word(of.kind), ends(of, reply.now_ms));
            o.line(&format!("{} {what} by {} ({ends}): {}", of.target, of.owner, of.reason));
        }
        for warning in &reply.warnings {
            o.line(&o.tone(Tone::Warn, &format!("! {warning}")));
        }
        o.line(&o.tone(Tone::Faint, &label(reply.revision, &reply.read)));
    })
}

fn headline(reply: &StatusReply) -> String {
    let name = |id: u64| {
        let node = reply.nodes.iter().find(|n| n.node.id == id);
        node.map_or_else(|| format!("node {id}"), |n| n.node.name.clone())
    };
    let leader = reply.leader.map_or_else(|| "none".to_owned(), name);
    format!(
        "cluster {}  generation {}  revision {}  configuration {}  leader {leader}  asked {}",
        reply.cluster,
        reply.generation,
        reply.revision,
        reply.config,
        name(reply.asked)
    )
}

fn nodes(nodes: &[NodeStatus]) -> Table {
    let mut table =
        Table::new(&["NODE", "ROLE", "AGREED", "SERVES", "PLACES", "ANSWERS/MIN", "RUNS", "HEARD"]);
    for status in nodes {
        let name: Cell = status.node.name.as_str().into();
        let heard = match (status.heard, status.heard_ms_ago) {
            (true, _) => Cell::new(Tone::Good, "now"),
            (false, Some(ms)) => Cell::new(Tone::Bad, format!("not for {}", span(ms))),
            (false, None) => Cell::new(Tone::Bad, "never"),
        };
        let Some(report) = &status.report else {
            let dash = || Cell::from("-");
            table.row([name, dash(), dash(), dash(), dash(), dash(), dash(), heard]);
            continue;
        };
        let behind = report.served < report.revision;
        let id: String = report.places.id.chars().take(8).collect();
        // A label goes into detail behind a colon.
        let label = report.places.label.split(':').next().unwrap_or_default();
        let answers: u64 = report.answers.values().map(|a| a.last_minute).sum();
        table.row([
            name,
            report.role.as_str().into(),
            report.revision.into(),
            Cell::new(if behind { Tone::Warn } else { Tone::Plain }, report.served.to_string()),
            format!("{label} [{id}]").into(),
            answers.into(),
            span(report.uptime_ms).into(),
            heard,
        ]);
    }
    table
}

fn regions(regions: &[RegionStatus], now_ms: u64) -> Table {
    let mut table =
        Table::new(&["REGION", "STATE", "WEIGHT", "UP", "ANSWERS/MIN", "SHARE", "OVERRIDE"]);
    for region in regions {
        let tone = match region.state.as_str() {
            "up" => Tone::Good,
            "down" => Tone::Bad,
            _ => Tone::Warn,
        };
        let overridden = region.overridden.as_ref().map_or_else(String::new, |of| {
            let (what, ends) = (word(of.kind), ends(of, now_ms));
            format!("{what} by {} ({ends}): {}", of.owner, of.reason)
        });
        let share = region.share_percent.map_or_else(|| "-".to_owned(), |p| format!("{p:.1} %"));
        table.row([
            region.id.as_str().into(),
            Cell::new(tone, region.state.clone()),
            weight(region).into(),
            region.pools.iter().map(up).collect::<Vec<_>>().join(", ").into(),
            region.answers_last_minute.into(),
            share.into(),
            Cell::new(Tone::Warn, overridden),
        ]);
    }
    table
}

/// The weight that counts, and what it stands over.
fn weight(region: &RegionStatus) -> String {
    let mut text = region.weight.to_string();
    if region.runtime.is_some() {
        text.push_str(&format!(" (file {})", region.declared));
    }
    for pool in region.pools.iter().filter(|pool| pool.runtime.is_some()) {
        text.push_str(&format!(", {} in {}", pool.weight, pool.pool));
    }
    text
}

fn up(pool: &RegionPool) -> String {
    format!("{} {}/{}", pool.pool, pool.up, pool.of)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::shape::{
        CertificateReport, NodeLine, NodeReport, OverrideLine, OverrideWord, PlaceEdition,
        RuntimeWeightLine, SeatLine,
    };
    use gslb_consensus::state::Generation;
    use std::collections::BTreeMap;

    fn report() -> NodeReport {
        NodeReport {
            id: 1,
            name: "n1".into(),
            version: "0.1.0".into(),
            role: "leader".into(),
            leader: Some(1),
            term: 3,
            quorum_age_ms: Some(1),
            halted: None,
            is_stranger: false,
            space: gslb_consensus::raft::Space::default(),
            disk: gslb_consensus::raft::DiskPace::default(),
            ways: BTreeMap::new(),
            backup_failed: None,
            certificate: CertificateReport::default(),
            clocks_apart_s: BTreeMap::new(),
            reads_generation: Generation::NEWEST,
            revision: "1.42".parse().unwrap(),
            served: "1.42".parse().unwrap(),
            places: PlaceEdition {
                label: "built-in, coarse: countries".into(),
                id: "0123456789".into(),
                built_s: 0,
                coarse: true,
            },
            uptime_ms: 61_000,
            answers: BTreeMap::new(),
            dns: Vec::new(),
            feed: None,
        }
    }

    fn line(id: u64, name: &str) -> NodeLine {
        let (raft, api) = ("h:1".into(), "h:2".into());
        let (name, member, seat) = (name.into(), "voter".into(), SeatLine::default());
        let (leads, certificate_ends_s) = (id == 1, None);
        NodeLine { id, name, raft, api, member, leads, seat, certificate_ends_s }
    }

    #[test]
    fn a_silent_node_is_shown_as_such() {
        let heard = NodeStatus {
            node: line(1, "n1"),
            heard: true,
            heard_ms_ago: Some(0),
            report: Some(report()),
        };
        let gone = NodeStatus {
            node: line(2, "n2"),
            heard: false,
            heard_ms_ago: Some(12_000),
            report: Some(report()),
        };
        let never =
            NodeStatus { node: line(3, "n3"), heard: false, heard_ms_ago: None, report: None };
        let expected = "\
NODE  ROLE    AGREED  SERVES  PLACES                       ANSWERS/MIN  RUNS   HEARD
n1    leader  1.42    1.42    built-in, coarse [01234567]  0            1m 1s  now
n2    leader  1.42    1.42    built-in, coarse [01234567]  0            1m 1s  not for 12s
n3    -       -       -       -                            -            -      never
";
        assert_eq!(nodes(&[heard, gone, never]).render(false), expected);
    }

    #[test]
    fn a_region_shows_both_weights_and_its_override() {
        let runtime = RuntimeWeightLine {
            weight: 20,
            actor: "ann".into(),
            at_ms: 0,
            changed: "1.40".parse().unwrap(),
        };
        let region = RegionStatus {
            id: "fra".into(),
            state: "up".into(),
            weight: 20,
            declared: 100,
            runtime: Some(runtime.clone()),
            overridden: Some(OverrideLine {
                scope: "region".into(),
                target: "fra".into(),
                kind: OverrideWord::Drain,
                reason: "CHG-1".into(),
                owner: "ann".into(),
                since_ms: 0,
                expires_ms: Some(60_000),
                changed: "1.41".parse().unwrap(),
            }),
            pools: vec![RegionPool {
                pool: "web".into(),
                weight: 5,
                runtime: Some(runtime),
                up: 0,
                of: 2,
                min_healthy: 1,
                is_up: false,
            }],
            answers_last_minute: 120,
            share_percent: Some(33.3),
        };
        let expected = "\
REGION  STATE  WEIGHT                   UP       ANSWERS/MIN  SHARE   OVERRIDE
fra     up     20 (file 100), 5 in web  web 0/2  120          33.3 %  drained by ann (1m left): CHG-1
";
        assert_eq!(regions(&[region], 0).render(false), expected);
    }
}
