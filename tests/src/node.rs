//! One `gslb-node`: its folder, its address, its process.

use crate::process::Process;
use crate::programs;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Port of the API.
pub const API_PORT: u16 = 8053;
/// Port for the other nodes.
pub const RAFT_PORT: u16 = 8054;
/// Port of metrics and readiness, without TLS.
pub const PLAIN_PORT: u16 = 9153;
/// Port of DNS, where the test does not need 53 itself.
pub const DNS_PORT: u16 = 5353;

/// One node on an address of its own.
#[derive(Debug)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// Its folder: identity, data, `node.toml`, log.
    pub folder: PathBuf,
    /// The program that it runs from its next start on.
    pub program: PathBuf,
    /// The network namespace that it runs in; none: that of the test.
    pub host: Option<String>,
    /// Its patience with the others, as `[raft] timers`.
    pub timers: &'static str,
    /// The file by which its clock goes wrong from its next start on; none: it has the right time.
    pub clock: Option<PathBuf>,
    address: IpAddr,
    dns_port: u16,
    /// MiB of a file system of its own for its data; none: that of the folder.
    disk_mib: Option<u32>,
    process: Option<Process>,
    /// Where it asks to be let in, and its token; none: its identity is there.
    pub joins: Option<(String, PathBuf)>,
}

impl Node {
    /// A node that does not run yet; its identity lies in `folder`.
    #[must_use]
    pub fn new(name: &str, folder: PathBuf, address: IpAddr, dns_port: u16) -> Self {
        let (name, timers, program) = (name.to_owned(), "patient", programs::gslb_node());
        let (host, clock, disk_mib, process) = (None, None, None, None);
        Self {
            name,
            folder,
            program,
            host,
            timers,
            clock,
            address,
            dns_port,
            disk_mib,
            process,
            joins: None,
        }
    }

    /// Gives it a small disk for its data, which is empty at each start without a host of its own.
    ///
    /// It is a tmpfs in a mount namespace: of the node's own, or of the test that runs inside of one. There
    /// it outlives the node.
    #[must_use]
    pub fn with_small_disk(mut self, mib: Option<u32>) -> Self {
        self.disk_mib = mib;
        self
    }

    /// Its small disk, as others see it.
    ///
    /// # Panics
    /// If it does not run.
    pub fn disk(&mut self) -> PathBuf {
        let inside = self.folder.join("data");
        if self.host.is_some() {
            return inside;
        }
        let inside = inside.strip_prefix("/").expect("the folder is absolute").to_owned();
        Path::new("/proc").join(self.process().id().to_string()).join("root").join(inside)
    }

    /// Where it answers DNS.
    #[must_use]
    pub fn dns(&self) -> SocketAddr {
        SocketAddr::new(self.address, self.dns_port)
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// `HOST:PORT` of its API.
    #[must_use]
    pub fn api(&self) -> String {
        SocketAddr::new(self.address, API_PORT).to_string()
    }

    /// Where it tells metrics and readiness: a loopback address, that of its own host if it has one.
    #[must_use]
    pub fn plain(&self) -> SocketAddr {
        let own = IpAddr::V4(Ipv4Addr::LOCALHOST);
        SocketAddr::new(self.host.as_ref().map_or(self.address, |_| own), PLAIN_PORT)
    }

    /// Asks it over plain HTTP; gives the status line and the body.
    ///
    /// # Panics
    /// If it does not answer.
    #[must_use]
    pub fn get(&self, path: &str) -> (String, String) {
        let mut stream = TcpStream::connect(self.plain()).expect("the node listens");
        let request = format!("GET {path} HTTP/1.0\r\nhost: {}\r\n\r\n", self.plain());
        stream.write_all(request.as_bytes()).expect("the node reads");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("the node answers");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
        (head.lines().next().unwrap_or_default().to_owned(), body.to_owned())
    }

    /// `HOST:PORT` for the other nodes.
    #[must_use]
    pub fn raft(&self) -> String {
        SocketAddr::new(self.address, RAFT_PORT).to_string()
    }

    /// Its `node.toml`.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.folder.join("node.toml")
    }

