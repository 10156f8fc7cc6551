//! Gathers the evidence, and prints the findings.

use super::ask::{ask, refusal};
use super::judge::{ChildView, Evidence, Finding, Level, judge};
use super::parent::{self, ns_host};
use crate::control::shape::{ReadParams, StatusReply};
use crate::ctl::args::CheckDelegation;
use crate::ctl::client::Client;
use crate::ctl::error::CtlError;
use crate::ctl::output::{Output, Tone};
use crate::ctl::table::{Cell, Table};
use futures::future::join_all;
use gslb_consensus::model::record::rtype;
use gslb_consensus::model::zone::write::presentation;
use gslb_consensus::model::{DnsName, Zone, document};
use hickory_proto::rr::{Name, RData, RecordType};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

/// What is printed for programs.
#[derive(Serialize)]
struct Report {
    zone: String,
    verdict: Level,
    findings: Vec<Finding>,
}

/// `gslbctl zone check-delegation`.
pub(in crate::ctl) async fn check(
    client: &Client,
    args: CheckDelegation,
    output: Output,
) -> Result<(), CtlError> {
    let usage = |error: &dyn std::fmt::Display| CtlError::Usage(format!("{}: {error}", args.zone));
    let apex: DnsName = args.zone.parse().map_err(|error| usage(&error))?;
    let zone = Name::from_ascii(apex.to_string()).map_err(|error| usage(&error))?;
    let text = client.get_text("/v1/config", &ReadParams::default()).await?;
    let config =
        document::read(&text, None, &|_| Err("no files".to_owned())).map_err(|faults| {
            CtlError::Answer(format!("the configuration cannot be read: {faults}"))
        })?;
    let Some(declared) = config.zones.get(&apex) else {
        let zones = config.zones.keys().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        return Err(CtlError::Usage(format!("the nodes have no zone {apex}; they have: {zones}")));
    };
    let status: StatusReply = client.get("/v1/status", &()).await?;
    let evidence = gather(&zone, declared, &status, &args).await;
    let findings = judge(&zone, &evidence);
    let verdict = findings.iter().map(|finding| finding.level).max().unwrap_or(Level::Ok);
    let report = Report { zone: zone.to_string(), verdict, findings };
    output.show(&report, |o| tell(&report, o))?;
    if verdict == Level::Fault { Err(CtlError::Told) } else { Ok(()) }
}

async fn gather(
    zone: &Name,
    declared: &Zone,
    status: &StatusReply,
    args: &CheckDelegation,
) -> Evidence {
    let mut evidence = Evidence { declared: declared_servers(declared), ..Evidence::default() };
    let mut parents = args.parent.clone();
    if parents.is_empty() {
        match parent::find(zone).await {
            Ok((_, found)) => parents = found,
            Err(error) => {
                evidence.parents.insert("its servers".to_owned(), Err(error));
            }
        }
    }
    let views = join_all(
        parents.iter().map(async |server| (server.to_string(), parent::view(*server, zone).await)),
    );
    evidence.parents.extend(views.await);
    // Where a resolver would go: by the parent's glue, else by the zone's own addresses.
    let mut servers: BTreeSet<IpAddr> = evidence
        .parents
        .values()
        .flatten()
        .flat_map(|view| view.glue.values().flatten().copied())
        .collect();
    servers.extend(evidence.declared.values().flatten().copied());
    let servers = servers.into_iter().map(|ip| SocketAddr::new(ip, args.port));
    let views = join_all(servers.map(async |server| (server, child(server, zone).await)));
    evidence.servers = views.await.into_iter().collect();
    for node in status.nodes.iter().filter(|node| node.heard) {
        let addresses = node.report.iter().flat_map(|report| report.dns.iter().copied());
        let host = node.node.api.rsplit_once(':').and_then(|(host, _)| {
            host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok()
        });
        let reachable = addresses.filter_map(|a| reachable(a, host)).collect::<BTreeSet<_>>();
        let views = join_all(reachable.into_iter().map(async |a| (a, child(a, zone).await))).await;
        evidence
            .nodes
            .insert(node.node.name.clone(), views.into_iter().collect::<BTreeMap<_, _>>());
    }
    evidence
}

/// The address to ask a node at: one that stands for all is replaced by that of its API.
fn reachable(listens: SocketAddr, api: Option<IpAddr>) -> Option<SocketAddr> {
    if !listens.ip().is_unspecified() {
        return Some(listens);
    }
    let same_family = api.filter(|ip| ip.is_ipv4() == listens.is_ipv4())?;
    Some(SocketAddr::new(same_family, listens.port()))
}

/// The hosts of the apex NS records, with the addresses that the zone itself declares for them.
fn declared_servers(zone: &Zone) -> BTreeMap<Name, BTreeSet<IpAddr>> {
    let hosts = zone.rrset(&zone.name, rtype::NS).map(|record| presentation(record).1);
    let with_addresses = |text: String| {
        let name = Name::from_ascii(&text).ok()?.to_lowercase();
        let owner: DnsName = text.parse().ok()?;
        let own = [rtype::A, rtype::AAAA].into_iter().flat_map(|t| zone.rrset(&owner, t));
        let addresses = own.filter_map(|record| presentation(record).1.parse().ok()).collect();
        Some((name, addresses))
    };
    hosts.filter_map(with_addresses).collect()
}

/// What one server answers for the zone.
async fn child(server: SocketAddr, zone: &Name) -> ChildView {
    let mut view = ChildView { serial: None, ns: BTreeSet::new(), error: None };
    match ask(server, zone, RecordType::SOA, false).await {
        Ok(answer) => match refusal(&answer) {
            Some(refusal) => view.error = Some(format!("answers {refusal}")),
            None if answer.metadata.authoritative => {
                view.serial = answer.answers.iter().find_map(|record| match &record.data {
                    RData::SOA(soa) => Some(soa.serial),
                    _ => None,
                });
            }
            None => {}
        },
        Err(error) => view.error = Some(error),
    }
    if view.serial.is_some()
        && let Ok(answer) = ask(server, zone, RecordType::NS, false).await
    {
        view.ns = answer.answers.iter().filter_map(ns_host).collect();
    }
    view
}

fn tell(report: &Report, output: Output) {
    let mut table = Table::new(&["", "ABOUT", "FOUND"]);
    for finding in &report.findings {
        let level = match finding.level {
            Level::Ok => Cell::new(Tone::Good, "ok"),
            Level::Warn => Cell::new(Tone::Warn, "warn"),
            Level::Fault => Cell::new(Tone::Bad, "fault"),
        };
        table.row([level, finding.what.into(), finding.found.as_str().into()]);
        if !finding.advice.is_empty() {
            table.row([
                "".into(),
                "".into(),
                Cell::new(Tone::Faint, format!("-> {}", finding.advice)),
            ]);
        }
    }
    output.table(&table);
    let verdict = match report.verdict {
        Level::Ok => output.tone(Tone::Good, "the delegation is right"),
        Level::Warn => output.tone(Tone::Warn, "the delegation works; see the warnings"),
        Level::Fault => output.tone(Tone::Bad, "the delegation is broken; see the faults"),
    };
    output.line(&format!("{}: {verdict}", report.zone));
}
