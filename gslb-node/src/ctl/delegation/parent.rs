//! The servers of the parent zone, and what they say of the child.

use super::ask::{ask, refusal};
use super::judge::ParentView;
use hickory_proto::rr::{Name, RData, Record, RecordType};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

/// Most servers of the parent that are asked.
const SERVERS_MAX: usize = 8;
/// The type number of DS records (RFC 4034 5).
const DS: u16 = 43;

/// The addresses of the servers of the zone above `zone`, through the system's resolver.
pub(super) async fn find(zone: &Name) -> Result<(Name, Vec<SocketAddr>), String> {
    let resolver = resolver()?;
    let mut above = zone.base_name();
    loop {
        let answer = ask(resolver, &above, RecordType::NS, true)
            .await
            .map_err(|error| format!("the resolver {resolver}: {error}; give --parent ADDRESS"))?;
        let hosts: BTreeSet<Name> = answer.answers.iter().filter_map(ns_host).collect();
        if !hosts.is_empty() {
            let mut servers = Vec::new();
            for host in hosts.iter().take(SERVERS_MAX) {
                servers.extend(addresses(resolver, host).await.into_iter().next());
            }
            if servers.is_empty() {
                return Err(format!(
                    "the servers of {above} have no addresses; give --parent ADDRESS"
                ));
            }
            return Ok((above, servers));
        }
        if above.is_root() {
            return Err(format!("the parent of {zone} was not found; give --parent ADDRESS"));
        }
        above = above.base_name();
    }
}

/// The first resolver of the system.
fn resolver() -> Result<SocketAddr, String> {
    let path = "/etc/resolv.conf";
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("{path} cannot be read: {error}; give --parent ADDRESS"))?;
    let mut lines = text.lines().filter_map(|line| line.trim().strip_prefix("nameserver"));
    lines
        .find_map(|rest| rest.trim().parse::<IpAddr>().ok())
        .map(|address| SocketAddr::new(address, 53))
        .ok_or_else(|| format!("{path} names no resolver; give --parent ADDRESS"))
}

async fn addresses(resolver: SocketAddr, host: &Name) -> Vec<SocketAddr> {
    let mut found = Vec::new();
    for rtype in [RecordType::A, RecordType::AAAA] {
        if let Ok(answer) = ask(resolver, host, rtype, true).await {
            found.extend(answer.answers.iter().filter_map(address));
        }
    }
    found.into_iter().map(|ip| SocketAddr::new(ip, 53)).collect()
}

/// What one server of the parent says of the child.
pub(super) async fn view(server: SocketAddr, zone: &Name) -> Result<ParentView, String> {
    let answer = ask(server, zone, RecordType::NS, false).await?;
    if let Some(refusal) = refusal(&answer) {
        return Err(format!("it answers {refusal} for {zone}"));
    }
    // A referral, or the answer of a server that also has the child.
    let both = || answer.authorities.iter().chain(&answer.answers);
    let ns = both().filter(|r| r.name == *zone).filter_map(ns_host).collect();
    let mut glue: BTreeMap<Name, BTreeSet<IpAddr>> = BTreeMap::new();
    for record in &answer.additionals {
        if let Some(ip) = address(record) {
            glue.entry(record.name.to_lowercase()).or_default().insert(ip);
        }
    }
    let ds = ask(server, zone, RecordType::DS, false).await?;
    let key_tags = ds.answers.iter().filter_map(key_tag).collect();
    let has_child = answer.metadata.authoritative;
    Ok(ParentView { ns, glue, ds: key_tags, has_child })
}

/// The host of an NS record.
pub(super) fn ns_host(record: &Record) -> Option<Name> {
    match &record.data {
        RData::NS(ns) => Some(ns.0.to_lowercase()),
        _ => None,
    }
}

/// The address of an A or AAAA record.
pub(super) fn address(record: &Record) -> Option<IpAddr> {
    match &record.data {
        RData::A(a) => Some(IpAddr::V4(a.0)),
        RData::AAAA(aaaa) => Some(IpAddr::V6(aaaa.0)),
        _ => None,
    }
}

/// The key tag of a DS record: its first two bytes (RFC 4034 5.1).
fn key_tag(record: &Record) -> Option<u16> {
    if u16::from(record.record_type()) != DS {
        return None;
    }
    let RData::Unknown { rdata, .. } = &record.data else { return Some(0) };
    let tag = rdata.anything.first_chunk::<2>()?;
    Some(u16::from_be_bytes(*tag))
}
