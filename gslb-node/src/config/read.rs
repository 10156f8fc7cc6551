//! Reads `node.toml`.

use gslb_consensus::model::document::fields::{Fields, Reading};
use gslb_consensus::model::{Fault, Faults};
use gslb_consensus::raft::{SpaceLimits, Timers};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use super::node_config::{
    ApiConfig, BackupConfig, DnsConfig, LogConfig, LogFormat, NodeConfig, RaftConfig,
};

/// Most threads that answer UDP.
const WORKERS_MAX: i64 = 256;
/// Most TCP connections that can be allowed.
const TCP_CONNECTIONS_MAX: i64 = 1_000_000;
/// Largest step of free space, MiB.
const SPACE_MIB_MAX: i64 = 1_000_000;
/// Most backups that are kept.
const BACKUPS_MAX: i64 = 10_000;
/// What is logged if the file does not say: what of Raft matters, the node says itself.
const LOG_FILTER: &str = "info,openraft=off";
/// The port of the API, if none is given.
const API_PORT: u16 = 8053;
/// The port for the other nodes, if none is given.
const RAFT_PORT: u16 = 8054;

/// Reads the file of a node.
///
/// # Errors
/// All faults, by line; or that the file cannot be read.
pub fn load(path: &Path) -> Result<NodeConfig, Faults> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| {
        let mut fault = Fault::new("", format!("cannot be read: {error}"));
        fault.file = Some(name.clone());
        Faults(vec![fault])
    })?;
    read(&text, path)
}

/// Reads the text of a node's file; `path` is where it came from, and what paths in it start from.
///
/// # Errors
/// All faults, by line.
pub fn read(text: &str, path: &Path) -> Result<NodeConfig, Faults> {
    let name = path.display().to_string();
    let reading = Reading::new(text, Some(&name));
    let table = reading.parse();
    let root = reading.fields(&table);
    let folder = path.parent().unwrap_or(Path::new(""));
    let place = root.table("place");
    let databases =
        place.as_ref().map_or_else(Vec::new, |place| place.list::<FilePath>("databases"));
    let places_from_feed = place.as_ref().is_some_and(|place| read_place_source(place, &databases));
    place.inspect(Fields::done);
    let observe = root.table("observe");
    let observe_from = observe.as_ref().map_or_else(Vec::new, read_observe);
    let config = NodeConfig {
        file: path.to_owned(),
        name: root.text("name").map(str::to_owned),
        identity: folder.join(root.text("identity").unwrap_or("identity")),
        data: folder.join(root.text("data").unwrap_or("data")),
        space: read_space(root.table("space").as_ref()),
        backup: root.table("backup").map(|fields| read_backup(&fields, folder)),
        stale_after: millis(&root, "stale_after", 1_000, 86_400_000, 60_000),
        dns: read_dns(root.table("dns").as_ref()),
        api: read_api(root.table("api").as_ref()),
        raft: read_raft(root.table("raft").as_ref()),
        observe_from,
        places_from_feed,
        databases: databases.into_iter().map(|path| folder.join(path.0)).collect(),
        log: read_log(root.table("log").as_ref()),
    };
    root.done();
    reading.finish().or(config)
}

fn read_dns(fields: Option<&Fields<'_, '_>>) -> DnsConfig {
    let everywhere = [IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)];
    let mut config = DnsConfig {
        listen: everywhere.map(|address| SocketAddr::new(address, 53)).into(),
        workers: 0,
        steer_by_cpu: false,
        tcp_connections: 1_000,
        tcp_per_source: 50,
        tcp_idle: Duration::from_secs(10),
    };
    let Some(fields) = fields else { return config };
    if fields.has("listen") {
        config.listen = fields.list("listen");
        if config.listen.is_empty() && !fields.is_broken() {
            fields.fault("listen", "a node listens at one address at least");
        }
        let mut sorted = config.listen.clone();
        sorted.sort();
        if sorted.windows(2).any(|pair| matches!(pair, [a, b] if a == b && a.port() != 0)) {
            fields.fault("listen", "an address is given twice");
        }
    }
    config.workers = count(fields, "workers", 0, WORKERS_MAX, 0);
    config.steer_by_cpu = match fields.text("steering") {
        None | Some("hash") => false,
        Some("cpu") => true,
        Some(_) => {
            fields.fault("steering", "expected \"hash\" or \"cpu\"");
            false
        }
    };
    if config.steer_by_cpu && config.workers != 0 {
        fields.fault("steering", "\"cpu\" needs a thread a core: workers = 0");
    }
    config.tcp_connections = count(fields, "tcp_connections", 1, TCP_CONNECTIONS_MAX, 1_000);
    config.tcp_per_source = count(fields, "tcp_per_source", 1, TCP_CONNECTIONS_MAX, 50);
    config.tcp_idle = millis(fields, "tcp_idle", 100, 3_600_000, 10_000);
    fields.done();
    config
}