    /// Writes its `node.toml`: one worker, soon stale.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn write_config(&self, places: &[PathBuf]) {
        let mut text = format!(
            "name = {:?}\nidentity = \".\"\ndata = \"data\"\nstale_after = \"3s\"\n\n\
             [dns]\nlisten = [\"{}\"]\nworkers = 1\n\n[api]\nlisten = \"{}\"\nplain = \"{}\"\n\n\
             [raft]\nlisten = \"{}\"\ntimers = \"{}\"\n",
            self.name,
            self.dns(),
            self.api(),
            self.plain(),
            self.raft(),
            self.timers
        );
        if !places.is_empty() {
            let places: Vec<String> = places.iter().map(|p| format!("{p:?}")).collect();
            let _ = write!(text, "\n[place]\ndatabases = [{}]\n", places.join(", "));
        }
        if self.disk_mib.is_some() {
            text.push_str("\n[space]\nlow_mib = 16\nshort_mib = 10\nstop_mib = 5\n");
        }
        std::fs::write(self.config(), text).expect("the folder of a node can be written");
    }

    /// Makes it an observer that follows these; without place files of its own it takes theirs.
    ///
    /// # Panics
    /// If its file cannot be written.
    pub fn observe(&self, from: &[String], places: &[PathBuf]) {
        self.write_config(places);
        let mut text = std::fs::read_to_string(self.config()).expect("it was just written");
        let _ = write!(text, "\n[observe]\nfrom = {from:?}\n");
        if places.is_empty() {
            text.push_str("\n[place]\nfrom = \"feed\"\n");
        }
        std::fs::write(self.config(), text).expect("the folder of a node can be written");
    }

    /// Starts it.
    ///
    /// # Panics
    /// If it runs already.
    pub fn start(&mut self) {
        assert!(self.process.is_none(), "{} runs already", self.name);
        let mut command = match (&self.host, self.disk_mib) {
            (None, None) => Command::new(&self.program),
            (Some(host), _) => {
                let mut command = Command::new("ip");
                command.args(["netns", "exec", host, "env"]);
                command.args(self.clock.iter().flat_map(|file| wrong_clock(file)));
                command.arg(&self.program);
                command
            }
            (None, Some(mib)) => {
                let data = self.folder.join("data");
                std::fs::create_dir_all(&data).expect("the folder of a node can be written");
                let script = format!(
                    "mount -t tmpfs -o size={mib}m gslb '{}' && exec \"$@\"",
                    data.display()
                );
                let mut command = Command::new("unshare");
                command.args(["--mount", "sh", "-c", &script, "sh"]).arg(&self.program);
                command
            }
        };
        command.arg("--end-with-stdin").arg("--config").arg(self.config());
        if let Some((address, token)) = &self.joins {
            command.args(["--join", address, "--token-file"]).arg(token);
        }
        self.process = Some(Process::start(&self.name, &mut command, &self.log_path()));
    }

    /// Its process.
    ///
    /// # Panics
    /// If it does not run.
    pub fn process(&mut self) -> &mut Process {
        self.process.as_mut().expect("the node runs")
    }

    /// Ends it at once, as `kill -9` does.
    pub fn kill(&mut self) {
        drop(self.process.take());
    }

    /// Asks it to end, waits, and gives its exit code.
    ///
    /// # Panics
    /// If it does not run.
    pub fn stop(&mut self) -> Option<i32> {
        let mut process = self.process.take().expect("the node runs");
        process.stop().code()
    }

    /// Everything that it logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    fn log_path(&self) -> PathBuf {
        Path::new(&self.folder).join("log.txt")
    }
}

/// The environment in which a process reads the wrong time, and only that: spans stay right.
fn wrong_clock(file: &Path) -> [String; 6] {
    [
        format!("LD_PRELOAD={}", programs::wrong_clock().expect("it was asked for").display()),
        format!("FAKETIME_TIMESTAMP_FILE={}", file.display()),
        // The file is read again each second: the clock steps while the process runs.
        "FAKETIME_CACHE_DURATION=1".to_owned(),
        "FAKETIME_DONT_FAKE_MONOTONIC=1".to_owned(),
        "FAKETIME_DONT_RESET=1".to_owned(),
        "NO_FAKE_STAT=1".to_owned(),
    ]
}
