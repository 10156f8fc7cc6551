//! The first `node.toml` of a node, and the hosts of its addresses.

use std::collections::BTreeSet;
use std::net::IpAddr;

/// A `node.toml` that starts a node as it is; it lies in the folder of the identity.
#[must_use]
pub fn starter_file(name: &str, raft: &str, api: &str) -> String {
    let section = |section: &str, address: &str| {
        let port = address.rsplit_once(':').map_or("", |(_, port)| port);
        // A host name may map to an address that is not this machine's own, as behind NAT.
        let listen = match host_of(address).parse::<IpAddr>() {
            Ok(_) => address.to_owned(),
            Err(_) => format!("0.0.0.0:{port}"),
        };
        format!("\n[{section}]\nlisten = \"{listen}\"\nadvertise = \"{address}\"\n")
    };
    format!(
        "# Node {name}: gslb-node --config node.toml (paths are relative to this file)\n\
         identity = \".\"\ndata = \"data\"\n\n\
         [dns]\n# Where a local resolver has port 53 of a loopback address, name the addresses to answer at.\n\
         listen = [\"0.0.0.0:53\", \"[::]:53\"]\n{}{}",
        section("api", api),
        section("raft", raft),
    )
}

/// The host of `host:port`, without brackets.
#[must_use]
pub fn host_of(address: &str) -> String {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    host.trim_start_matches('[').trim_end_matches(']').to_owned()
}

/// The hosts that a node's certificate must name.
#[must_use]
pub fn hosts_of(api: &str, raft: &str) -> Vec<String> {
    let hosts: BTreeSet<String> = [api, raft].map(host_of).into_iter().collect();
    hosts.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_name_is_advertised_and_listened_for_on_every_address() {
        let text = starter_file("n1", "10.0.0.1:8054", "api.example.net:8053");
        assert!(
            text.contains("listen = \"0.0.0.0:8053\"\nadvertise = \"api.example.net:8053\""),
            "{text}"
        );
        assert!(text.contains("listen = \"10.0.0.1:8054\"\n"), "{text}");
        assert_eq!(host_of("[2001:db8::1]:53"), "2001:db8::1");
    }
}
