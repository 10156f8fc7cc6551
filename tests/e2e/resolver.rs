//! Unbound follows a delegation from a parent zone to the nodes, and its clients see a failover.
//!
//! ```text
//! client -> Unbound -> NSD (root and example.) -> referral -> three nodes, each at port 53 of an address
//! ```
//!
//! The zone does not lie under `test.`, which resolvers answer themselves.

use crate::traffic::{self, REGIONS};
use gslb_tests::client::Query;
use gslb_tests::cluster::{Cluster, Setup};
use gslb_tests::endpoint::Endpoint;
use gslb_tests::process::Process;
use gslb_tests::{loopback, programs, wait};
use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::process::Command;

const TEST: &str = "a_resolver_follows_the_delegation_and_its_clients_see_a_failover";

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).unwrap();
}

/// NSD with the root zone and `example.`, which delegates `shop.example.` to these name servers.
fn start_parent(folder: &Path, address: IpAddr, nodes: &[IpAddr]) -> Process {
    let root = format!(
        ". 3600 SOA a.root. host.root. 1 7200 900 86400 60\n. 3600 NS a.root.\na.root. 3600 A {address}\n\
         example. 3600 NS ns.example.\nns.example. 3600 A {address}\n"
    );
    let mut parent = format!(
        "example. 3600 SOA ns.example. host.example. 1 7200 900 86400 60\nexample. 3600 NS ns.example.\n\
         ns.example. 3600 A {address}\n"
    );
    for (node, number) in nodes.iter().zip(1..) {
        let _ = write!(
            parent,
            "shop.example. 300 NS ns{number}.shop.example.\nns{number}.shop.example. 300 A {node}\n"
        );
    }
    write(folder, "root.zone", &root);
    write(folder, "example.zone", &parent);
    let dir = folder.display();
    let config = format!(
        "server:\n  ip-address: {address}@53\n  username: \"\"\n  chroot: \"\"\n  zonesdir: \"{dir}\"\n\
         \x20 database: \"\"\n  pidfile: \"{dir}/nsd.pid\"\n  xfrdfile: \"{dir}/xfrd.state\"\n  xfrdir: \"{dir}\"\n\
         \x20 zonelistfile: \"{dir}/zone.list\"\n  server-count: 1\nremote-control:\n  control-enable: no\n\
         zone:\n  name: \".\"\n  zonefile: \"root.zone\"\nzone:\n  name: \"example.\"\n  zonefile: \"example.zone\"\n"
    );
    write(folder, "nsd.conf", &config);
    let mut command = Command::new(programs::find("nsd").unwrap());
    command.arg("-d").arg("-c").arg(folder.join("nsd.conf"));
    Process::start("nsd", &mut command, &folder.join("nsd.log"))
}

/// Unbound, whose only hint is that parent.
fn start_resolver(folder: &Path, address: IpAddr, parent: IpAddr) -> Process {
    write(folder, "root.hints", &format!(". 3600 NS a.root.\na.root. 3600 A {parent}\n"));
    let dir = folder.display();
    let config = format!(
        "server:\n  interface: {address}@53\n  access-control: 127.0.0.0/8 allow\n  do-not-query-localhost: no\n\
         \x20 do-daemonize: no\n  use-syslog: no\n  logfile: \"\"\n  verbosity: 1\n  username: \"\"\n  chroot: \"\"\n\
         \x20 pidfile: \"\"\n  directory: \"{dir}\"\n  root-hints: \"root.hints\"\n  module-config: \"iterator\"\n\
         \x20 num-threads: 1\nremote-control:\n  control-enable: no\n"
    );
    write(folder, "unbound.conf", &config);
    let mut command = Command::new(programs::find("unbound").unwrap());
    command.arg("-d").arg("-c").arg(folder.join("unbound.conf"));
    Process::start("unbound", &mut command, &folder.join("unbound.log"))
}

