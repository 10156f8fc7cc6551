//! Holds a node's file against the machine that it is to run on.

use geo::PlaceTable;
use gslb_consensus::identity::Identity;
use gslb_consensus::model::{Fault, Faults};
use socket2::{Domain, Protocol, Socket, Type};
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;

use super::node_config::NodeConfig;

/// Everything that would keep the node from starting: ports, folders, identity, place data.
#[must_use]
pub fn check_world(config: &NodeConfig) -> Faults {
    let mut faults = Faults::default();
    check_sockets(config, &mut faults);
    if let Err(error) = could_be_written(&config.data) {
        let what = format!("the folder {} cannot be written: {error}", config.data.display());
        faults.add("data", what);
    }
    match Identity::load(&config.identity) {
        Ok(identity) => {
            if let Err(error) = identity.cluster_key() {
                faults.add("identity", error.to_string());
            }
            for error in identity.check_private() {
                faults.add("identity", error.to_string());
            }
            if config.name.as_ref().is_some_and(|name| *name != identity.name) {
                faults.add("name", format!("the identity is of a node named {}", identity.name));
            }
        }
        Err(error) => faults.add("identity", error.to_string()),
    }
    if let Err(error) = PlaceTable::load(&config.databases) {
        faults.add("place.databases", error.to_string());
    }
    for fault in &mut faults.0 {
        locate(fault, config);
    }
    faults
}

fn check_sockets(config: &NodeConfig, faults: &mut Faults) {
    for address in &config.dns.listen {
        for (kind, word) in [(Type::DGRAM, "UDP"), (Type::STREAM, "TCP")] {
            if let Err(error) = bindable(*address, kind) {
                faults.add("dns.listen", format!("{word} {address}: {}", in_words(&error)));
            }
        }
    }
    let plain = config.api.plain.map(|address| ("api.plain", address));
    let listeners = [("api.listen", config.api.listen), ("raft.listen", config.raft.listen)];
    for (path, address) in listeners.into_iter().chain(plain) {
        if let Err(error) = bindable(address, Type::STREAM) {
            faults.add(path, format!("TCP {address}: {}", in_words(&error)));
        }
    }
}

/// Binds an address for UDP and TCP for a moment.
///
/// # Errors
/// What the system says.
pub fn try_bind(address: SocketAddr) -> io::Result<()> {
    bindable(address, Type::DGRAM)?;
    bindable(address, Type::STREAM)
}

/// Binds an address for a moment.
fn bindable(address: SocketAddr, kind: Type) -> io::Result<()> {
    let protocol = if kind == Type::DGRAM { Protocol::UDP } else { Protocol::TCP };
    let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    if kind == Type::STREAM {
        socket.set_reuse_address(true)?;
    }
    socket.bind(&address.into())?;
    // Two listeners at one address are told apart by listening only.
    if kind == Type::STREAM { socket.listen(1) } else { Ok(()) }
}

/// What a failed bind means, and what to do.
#[must_use]
pub fn in_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => "another program listens there already".to_owned(),
        io::ErrorKind::AddrNotAvailable => "this machine has no such address".to_owned(),
        io::ErrorKind::PermissionDenied => {
            "not allowed: ports below 1024 need CAP_NET_BIND_SERVICE".to_owned()
        }
        _ => error.to_string(),
    }
}

/// Whether files can be made in a folder; it is made if it is not there.
///
/// # Errors
/// What the system says.
pub fn writable(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    tempfile::tempfile_in(folder).map(drop)
}

/// Whether a folder can be written, or made where it is to be; leaves nothing behind.
fn could_be_written(folder: &Path) -> io::Result<()> {
    let there = folder.ancestors().find(|f| f.exists() || f.as_os_str().is_empty());
    match there {
        Some(there) if there.as_os_str().is_empty() => tempfile::tempfile_in(".").map(drop),
        Some(there) => tempfile::tempfile_in(there).map(drop),
        None => Err(io::ErrorKind::NotFound.into()),
    }
}

/// Gives a fault the file, and the line of the field that it is about.
fn locate(fault: &mut Fault, config: &NodeConfig) {
    fault.file = Some(config.file.display().to_string());
    let text = fs::read_to_string(&config.file).unwrap_or_default();
    fault.line = line_of(&text, &fault.path);
}