fn read_api(fields: Option<&Fields<'_, '_>>) -> ApiConfig {
    let (listen, advertise) =
        endpoint(fields, SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), API_PORT));
    let plain: Option<SocketAddr> = fields.and_then(|f| f.parsed("plain"));
    if plain.is_some_and(|address| !address.ip().is_loopback()) {
        let what = "without TLS only a loopback address is served";
        fields.inspect(|f| f.fault("plain", what));
    }
    fields.inspect(|f| f.done());
    ApiConfig { listen, advertise, plain }
}

fn read_raft(fields: Option<&Fields<'_, '_>>) -> RaftConfig {
    let (listen, advertise) =
        endpoint(fields, SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), RAFT_PORT));
    let timers = match fields.and_then(|f| f.text("timers")) {
        None | Some("region") => Timers::Region,
        Some("continent") => Timers::Continent,
        Some("global") => Timers::Global,
        Some("patient") => Timers::Patient,
        Some(_) => {
            let expected = "expected \"region\", \"continent\", \"global\" or \"patient\"";
            fields.inspect(|f| f.fault("timers", expected));
            Timers::Region
        }
    };
    fields.inspect(|f| f.done());
    RaftConfig { listen, advertise, timers }
}

/// Whom an observer follows.
fn read_observe(fields: &Fields<'_, '_>) -> Vec<String> {
    let from: Vec<Dialable> = fields.list("from");
    if from.is_empty() && !fields.is_broken() {
        fields.fault("from", "an observer follows one node at least: from = [\"HOST:PORT\"]");
    }
    fields.done();
    from.into_iter().map(|at| at.0).collect()
}

/// Whether the place data comes by the feed.
fn read_place_source(fields: &Fields<'_, '_>, databases: &[FilePath]) -> bool {
    match fields.text("from") {
        None => return false,
        Some("feed") if databases.is_empty() => return true,
        Some("feed") => fields.fault("from", "place data comes by the feed or from `databases`"),
        Some(_) => fields.fault("from", "expected \"feed\""),
    }
    false
}

fn read_backup(fields: &Fields<'_, '_>, folder: &Path) -> BackupConfig {
    let config = BackupConfig {
        dir: folder.join(fields.text("dir").unwrap_or("backups")),
        every: millis(fields, "every", 1_000, 31 * 86_400_000, 86_400_000),
        keep: count(fields, "keep", 1, BACKUPS_MAX, 14),
    };
    fields.done();
    config
}

fn read_space(fields: Option<&Fields<'_, '_>>) -> SpaceLimits {
    let default = SpaceLimits::default();
    let Some(fields) = fields else { return default };
    let mib = |key, default: u64| {
        let default = i64::try_from(default >> 20).unwrap_or_default();
        let mib = fields.number(key, 1, SPACE_MIB_MAX, default);
        u64::try_from(mib).unwrap_or_default() << 20
    };
    let limits = SpaceLimits {
        low_bytes: mib("low_mib", default.low_bytes),
        short_bytes: mib("short_mib", default.short_bytes),
        stop_bytes: mib("stop_mib", default.stop_bytes),
    };
    if limits.low_bytes < limits.short_bytes || limits.short_bytes < limits.stop_bytes {
        fields.fault("low_mib", "the steps go down: low_mib, short_mib, stop_mib");
    }
    fields.done();
    limits
}

fn read_log(fields: Option<&Fields<'_, '_>>) -> LogConfig {
    let format = match fields.and_then(|f| f.text("format")) {
        None | Some("human") => LogFormat::Human,
        Some("json") => LogFormat::Json,
        Some(_) => {
            fields.inspect(|f| f.fault("format", "expected \"human\" or \"json\""));
            LogFormat::Human
        }
    };
    let filter = fields.and_then(|f| f.text("filter")).unwrap_or(LOG_FILTER).to_owned();
    if let Err(error) = tracing_subscriber::EnvFilter::try_new(&filter) {
        fields.inspect(|f| f.fault("filter", error.to_string()));
    }
    fields.inspect(|f| f.done());
    LogConfig { format, filter }
}

/// `listen` and `advertise` of a table; what is bound is told to others unless it is no address to dial.
fn endpoint(fields: Option<&Fields<'_, '_>>, default: SocketAddr) -> (SocketAddr, String) {
    let Some(fields) = fields else { return (default, default.to_string()) };
    let listen: SocketAddr =
        if fields.has("listen") { fields.parsed("listen").unwrap_or(default) } else { default };
    if let Some(Dialable(advertise)) = fields.parsed("advertise") {
        return (listen, advertise);
    }
    if listen.ip().is_unspecified() && !fields.has("advertise") {
        let what = format!("{listen} is no address that others can reach: give `advertise`");
        fields.fault("listen", what);
    }
    (listen, listen.to_string())
}

fn millis(
    fields: &Fields<'_, '_>,
    key: &'static str,
    min: u64,
    max: u64,
    default: u64,
) -> Duration {
    Duration::from_millis(fields.duration_ms(key, min, max, default))
}

fn count(fields: &Fields<'_, '_>, key: &'static str, min: i64, max: i64, default: i64) -> usize {
    usize::try_from(fields.number(key, min, max, default)).unwrap_or_default()
}

/// `host:port` with a host name or an address.
struct Dialable(String);

