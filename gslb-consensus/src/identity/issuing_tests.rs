//! Certificates that a key of the nodes signs: who is taken, and who is not.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::{ClientConnection, ServerConnection};
use rustls_pki_types::ServerName;

use super::authority::tests::{authority, successor};
use super::{
    Admission, Authority, ClusterKey, Identity, IssuingKey, NodeKey, NodeName, Peer, key_of_request,
};

const DAY: Duration = Duration::from_secs(86_400);
const LIFE: Duration = Duration::from_secs(90 * 86_400);

fn node(id: u64) -> NodeName {
    NodeName { id, name: format!("n{id}"), hosts: vec!["192.0.2.1".to_owned()] }
}

/// The folder of a node whose certificate a key of the nodes signed.
fn joined(
    dir: &Path,
    authority: &Authority,
    by: &IssuingKey,
    id: u64,
    now: SystemTime,
) -> Identity {
    let key = NodeKey::load_or_create(dir).unwrap();
    let cert_pem = by.sign(&node(id), &key.request().unwrap(), now, LIFE).unwrap();
    let admission = Admission {
        cluster: authority.cluster().to_owned(),
        cluster_uuid: authority.cluster_uuid().to_owned(),
        node_id: id,
        name: format!("n{id}"),
        ca_pem: authority.certificate_pem().to_owned(),
        cert_pem,
    };
    admission.save(dir).unwrap();
    Identity::load(dir).unwrap()
}

/// What the server learns of the client in a real handshake, or why there is none.
fn handshake(client: &Identity, server: &Identity, name: &str) -> Result<Peer, String> {
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let config = Arc::new(client.client_config().unwrap());
    let mut client = ClientConnection::new(config, name).unwrap();
    let mut accepted = ServerConnection::new(server.server_config()).unwrap();
    for _ in 0..10 {
        let mut bytes = Vec::new();
        client.write_tls(&mut bytes).unwrap();
        accepted.read_tls(&mut &bytes[..]).unwrap();
        accepted.process_new_packets().map_err(|e| format!("server: {e}"))?;
        let mut bytes = Vec::new();
        accepted.write_tls(&mut bytes).unwrap();
        client.read_tls(&mut &bytes[..]).unwrap();
        client.process_new_packets().map_err(|e| format!("client: {e}"))?;
    }
    assert!(!client.is_handshaking() && !accepted.is_handshaking());
    let shown = accepted.peer_certificates().unwrap_or_default();
    server.peer_of(shown).map_err(|error| error.to_string())
}

#[test]
fn nodes_of_both_kinds_take_each_other_and_no_strangers() {
    let dir = tempfile::tempdir().unwrap();
    let ours = authority(&dir.path().join("ca"));
    let by = ours.make_issuing_key().unwrap();
    let now = SystemTime::now();
    let one = dir.path().join("n1");
    ours.issue_node(1, "n1", true, &[]).unwrap().save(&one).unwrap();
    let one = Identity::load(&one).unwrap();
    let two = joined(&dir.path().join("n2"), &ours, &by, 2, now);
    assert!(two.is_signed_by_nodes() && !one.is_signed_by_nodes());
    assert_eq!(handshake(&two, &one, &one.host_of(1)), Ok(Peer::Node(2)));
    assert_eq!(handshake(&one, &two, &two.host_of(2)), Ok(Peer::Node(1)));
    // The wrong node.
    handshake(&one, &two, &two.host_of(3)).unwrap_err();
    // One whose time is over, or has not begun.
    for (at, id) in [(now - LIFE - DAY, 3), (now + DAY * 3, 4)] {
        let late = joined(&dir.path().join(format!("n{id}")), &ours, &by, id, at);
        handshake(&late, &one, &one.host_of(1)).unwrap_err();
        handshake(&one, &late, &late.host_of(id)).unwrap_err();
    }
    // Another authority that calls itself the same cluster.
    let theirs = successor(&ours);
    let stranger = theirs.make_issuing_key().unwrap();
    let five = joined(&dir.path().join("n5"), &theirs, &stranger, 5, now);
    handshake(&five, &one, &one.host_of(1)).unwrap_err();
    handshake(&one, &five, &five.host_of(5)).unwrap_err();
    // The chain of another key behind a certificate of this one.
    std::fs::copy(dir.path().join("ca/ca.pem"), dir.path().join("n5/ca.pem")).unwrap();
    let error = Identity::load(&dir.path().join("n5")).unwrap_err().to_string();
    assert!(error.contains("no authority of ca.pem signed it"), "{error}");
}

