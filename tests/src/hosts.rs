//! Hosts of their own for nodes: a network namespace each on one bridge, whose ways to each other are
//! cut and mended.
//!
//! ```text
//!   the test, in a namespace of its own, 10.77.0.254 on the bridge
//!      |-- n1 10.77.0.1      a cut of n1: n1 sends nothing to n2 and n3; the test still
//!      |-- n2 10.77.0.2      reaches all three
//!      |-- n3 10.77.0.3
//! ```

use crate::programs;
use std::net::{IpAddr, Ipv4Addr};
use std::process::Command;

/// Tells the process that it is in its own namespace already.
const INSIDE: &str = "GSLB_TESTS_INSIDE";

/// Makes one of each thing that hosts are made of, and takes it away.
const TRIAL: &str = "ip link add lab type bridge && ip netns add gslb-trial-$$ && \
    ip link add host type veth peer name eth0 netns gslb-trial-$$ && \
    ip -n gslb-trial-$$ route add blackhole 10.77.0.1/32; done=$?; \
    ip netns del gslb-trial-$$; exit $done";

/// Namespaces on a bridge; they end with this value.
#[derive(Debug)]
pub struct Hosts {
    names: Vec<String>,
}

impl Hosts {
    /// Runs the test of that name again in a network namespace of its own, or skips it where that is not
    /// allowed. True: this is the process inside, go on.
    ///
    /// # Panics
    /// If the test fails inside.
    #[must_use]
    pub fn enter(test: &str) -> bool {
        if std::env::var_os(INSIDE).is_some() {
            ip("link set lo up");
            return true;
        }
        let why = programs::missing(&["ip", "unshare"]).or_else(|| {
            let tried = Command::new("unshare").args(["--net", "sh", "-c", TRIAL]).output();
            let allowed = tried.is_ok_and(|output| output.status.success());
            (!allowed).then(|| "bridges between network namespaces are not allowed here".to_owned())
        });
        if let Some(why) = why {
            programs::skip(test, &why);
            return false;
        }
        let this = std::env::current_exe().expect("a test knows its own path");
        let mut command = Command::new("unshare");
        command.args(["--net", "--"]).arg(this).args([test, "--exact", "--nocapture"]);
        let status = command.env(INSIDE, "1").status().expect("unshare can be started");
        assert!(status.success(), "{test} failed in its namespace; its output stands above");
        false
    }

    /// Makes so many hosts, up to 9.
    ///
    /// # Panics
    /// If they cannot be made.
    #[must_use]
    pub fn new(count: usize) -> Self {
        assert!((1..=9).contains(&count), "1 to 9 hosts");
        ip("link add lab type bridge");
        ip("addr add 10.77.0.254/24 dev lab");
        ip("link set lab up");
        let process = std::process::id();
        let mut hosts = Self { names: Vec::new() };
        for number in 1..=count {
            let name = format!("gslb-{process}-{number}");
            ip(&format!("netns add {name}"));
            hosts.names.push(name.clone());
            ip(&format!("link add host{number} type veth peer name eth0 netns {name}"));
            ip(&format!("link set host{number} master lab up"));
            ip(&format!("-n {name} addr add 10.77.0.{number}/24 dev eth0"));
            ip(&format!("-n {name} link set eth0 up"));
            ip(&format!("-n {name} link set lo up"));
        }
        hosts
    }

    /// The address of a host, by its place.
    #[must_use]
    pub fn address(&self, place: usize) -> IpAddr {
        IpAddr::V4(Ipv4Addr::new(10, 77, 0, place as u8 + 1))
    }

    /// The namespace of a host, by its place.
    #[must_use]
    pub fn name(&self, place: usize) -> &str {
        &self.names[place]
    }

    /// Has a host send nothing to the others any more: no connection between them lives on.
    pub fn cut(&self, place: usize) {
        self.routes(place, "add");
    }

    /// Takes that back.
    pub fn mend(&self, place: usize) {
        self.routes(place, "del");
    }

    fn routes(&self, place: usize, what: &str) {
        let others = (0..self.names.len()).filter(|other| *other != place);
        for other in others {
            let (name, to) = (&self.names[place], self.address(other));
            ip(&format!("-n {name} route {what} blackhole {to}/32"));
        }
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        for name in &self.names {
            let _ = Command::new("ip").args(["netns", "del", name]).status();
        }
    }
}

fn ip(line: &str) {
    let status = Command::new("ip").args(line.split(' ')).status();
    assert!(status.is_ok_and(|status| status.success()), "ip {line}");
}