/// The traffic file, with the nodes as name servers of the zone, a wildcard, and short TTLs.
fn traffic(nodes: &[IpAddr], servers: &[Endpoint; 3]) -> String {
    let mut zone = "[[zones]]\nname = \"shop.example.\"\nrecords = \"\"\"\n\
        @ 300 SOA ns1 host 1 7200 900 86400 60\n"
        .to_owned();
    for (node, number) in nodes.iter().zip(1..) {
        let _ = write!(zone, "@ 300 NS ns{number}\nns{number} 300 A {node}\n");
    }
    zone.push_str("\"\"\"\n");
    let wildcard =
        "\n[[names]]\nname = \"*.tenants.shop.example.\"\npool = \"web\"\npolicy = \"first-fra\"\n";
    let file = traffic::with_zone(&zone, &servers.each_ref().map(Endpoint::address)) + wildcard;
    file.replace("policy = \"first-fra\"\n", "policy = \"first-fra\"\nttl = 1\n")
}

#[test]
fn a_resolver_follows_the_delegation_and_its_clients_see_a_failover() {
    let missing = programs::missing(&["unbound", "nsd"]);
    if let Some(why) = missing.or_else(loopback::port_53_refused) {
        programs::skip(TEST, &why);
        return;
    }
    let servers = [0, 1, 2].map(|_| Endpoint::start(loopback::fresh()));
    let mut cluster = Cluster::form(&Setup { dns_port: 53, ..Setup::default() });
    let nodes: Vec<IpAddr> = cluster.nodes.iter().map(|n| n.address()).collect();
    cluster.apply(&traffic(&nodes, &servers));
    let folder = tempfile::tempdir().unwrap();
    let (parent, resolver) = (loopback::fresh(), loopback::fresh());
    let _nsd = start_parent(folder.path(), parent, &nodes);
    let _unbound = start_resolver(folder.path(), resolver, parent);
    let resolver = SocketAddr::new(resolver, 53);

    let www = Query::new("www.shop.example.", "A").recursive();
    let wait_for = |region: usize| {
        wait::until(
            &format!("the resolver's clients to be sent to {}", REGIONS[region].id),
            || {
                let answer = www.send(resolver).map_err(|e| e.to_string())?;
                if answer.data() == [REGIONS[region].v4()] {
                    Ok(())
                } else {
                    Err(format!("{answer:?}"))
                }
            },
        );
    };
    wait_for(0);
    the_delegation_is_judged(&cluster, parent);

    servers[0].answer_with(503);
    wait_for(1);
    servers[0].answer_with(200);
    wait_for(0);

    // A node dies: the resolver asks the others, and none of its clients notices more than a delay.
    let leader = cluster.leader();
    cluster.nodes[leader].kill();
    for tenant in 0..20 {
        let query = Query::new(&format!("t{tenant}.tenants.shop.example."), "A").recursive();
        wait::until("the resolver to answer with a node less", || {
            let answer = query.send(resolver).map_err(|e| e.to_string())?;
            if answer.data() == [REGIONS[0].v4()] { Ok(()) } else { Err(format!("{answer:?}")) }
        });
    }
    let nothing = Query::new("nothing.shop.example.", "A").recursive().ask(resolver);
    assert_eq!(nothing.rcode, "NXDOMAIN");
}

fn the_delegation_is_judged(cluster: &Cluster, parent: IpAddr) {
    let parent = parent.to_string();
    let line = "zone check-delegation shop.example. --parent";
    let good = cluster.operator.attempt(line, &[&parent]);
    assert_eq!(good.code, 0, "{good:?}");
    let json = cluster.operator.attempt(line, &[&parent, "--json"]);
    assert!(json.json().is_object() || json.json().is_array(), "{json:?}");
    // A zone that the parent does not know of.
    let lost = "[[zones]]\nname = \"lost.example.\"\nrecords = \"\"\"\n@ 300 SOA ns1 host 1 7200 900 86400 60\n\
        @ 300 NS ns1\nns1 300 A 192.0.2.1\n\"\"\"\n";
    let with_both = lost.to_owned() + &cluster.operator.run("export", &[]).out;
    cluster.apply(&with_both);
    let bad = cluster.operator.attempt("zone check-delegation lost.example. --parent", &[&parent]);
    assert_eq!(bad.code, 1, "{bad:?}");
    assert!(bad.out.contains("lost.example") || bad.err.contains("lost.example"), "{bad:?}");
}
