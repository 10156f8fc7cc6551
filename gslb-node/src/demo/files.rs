//! The files of the demo: what an operator would write.

use std::fmt::Write as _;
use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::endpoints::{REGIONS, Region};
use super::error::DemoError;
use super::ports::Ports;

/// The zone.
pub(super) const ZONE: &str = "gslb.example";

/// The nodes' names.
pub(super) const NODES: [&str; 3] = ["n1", "n2", "n3"];

/// A client of each region, by the built-in place data: a /24 and who holds it.
pub(super) const CLIENTS: [(&str, Ipv4Addr, &str); 3] = [
    ("eu", Ipv4Addr::new(194, 25, 0, 0), "Germany"),
    ("na", Ipv4Addr::new(12, 0, 0, 0), "United States"),
    ("as", Ipv4Addr::new(133, 11, 0, 0), "Japan"),
];

/// The client of each region, with the region.
pub(super) fn clients() -> Vec<(&'static Region, Ipv4Addr)> {
    CLIENTS.iter().filter_map(|(id, net, _)| Some((Region::find(id)?, *net))).collect()
}

/// Writes `traffic.toml` and the zone file that it names.
pub(super) fn write_traffic(folder: &Path, ports: &Ports) -> Result<(), DemoError> {
    write(&folder.join("gslb.example.zone"), &zone())?;
    write(&folder.join("traffic.toml"), &traffic(ports.endpoints()))
}

/// Writes the file of node `n` (from 1) into its folder, over the one that `node add` left there.
pub(super) fn write_node(
    folder: &Path,
    name: &str,
    n: usize,
    ports: &Ports,
) -> Result<(), DemoError> {
    let (dns, api, raft, plain) = (ports.dns(n), ports.api(n), ports.raft(n), ports.plain(n));
    let text = format!(
        "name = \"{name}\"\nidentity = \".\"\ndata = \"data\"\n\n\
         [dns]\nlisten = [\"{dns}\"]\nworkers = 1\n\n\
         [api]\nlisten = \"{api}\"\nplain = \"{plain}\"\n\n\
         [raft]\nlisten = \"{raft}\"\n"
    );
    write(&folder.join("node.toml"), &text)
}

/// Writes the short form of `gslb-node ctl --context <folder>/ctl.toml`.
pub(super) fn write_gslbctl(folder: &Path, executable: &Path) -> Result<(), DemoError> {
    let quote = |path: &Path| format!("'{}'", path.display().to_string().replace('\'', r"'\''"));
    let context = quote(&folder.join("ctl.toml"));
    let text = format!("#!/bin/sh\nexec {} ctl --context {context} \"$@\"\n", quote(executable));
    let path = folder.join("gslbctl");
    write(&path, &text)?;
    let mode = fs::Permissions::from_mode(0o755);
    fs::set_permissions(&path, mode).map_err(|error| DemoError::file(&path, error))
}

fn write(path: &Path, text: &str) -> Result<(), DemoError> {
    fs::write(path, text).map_err(|error| DemoError::file(path, error))
}

fn zone() -> String {
    let mut text = "\
$TTL 300
@       SOA   ns1 hostmaster 1 3600 600 604800 60
"
    .to_owned();
    for number in 1..=NODES.len() {
        let _ = writeln!(text, "@       NS    ns{number}");
    }
    for number in 1..=NODES.len() {
        let _ = writeln!(text, "ns{number}     A     127.0.0.1");
    }
    text.push_str(
        "\
info    TXT   \"a static record\"
docs    CNAME info
child   NS    ns.child
ns.child A    192.0.2.53
",
    );
    text
}

fn traffic(port: u16) -> String {
    let mut text = format!("[[zones]]\nname = \"{ZONE}\"\nfile = \"gslb.example.zone\"\n\n");
    for region in &REGIONS {
        let (lat, lon) = region.location;
        let _ = writeln!(
            text,
            "[[regions]]\nid = \"{}\"\nlocation = {{ lat = {lat}, lon = {lon} }}\nweight = 100\n",
            region.id
        );
    }
    let _ = write!(
        text,
        "\
# Short times, so that a failover can be watched; 10 s, 1 s and 3 are the defaults.
[[monitors]]
id = \"web\"
kind = \"http\"
port = {port}
path = \"/\"
host = \"www.{ZONE}\"
interval = \"1s\"
recheck = \"200ms\"
timeout = \"500ms\"
fall = 2
rise = 2

[[pools]]
id = \"web\"
monitor = \"web\"
endpoints = [
"
    );
    for region in &REGIONS {
        for (address, number) in region.addresses().into_iter().zip(1..) {
            let _ = writeln!(
                text,
                "  {{ id = \"{0}-{number}\", region = \"{0}\", address = \"{address}\" }},",
                region.id
            );
        }
    }
    text.push_str("]\n\n");
    text.push_str(POLICIES);
    for (name, policy, ttl) in [
        (format!("www.{ZONE}"), "by-continent", 5),
        (ZONE.to_owned(), "nearest", 5),
        (format!("split.{ZONE}"), "split", 5),
        (format!("main.{ZONE}"), "main", 5),
        (format!("*.apps.{ZONE}"), "nearest", 5),
    ] {
        let _ = write!(
            text,
            "\n[[names]]\nname = \"{name}\"\npool = \"web\"\npolicy = \"{policy}\"\nttl = {ttl}\n"
        );
    }
    text
}

const POLICIES: &str = "\
# The region of the client's continent; if it is down, or there is none, the nearest one.
[[policies]]
id = \"by-continent\"
[[policies.filters]]
kind = \"geo\"
rules = [
  { continent = \"EU\", regions = [\"eu\"] },
  { continent = \"NA\", regions = [\"na\"] },
  { continent = \"AS\", regions = [\"as\"] },
]
[[policies.filters]]
kind = \"proximity\"

[[policies]]
id = \"nearest\"
filters = [{ kind = \"proximity\" }]

# By weight alone: gslbctl set-weight moves its shares.
[[policies]]
id = \"split\"
max_answers = 1
filters = [{ kind = \"weighted\" }]

[[policies]]
id = \"main\"
filters = [{ kind = \"failover\", order = [\"eu\", \"na\", \"as\"] }]
";

/// The address that an operator would use to reach an endpoint of a region.
pub(super) fn first_address(id: &str) -> IpAddr {
    let region = Region::find(id).map(Region::addresses);
    region.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |[first, _]| first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::{Continent, PlaceTable};
    use gslb_consensus::model::document;

    #[test]
    fn the_traffic_file_is_without_faults() {
        let sources = |file: &str| {
            if file == "gslb.example.zone" { Ok(zone()) } else { Err("unknown".to_owned()) }
        };
        let config = document::read(&traffic(8080), Some("traffic.toml"), &sources);
        let config = config.unwrap_or_else(|faults| panic!("{faults}"));
        assert_eq!(config.endpoints().count(), 6);
        assert_eq!(config.names.len(), 5);
    }

    #[test]
    fn the_built_in_place_data_puts_each_client_into_its_region() {
        let table = PlaceTable::builtin();
        let expected = [Continent::Europe, Continent::NorthAmerica, Continent::Asia];
        for ((id, net, _), continent) in CLIENTS.iter().zip(expected) {
            let (place, _) = table.place_of(IpAddr::V4(*net));
            assert_eq!(place.continent, Some(continent), "{id} {net}");
        }
    }
}