/// The line at which the value of a path such as `dns.listen` starts.
fn line_of(text: &str, path: &str) -> Option<u32> {
    let table = toml::de::DeTable::parse(text).ok()?;
    let (first, rest) = path.split_once('.').map_or((path, None), |(f, r)| (f, Some(r)));
    let mut value = table.get_ref().get(first)?;
    if let Some(key) = rest {
        value = value.get_ref().as_table()?.get(key)?;
    }
    let before = text.get(..value.span().start)?;
    u32::try_from(before.matches('\n').count() + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gslb_consensus::identity::{Authority, ClusterKey};
    use std::net::{TcpListener, UdpSocket};

    fn folder_with_identity() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::create("lab").unwrap();
        let node = authority.issue_node(1, "n1", true, &[]).unwrap();
        node.save(&folder.path().join("identity")).unwrap();
        folder
    }

    fn check(folder: &Path, text: &str) -> Vec<String> {
        let file = folder.join("node.toml");
        fs::write(&file, text).unwrap();
        let faults = check_world(&super::super::load(&file).unwrap());
        let prefix = file.display().to_string();
        faults.0.iter().map(|f| f.to_string().replace(&prefix, "node.toml")).collect()
    }

    #[test]
    fn a_good_file_on_a_good_machine_has_no_faults() {
        let folder = folder_with_identity();
        let text = "name = \"n1\"\n[dns]\nlisten = [\"127.0.0.1:0\"]\n[api]\nlisten = \"127.0.0.1:0\"\n[raft]\nlisten = \"127.0.0.1:0\"\n";
        assert_eq!(check(folder.path(), text), [""; 0]);
        assert!(!folder.path().join("data").exists(), "checking leaves nothing behind");
    }

    #[test]
    fn keys_that_others_may_read_are_named() {
        use std::os::unix::fs::PermissionsExt;
        let folder = folder_with_identity();
        let identity = folder.path().join("identity");
        ClusterKey::create().unwrap().save(&identity).unwrap();
        let text = "[dns]\nlisten = [\"127.0.0.1:0\"]\n[api]\nlisten = \"127.0.0.1:0\"\n[raft]\nlisten = \"127.0.0.1:0\"\n";
        assert_eq!(check(folder.path(), text), [""; 0]);
        for name in ["cluster.key", "node.key"] {
            let mode = |bits| fs::Permissions::from_mode(bits);
            fs::set_permissions(identity.join(name), mode(0o640)).unwrap();
            let found = check(folder.path(), text);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].contains(name) && found[0].contains("chmod 600"), "{found:?}");
            fs::set_permissions(identity.join(name), mode(0o600)).unwrap();
        }
    }

    #[test]
    fn what_the_machine_does_not_give_is_named_with_its_line() {
        let folder = folder_with_identity();
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let (udp, tcp_address) = (udp.local_addr().unwrap(), tcp.local_addr().unwrap());
        fs::write(folder.path().join("file"), "").unwrap();
        let text = format!(
            "name = \"n2\"\ndata = \"file/data\"\n[dns]\nlisten = [\"{udp}\"]\n[api]\nlisten = \"{tcp_address}\"\n\
             [raft]\nlisten = \"192.0.2.1:1\"\n[place]\ndatabases = [\"none.mmdb\"]\n"
        );
        let found = check(folder.path(), &text);
        let starts = [
            format!("node.toml:4: dns.listen: UDP {udp}: another program"),
            format!("node.toml:6: api.listen: TCP {tcp_address}: another program"),
            "node.toml:8: raft.listen: TCP 192.0.2.1:1: this machine has no such address"
                .to_owned(),
            "node.toml:2: data: the folder ".to_owned(),
            "node.toml:1: name: the identity is of a node named n1".to_owned(),
            "node.toml:10: place.databases: ".to_owned(),
        ];
        for start in &starts {
            assert!(found.iter().any(|f| f.starts_with(start)), "{start} in {found:#?}");
        }
        assert_eq!(found.len(), starts.len(), "{found:#?}");
    }
}