#[test]
fn a_key_of_the_nodes_makes_no_operators() {
    let dir = tempfile::tempdir().unwrap();
    let ours = authority(&dir.path().join("ca"));
    let ann = dir.path().join("ann");
    ours.issue_admin("ann").unwrap().save(&ann).unwrap();
    let shown = |behind: &[&str]| {
        let pem = behind.iter().map(|file| std::fs::read_to_string(dir.path().join(file)).unwrap());
        let pem: String = pem.collect();
        use rustls_pki_types::pem::PemObject;
        let all = rustls_pki_types::CertificateDer::pem_slice_iter(pem.as_bytes());
        all.map(Result::unwrap).collect::<Vec<_>>()
    };
    let uuid = ours.cluster_uuid();
    let alone = super::peer::peer_of(uuid, &shown(&["ann/admin.pem"]));
    assert_eq!(alone.unwrap(), Peer::Admin("ann".to_owned()));
    // With anything between it and the authority it may have been signed by a node.
    let error = super::peer::peer_of(uuid, &shown(&["ann/admin.pem", "ca/ca.pem"])).unwrap_err();
    assert!(error.to_string().contains("may sign nodes only"), "{error}");
    assert!(super::peer::peer_of(uuid, &[]).is_err());
}

#[test]
fn it_signs_what_the_cluster_says_and_never_beyond_its_own_end() {
    let dir = tempfile::tempdir().unwrap();
    let ours = authority(&dir.path().join("ca"));
    let by = ours.make_issuing_key().unwrap();
    let now = SystemTime::now();
    let request = NodeKey::create().unwrap().request().unwrap();
    let hash = key_of_request(&request).unwrap();
    assert_ne!(hash, key_of_request(&NodeKey::create().unwrap().request().unwrap()).unwrap());
    // Short of its end the certificate is cut, past it there is none.
    let end = SystemTime::UNIX_EPOCH + Duration::from_secs(by.ends_s().unwrap() as u64);
    let folder = dir.path().join("n2");
    let cut = joined(&folder, &ours, &by, 2, end - DAY);
    let own = super::validity::span(&cut.tls().credentials.chain[0]).unwrap();
    assert_eq!(own.1, by.ends_s().unwrap());
    let error = by.sign(&node(2), &request, end, LIFE).unwrap_err().to_string();
    assert!(error.contains("gslbctl cluster issuer"), "{error}");
    // A request that was changed on its way proves nothing.
    let at = request.len() / 2;
    let swap = if &request[at..=at] == "A" { "B" } else { "A" };
    let mut bad = request.clone();
    bad.replace_range(at..=at, swap);
    assert!(by.sign(&node(2), &bad, now, LIFE).is_err());
    assert!(by.sign(&node(2), "", now, LIFE).is_err());
}

#[test]
fn it_is_sealed_whole_and_is_shown_to_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let ours = authority(&dir.path().join("ca"));
    let by = ours.make_issuing_key().unwrap();
    let key = ClusterKey::create().unwrap();
    let sealed = by.seal(&key).unwrap();
    assert!(!sealed.windows(7).any(|part| part == b"PRIVATE"));
    let opened = IssuingKey::open(&key, &sealed).unwrap();
    assert_eq!(opened.ends_s().unwrap(), by.ends_s().unwrap());
    assert!(IssuingKey::open(&ClusterKey::create().unwrap(), &sealed).is_err());
    assert!(!format!("{by:?}").contains("PRIVATE"));
    assert_eq!(format!("{:?}", NodeKey::create().unwrap()), "NodeKey(..)");
}

#[test]
fn a_node_that_asks_again_shows_the_same_key() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("n2");
    let ask = || key_of_request(&NodeKey::load_or_create(&folder).unwrap().request().unwrap());
    assert_eq!(ask().unwrap(), ask().unwrap());
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(folder.join("node.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let made = authority(&dir.path().join("ca"));
    assert_eq!(made.cluster(), "prod");
}