impl FromStr for Dialable {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (host, port) = text.rsplit_once(':').ok_or("expected HOST:PORT")?;
        let in_brackets = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
        let host_is_good = match in_brackets {
            Some(inner) => inner.parse::<Ipv6Addr>().is_ok(),
            None => {
                !host.is_empty()
                    && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b))
            }
        };
        let port_is_good = port.parse::<u16>().is_ok_and(|port| port != 0);
        if host_is_good && port_is_good {
            Ok(Self(text.to_owned()))
        } else {
            Err("expected HOST:PORT")
        }
    }
}

/// A path that is given.
struct FilePath(PathBuf);

/// No path is empty.
#[derive(Debug)]
struct EmptyPath;

impl FromStr for FilePath {
    type Err = EmptyPath;

    fn from_str(text: &str) -> Result<Self, EmptyPath> {
        if text.is_empty() { Err(EmptyPath) } else { Ok(Self(text.into())) }
    }
}

impl fmt::Display for EmptyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected the path of a file")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<String> {
        match read(text, Path::new("/etc/gslb/node.toml")) {
            Ok(_) => Vec::new(),
            Err(faults) => faults.0.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn an_empty_file_gives_the_defaults() {
        let config = read("", Path::new("/etc/gslb/node.toml")).unwrap();
        assert_eq!(config.identity, Path::new("/etc/gslb/identity"));
        assert_eq!(config.data, Path::new("/etc/gslb/data"));
        assert_eq!(config.dns.listen.len(), 2);
        assert_eq!(config.api.advertise, "127.0.0.1:8053");
        assert_eq!(config.stale_after, Duration::from_secs(60));
        assert!(config.databases.is_empty());
    }

    #[test]
    fn paths_are_relative_to_the_file() {
        let text = "identity = \"/keys\"\ndata = \"../d\"\n[place]\ndatabases = [\"a.mmdb\"]";
        let config = read(text, Path::new("/etc/gslb/node.toml")).unwrap();
        assert_eq!(config.identity, Path::new("/keys"));
        assert_eq!(config.data, Path::new("/etc/gslb/../d"));
        assert_eq!(config.databases, [Path::new("/etc/gslb/a.mmdb")]);
    }

    #[test]
    fn every_fault_is_named_with_its_line_and_path() {
        let text = "\
nmae = \"a\"
stale_after = \"1ms\"
[dns]
listen = [\"127.0.0.1\", \"::1:53\"]
workers = -1
steering = \"port\"
[api]
listen = \"0.0.0.0:8053\"
plain = \"192.0.2.1:80\"
[raft]
advertise = \"host\"
timers = \"slow\"
[space]
low_mib = 10
short_mib = 0
[log]
format = \"xml\"
filter = \"a=b=c\"
";
        let found = faults(text);
        let starts = [
            "/etc/gslb/node.toml:1: nmae: unknown field",
            "/etc/gslb/node.toml:2: stale_after: \"1ms\" is not within 1s to 1d",
            "/etc/gslb/node.toml:4: dns.listen: \"127.0.0.1\": invalid socket address",
            "/etc/gslb/node.toml:4: dns.listen: \"::1:53\": invalid socket address",
            "/etc/gslb/node.toml:5: dns.workers: -1 is not within 0 to 256",
            "/etc/gslb/node.toml:6: dns.steering: expected \"hash\" or \"cpu\"",
            "/etc/gslb/node.toml:8: api.listen: 0.0.0.0:8053 is no address that others can reach",
            "/etc/gslb/node.toml:9: api.plain: without TLS",
            "/etc/gslb/node.toml:11: raft.advertise: \"host\": expected HOST:PORT",
            "/etc/gslb/node.toml:12: raft.timers: expected \"region\"",
            "/etc/gslb/node.toml:14: space.low_mib: the steps go down",
            "/etc/gslb/node.toml:15: space.short_mib: 0 is not within 1 to 1000000",
            "/etc/gslb/node.toml:17: log.format: expected \"human\"",
            "/etc/gslb/node.toml:18: log.filter: ",
        ];
        assert_eq!(found.len(), starts.len(), "{found:#?}");
        for (found, start) in found.iter().zip(starts) {
            assert!(found.starts_with(start), "{found}");
        }
    }

    #[test]
    fn an_address_twice_and_a_broken_text_are_faults() {
        let twice = faults("[dns]\nlisten = [\"127.0.0.1:53\", \"127.0.0.1:53\"]");
        assert_eq!(twice, ["/etc/gslb/node.toml:2: dns.listen: an address is given twice"]);
        assert!(faults("[dns\n")[0].starts_with("/etc/gslb/node.toml:1: "));
    }

    #[test]
    fn what_is_told_to_others_can_be_dialled() {
        for good in ["a.example.net:1", "10.0.0.1:65535", "[2001:db8::1]:80"] {
            assert!(good.parse::<Dialable>().is_ok(), "{good}");
        }
        for bad in ["a", "a:0", ":1", "2001:db8::1:80", "[x]:1", "a b:1", "a:65536"] {
            assert!(bad.parse::<Dialable>().is_err(), "{bad}");
        }
    }
}
