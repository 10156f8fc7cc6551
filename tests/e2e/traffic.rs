//! Traffic files for the cases.

use std::fmt::Write as _;
use std::net::SocketAddr;

/// The zone.
const ZONE: &str = r#"
[[zones]]
name = "shop.example."
records = """
@ 300 SOA ns1 host 1 7200 900 86400 60
@ 300 NS ns1
ns1 300 A 192.0.2.53
www-static 300 A 192.0.2.80
"""
"#;

/// A region of a case.
pub(crate) struct Region {
    /// Its id.
    pub(crate) id: &'static str,
    /// Latitude and longitude.
    pub(crate) at: (f64, f64),
    /// Its declared weight.
    pub(crate) weight: u16,
    /// The last byte of its address, 198.51.100.N, and of its IPv6 address.
    pub(crate) address: u8,
}

/// Frankfurt, Ashburn and Singapore.
pub(crate) const REGIONS: [Region; 3] = [
    Region { id: "fra", at: (50.11, 8.68), weight: 60, address: 1 },
    Region { id: "iad", at: (39.04, -77.49), weight: 30, address: 2 },
    Region { id: "sin", at: (1.29, 103.85), weight: 10, address: 3 },
];

impl Region {
    /// The IPv4 address that its endpoint gives out.
    pub(crate) fn v4(&self) -> String {
        format!("198.51.100.{}", self.address)
    }

    /// The IPv6 address that its endpoint gives out.
    pub(crate) fn v6(&self) -> String {
        format!("2001:db8::{}", self.address)
    }
}

/// The whole file: the zone, the regions, a pool `web` over all of them, policies, and a name for each policy.
///
/// `probes` are the addresses that stand for the regions' endpoints, in order; none: no monitor.
pub(crate) fn file(probes: &[SocketAddr]) -> String {
    with_zone(ZONE, probes)
}

/// The same over another zone table.
pub(crate) fn with_zone(zone: &str, probes: &[SocketAddr]) -> String {
    let mut text = zone.to_owned();
    for region in &REGIONS {
        let (id, (lat, lon), weight) = (region.id, region.at, region.weight);
        let location = format!("{{ lat = {lat:?}, lon = {lon:?} }}");
        let _ =
            write!(text, "\n[[regions]]\nid = {id:?}\nlocation = {location}\nweight = {weight}\n");
    }
    if !probes.is_empty() {
        text.push_str(MONITOR);
    }
    text.push_str("\n[[pools]]\nid = \"web\"\n");
    if !probes.is_empty() {
        text.push_str("monitor = \"http\"\n");
    }
    for (index, region) in REGIONS.iter().enumerate() {
        for (family, address) in [("4", region.v4()), ("6", region.v6())] {
            let id = region.id;
            let _ = write!(
                text,
                "\n[[pools.endpoints]]\nid = \"web-{id}-{family}\"\nregion = {id:?}\naddress = {address:?}\n"
            );
            if let Some(probe) = probes.get(index) {
                let _ = writeln!(text, "probe = \"{probe}\"");
            }
        }
    }
    text.push_str(POLICIES);
    text
}

/// Probes that notice soon.
const MONITOR: &str = r#"
[[monitors]]
id = "http"
kind = "http"
path = "/health"
interval = "400ms"
recheck = "150ms"
timeout = "2s"
fall = 2
rise = 2
"#;

const POLICIES: &str = r#"
[[policies]]
id = "first-fra"

[[policies.filters]]
kind = "failover"
order = ["fra", "iad", "sin"]

[[policies]]
id = "nearest"

[[policies.filters]]
kind = "proximity"

[[policies]]
id = "shares"

[[policies.filters]]
kind = "weighted"

[[names]]
name = "www.shop.example."
pool = "web"
policy = "first-fra"

[[names]]
name = "near.shop.example."
pool = "web"
policy = "nearest"

[[names]]
name = "shares.shop.example."
pool = "web"
policy = "shares"
ttl = 10
"#;
