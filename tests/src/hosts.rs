//! Hosts of their own for nodes: a network namespace each on one bridge, whose ways to each other are
//! cut, bent and mended.
//!
//! ```text
//!   the test, in a namespace of its own, 10.77.0.254 on the bridge
//!      |-- n1 10.77.0.1      a cut of n1: what n2 and n3 send it is dropped, and the other way round;
//!      |-- n2 10.77.0.2      the test still reaches all three
//!      |-- n3 10.77.0.3
//! ```

use crate::node::RAFT_PORT;
use crate::programs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;

/// Tells the process that it is in its own namespace already.
const INSIDE: &str = "GSLB_TESTS_INSIDE";

/// Makes one of each thing that hosts are made of, and takes it away.
const TRIAL: &str = "ip link add lab type bridge && ip netns add gslb-trial-$$ && \
    ip link add host type veth peer name eth0 netns gslb-trial-$$ && \
    ip netns exec gslb-trial-$$ nft add table ip detour && mount -t tmpfs trial /mnt; done=$?; \
    ip netns del gslb-trial-$$; exit $done";

/// What packets pass at each host: cuts at both ends, and detours of connections that begin.
const TABLES: &str = "table ip lab { \
        chain in { type filter hook input priority 0; }; \
        chain out { type filter hook output priority 0; }; \
    }; \
    table ip detour { chain out { type nat hook output priority -100; }; }";

/// Namespaces on a bridge; they end with this value.
#[derive(Debug)]
pub struct Hosts {
    names: Vec<String>,
}

impl Hosts {
    /// Runs the test of that name again in namespaces of its own, or skips it where that is not
    /// allowed. True: this is the process inside, go on.
    ///
    /// # Panics
    /// If the test fails inside.
    #[must_use]
    pub fn enter(test: &str) -> bool {
        if Self::is_inside() {
            return true;
        }
        let arguments = [test, "--exact", "--nocapture"].map(str::to_owned);
        match Self::run_inside(&arguments) {
            Err(why) => programs::skip(test, &why),
            Ok(passed) => {
                assert!(passed, "{test} failed in its namespace; its output stands above");
            }
        }
        false
    }

    /// Whether this process has its own network and mounts already.
    #[must_use]
    pub fn is_inside() -> bool {
        let inside = std::env::var_os(INSIDE).is_some();
        if inside {
            ip("link set lo up");
        }
        inside
    }

    /// Runs this program again with a network and mounts of its own; gives whether it ended well.
    ///
    /// # Errors
    /// That is not possible here, and why.
    ///
    /// # Panics
    /// If `unshare` cannot be started after all.
    pub fn run_inside(arguments: &[String]) -> Result<bool, String> {
        if let Some(why) = programs::missing(&["ip", "unshare", "nft"]) {
            return Err(why);
        }
        let tried = Command::new("unshare").args(["--net", "--mount", "sh", "-c", TRIAL]).output();
        if !tried.is_ok_and(|output| output.status.success()) {
            return Err("bridges between network namespaces are not allowed here".to_owned());
        }
        let this = std::env::current_exe().expect("a test knows its own path");
        let mut command = Command::new("unshare");
        command.args(["--net", "--mount", "--"]).arg(this).args(arguments);
        Ok(command.env(INSIDE, "1").status().expect("unshare can be started").success())
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
            hosts.nft(number - 1, TABLES);
        }
        hosts
    }

    /// The address of a host, by its place.
    #[must_use]
    pub fn address(&self, place: usize) -> IpAddr {
        IpAddr::V4(Ipv4Addr::new(10, 77, 0, place as u8 + 1))
    }

    /// The address of the host of the test.
    #[must_use]
    pub fn own_address(&self) -> IpAddr {
        IpAddr::V4(Ipv4Addr::new(10, 77, 0, 254))
    }

    /// The namespace of a host, by its place.
    #[must_use]
    pub fn name(&self, place: usize) -> &str {
        &self.names[place]
    }

    /// Cuts a host off: what the others send it is dropped, and what it sends them.
    pub fn cut(&self, place: usize) {
        for other in (0..self.names.len()).filter(|other| *other != place) {
            let (own, other_address) = (self.address(place), self.address(other));
            self.nft(place, &format!("add rule ip lab in ip saddr {other_address} drop"));
            self.nft(other, &format!("add rule ip lab in ip saddr {own} drop"));
        }
    }

    /// Cuts one way: `from` opens no connection to the node of `to` and asks nothing on those it has;
    /// `to` asks `from` as before.
    pub fn cut_one_way(&self, from: usize, to: usize) {
        let from = self.address(from);
        self.nft(to, &format!("add rule ip lab in ip saddr {from} tcp dport {RAFT_PORT} drop"));
    }

    /// Has what `from` asks the node of `to` go through a proxy, which listens on the test's host.
    ///
    /// Connections that are there already end.
    pub fn detour(&self, from: usize, to: usize, proxy: SocketAddr) {
        let way = format!("ip daddr {} tcp dport {RAFT_PORT}", self.address(to));
        self.nft(from, &format!("add rule ip detour out {way} dnat to {proxy}"));
        self.nft(from, &format!("add rule ip lab out {way} reject with tcp reset"));
    }

    /// Takes back every cut and detour.
    pub fn mend(&self) {
        for place in 0..self.names.len() {
            self.nft(place, "flush table ip lab");
            self.nft(place, "flush table ip detour");
        }
    }

    /// Gives a folder a file system of its own, so small; it is gone with the test.
    ///
    /// # Panics
    /// If it cannot be mounted.
    pub fn mount_disk(folder: &Path, mib: u32) {
        std::fs::create_dir_all(folder).expect("the folder of a node can be written");
        let size = format!("size={mib}m");
        let mut mount = Command::new("mount");
        let status = mount.args(["-t", "tmpfs", "-o", &size, "gslb"]).arg(folder).status();
        assert!(status.is_ok_and(|status| status.success()), "a tmpfs of {mib} MiB");
    }

    fn nft(&self, place: usize, rule: &str) {
        ip(&format!("netns exec {} nft {rule}", self.names[place]));
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
