//! The traffic file and zones that the nodes serve.

use std::fmt::Write as _;
use std::net::SocketAddr;

/// The zone that is asked for.
pub(crate) const ZONE: &str = "load.example.";
/// Names of each steered kind: `near-N`, `fair-N`, `first-N`, and `flip-N` where endpoints are
/// probed.
pub(crate) const STEERED: usize = 100;
/// Records of the large zone that a storm brings.
pub(crate) const MANY: usize = 100_000;

/// Regions: id, latitude, longitude, weight.
const REGIONS: [(&str, f64, f64, u16); 4] = [
    ("eu", 50.11, 8.68, 50),
    ("us", 39.04, -77.49, 30),
    ("ap", 1.29, 103.85, 15),
    ("sa", -23.55, -46.64, 5),
];

/// Policies, and places for the addresses of loopback that a client asks from.
const POLICIES: &str = r#"
[[policies]]
id = "near"

[[policies.filters]]
kind = "geo"
rules = [
  { continent = "EU", regions = ["eu"] },
  { continent = "NA", regions = ["us"] },
  { continent = "SA", regions = ["sa"] },
  { country = "JP", regions = ["ap"] },
  { anywhere = true, regions = ["ap", "eu"] },
]

[[policies]]
id = "fair"

[[policies.filters]]
kind = "weighted"

[[policies]]
id = "first"

[[policies.filters]]
kind = "failover"
order = ["eu", "us", "ap", "sa"]
"#;

/// Probes that notice in a fifth of a second.
const MONITOR: &str = r#"
[[monitors]]
id = "http"
kind = "http"
path = "/health"
interval = "200ms"
recheck = "200ms"
timeout = "2s"
fall = 1
rise = 1
"#;

/// The traffic file: `names` static names, a wildcard, and [`STEERED`] names of each kind.
///
/// `probes` stand for the endpoints of a pool of their own, whose names are `flip-N`; none: no
/// such pool.
pub(crate) fn traffic(names: u64, probes: &[SocketAddr]) -> String {
    let mut text = format!("[[zones]]\nname = {ZONE:?}\nrecords = \"\"\"\n{}", head(1));
    text.push_str("*.wild 300 A 192.0.2.99\n");
    for n in 0..names {
        let (high, middle, low) = (n / 62_500, n / 250 % 250, n % 250 + 1);
        let _ = writeln!(text, "s{n} 300 A 10.{high}.{middle}.{low}");
    }
    text.push_str("\"\"\"\n");
    for (id, lat, lon, weight) in REGIONS {
        let location = format!("{{ lat = {lat:?}, lon = {lon:?} }}");
        let _ =
            write!(text, "\n[[regions]]\nid = {id:?}\nlocation = {location}\nweight = {weight}\n");
    }
    text.push_str(POLICIES);
    text.push_str("\n[[pools]]\nid = \"web\"\n");
    for (number, region) in REGIONS.iter().enumerate() {
        for last in [1, 2] {
            let address = format!("198.51.{}.{last}", 100 + number);
            text.push_str(&endpoint(&format!("web-{}-{last}", region.0), region.0, &address));
        }
    }
    for (kind, policy) in [("near", "near"), ("fair", "fair"), ("first", "first")] {
        text.push_str(&steered(kind, "web", policy));
    }
    for (n, (country, continent)) in PLACES {
        let _ = write!(
            text,
            "\n[[places]]\nprefix = \"127.{n}.0.0/16\"\ncountry = {country:?}\n\
             continent = {continent:?}\n"
        );
    }
    if !probes.is_empty() {
        text.push_str(&flipping(probes));
    }
    text
}

/// Second bytes of the client's addresses, and their places.
const PLACES: [(u8, (&str, &str)); 8] = [
    (1, ("DE", "EU")),
    (2, ("GB", "EU")),
    (5, ("SE", "EU")),
    (11, ("US", "NA")),
    (15, ("US", "NA")),
    (19, ("BR", "SA")),
    (27, ("SG", "AS")),
    (32, ("AU", "OC")),
];

/// The large zone as one more table of the traffic file; its records are in a file beside that.
pub(crate) fn large_zone(file: &str) -> String {
    format!("\n[[zones]]\nname = \"large.example.\"\nfile = {file:?}\n")
}

/// So many more steered names as tables of the traffic file, a third by each policy: a pool of
/// eight endpoints over all regions for each ten.
pub(crate) fn many_steered(names: usize) -> String {
    let mut text = String::new();
    for pool in 0..names.div_ceil(10) {
        let id = format!("p{pool}");
        let _ = write!(text, "\n[[pools]]\nid = {id:?}\n");
        for end in 0..8 {
            let address = format!("10.{}.{}.{}", 200 + end, pool / 250, pool % 250);
            text.push_str(&endpoint(&format!("{id}-{end}"), REGIONS[end % 4].0, &address));
        }
    }
    for n in 0..names {
        let policy = ["near", "fair", "first"][n % 3];
        let _ = write!(
            text,
            "\n[[names]]\nname = \"dyn-{n}.{ZONE}\"\npool = \"p{}\"\npolicy = {policy:?}\n\
             ttl = 30\n",
            n / 10
        );
    }
    text
}

/// Text of the large zone; every record differs between two editions.
pub(crate) fn large_records(edition: u8) -> String {
    let mut text = head(u32::from(edition));
    for n in 0..MANY {
        let _ = writeln!(text, "r{n} 300 A 10.{edition}.{}.{}", n / 250 % 250, n % 250);
    }
    text
}

fn head(serial: u32) -> String {
    let soa = format!("@ 300 SOA ns1 host {serial} 7200 900 86400 60");
    format!("{soa}\n@ 300 NS ns1\nns1 300 A 192.0.2.53\n")
}

fn endpoint(id: &str, region: &str, address: &str) -> String {
    format!("\n[[pools.endpoints]]\nid = {id:?}\nregion = {region:?}\naddress = {address:?}\n")
}

fn steered(kind: &str, pool: &str, policy: &str) -> String {
    let name = |n| format!("\n[[names]]\nname = \"{kind}-{n}.{ZONE}\"\n");
    let rest = format!("pool = {pool:?}\npolicy = {policy:?}\nttl = 30\n");
    (0..STEERED).map(|n| name(n) + &rest).collect()
}

/// A pool of endpoints that are probed, spread over the regions.
fn flipping(probes: &[SocketAddr]) -> String {
    let mut text = format!("{MONITOR}\n[[pools]]\nid = \"flip\"\nmonitor = \"http\"\n");
    for (n, probe) in probes.iter().enumerate() {
        let region = REGIONS[n % REGIONS.len()].0;
        text.push_str(&endpoint(&format!("flip-{n}"), region, &format!("203.0.113.{}", n + 1)));
        let _ = writeln!(text, "probe = \"{probe}\"");
    }
    text + &steered("flip", "flip", "near")
}
