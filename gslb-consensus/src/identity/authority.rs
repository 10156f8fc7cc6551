//! The cluster's certificate authority: it lives in the folder that `gslbctl cluster init` makes.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use serde::{Deserialize, Serialize};

use super::files::{PUBLIC, SECRET, make_folder, read, write};
use super::issued::{AdminFiles, NodeCard, NodeFiles};
use super::issuing_key::NodeName;
use super::peer::{host_name, observer_host, role_uri};
use super::{IdentityError, Peer};

/// How far back certificates begin, so that a node whose clock is slow accepts them.
pub(super) const BACKDATE: Duration = Duration::from_secs(24 * 3600);

/// How long a node's or an operator's certificate lasts: five years.
const LEAF_LIFE: Duration = Duration::from_secs(5 * 365 * 24 * 3600);

/// How long the authority's own certificate lasts: twenty years.
const AUTHORITY_LIFE: Duration = Duration::from_secs(20 * 365 * 24 * 3600);

/// `cluster.toml` beside the authority's key.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClusterCard {
    cluster: String,
    cluster_uuid: String,
}

/// The cluster's certificate authority.
pub struct Authority {
    cluster: String,
    cluster_uuid: String,
    cert_pem: String,
    key_pem: String,
}

impl Authority {
    /// Makes a new cluster: a unique id, a key and a certificate for it.
    pub fn create(cluster: &str) -> Result<Self, IdentityError> {
        check_label(cluster)?;
        Self::create_for(cluster, random_uuid()?)
    }

    /// Makes an authority of a cluster that has its unique id.
    fn create_for(cluster: &str, cluster_uuid: String) -> Result<Self, IdentityError> {
        let key = KeyPair::generate().map_err(crypto)?;
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, format!("{cluster} gslb authority"));
        params.distinguished_name.push(DnType::OrganizationName, cluster_uuid.as_str());
        // One below it: the key of the nodes, which signs certificates of nodes.
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(1));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        set_validity(&mut params, SystemTime::now(), AUTHORITY_LIFE);
        let cert = params.self_signed(&key).map_err(crypto)?;
        Ok(Self {
            cluster: cluster.to_owned(),
            cluster_uuid,
            cert_pem: cert.pem(),
            key_pem: key.serialize_pem(),
        })
    }

    /// Writes `cluster.toml`, `ca.pem` and `ca.key` (0600) into a folder that holds none yet.
    pub fn save(&self, dir: &Path) -> Result<(), IdentityError> {
        if dir.join("ca.key").exists() {
            let why = "there is an authority already; a new one would shut out its nodes";
            return Err(IdentityError::broken(&dir.join("ca.key"), why));
        }
        let card =
            ClusterCard { cluster: self.cluster.clone(), cluster_uuid: self.cluster_uuid.clone() };
        let card = toml::to_string(&card)
            .map_err(|error| IdentityError::broken(&dir.join("cluster.toml"), error))?;
        make_folder(dir)?;
        write(dir, "cluster.toml", &card, PUBLIC)?;
        write(dir, "ca.pem", &self.cert_pem, PUBLIC)?;
        write(dir, "ca.key", &self.key_pem, SECRET)
    }

    /// Reads the authority from its folder.
    pub fn load(dir: &Path) -> Result<Self, IdentityError> {
        let card: ClusterCard = toml::from_str(&read(dir, "cluster.toml")?)
            .map_err(|error| IdentityError::broken(&dir.join("cluster.toml"), error.message()))?;
        check_label(&card.cluster)?;
        let authority = Self {
            cluster: card.cluster,
            cluster_uuid: card.cluster_uuid,
            cert_pem: read(dir, "ca.pem")?,
            key_pem: read(dir, "ca.key")?,
        };
        authority.issuer().map_err(|error| IdentityError::broken(&dir.join("ca.key"), error))?;
        Ok(authority)
    }

    /// The cluster's name.
    pub fn cluster(&self) -> &str {
        &self.cluster
    }

    /// The cluster's unique id, 32 hexadecimal digits.
    pub fn cluster_uuid(&self) -> &str {
        &self.cluster_uuid
    }

    /// Issues the identity of a node; `hosts` are the IPs and host names its API is reached by.
    pub fn issue_node(
        &self,
        node_id: u64,
        name: &str,
        founder: bool,
        hosts: &[String],
    ) -> Result<NodeFiles, IdentityError> {
        let node = NodeName { id: node_id, name: name.to_owned(), hosts: hosts.to_vec() };
        let params = node_params(&self.cluster, &self.cluster_uuid, &node)?;
        self.issue_files(params, &node, (founder, false))
    }

    /// Issues the identity of an observer: it follows the feed, and nobody lets it speak Raft.
    pub fn issue_observer(
        &self,
        node_id: u64,
        name: &str,
        hosts: &[String],
    ) -> Result<NodeFiles, IdentityError> {
        let node = NodeName { id: node_id, name: name.to_owned(), hosts: hosts.to_vec() };
        let (host, peer) = (observer_host(node_id, &self.cluster), Peer::Observer(node_id));
        let params = member_params(&host, &self.cluster_uuid, &peer, &node)?;
        self.issue_files(params, &node, (false, true))
    }

    /// Makes the files of a node's or an observer's identity.
    fn issue_files(
        &self,
        params: CertificateParams,
        node: &NodeName,
        (founder, observer): (bool, bool),
    ) -> Result<NodeFiles, IdentityError> {
        let (cert_pem, key_pem) = self.issue(params)?;
        let card = NodeCard {
            cluster: self.cluster.clone(),
            cluster_uuid: self.cluster_uuid.clone(),
            node_id: node.id,
            name: node.name.clone(),
            founder,
            observer,
        };
        Ok(NodeFiles { card, ca_pem: self.cert_pem.clone(), cert_pem, key_pem })
    }

    /// Issues the identity of an admin: it has all rights unless the agreed state says otherwise.
    pub fn issue_admin(&self, name: &str) -> Result<AdminFiles, IdentityError> {
        self.issue_operator(&format!("gslb admin {name}"), name, Peer::Admin(name.to_owned()))
    }

    /// Issues the identity of a user: it has the rights that the agreed state says, else none.
    pub fn issue_user(&self, name: &str) -> Result<AdminFiles, IdentityError> {
        self.issue_operator(&format!("gslb user {name}"), name, Peer::User(name.to_owned()))
    }

    fn issue_operator(
        &self,
        common_name: &str,
        name: &str,
        peer: Peer,
    ) -> Result<AdminFiles, IdentityError> {
        check_label(name)?;
        let usage = [ExtendedKeyUsagePurpose::ClientAuth];
        let params = leaf_params(common_name, &self.cluster_uuid, &peer, Vec::new(), &usage)?;
        let (cert_pem, key_pem) = self.issue(params)?;
        Ok(AdminFiles { ca_pem: self.cert_pem.clone(), cert_pem, key_pem })
    }

    /// The authority's own certificate, as PEM: by it a caller knows the nodes.
    pub fn certificate_pem(&self) -> &str {
        &self.cert_pem
    }

    /// Makes a key and signs a certificate for it; gives both as PEM.
    fn issue(&self, mut params: CertificateParams) -> Result<(String, String), IdentityError> {
        let key = KeyPair::generate().map_err(crypto)?;
        set_validity(&mut params, SystemTime::now(), LEAF_LIFE);
        let cert = params.signed_by(&key, &self.issuer()?).map_err(crypto)?;
        Ok((cert.pem(), key.serialize_pem()))
    }

    /// The signing side of the authority.
    pub(super) fn issuer(&self) -> Result<Issuer<'static, KeyPair>, IdentityError> {
        let key = KeyPair::from_pem(&self.key_pem).map_err(crypto)?;
        Issuer::from_ca_cert_pem(&self.cert_pem, key).map_err(crypto)
    }
}

/// What the certificate of a node says, but for how long.
pub(super) fn node_params(
    cluster: &str,
    cluster_uuid: &str,
    node: &NodeName,
) -> Result<CertificateParams, IdentityError> {
    let (host, peer) = (host_name(node.id, cluster), Peer::Node(node.id));
    member_params(&host, cluster_uuid, &peer, node)
}

/// What the certificate of a node or an observer says; `host` is the name that it is told apart by.
fn member_params(
    host: &str,
    cluster_uuid: &str,
    peer: &Peer,
    node: &NodeName,
) -> Result<CertificateParams, IdentityError> {
    check_label(&node.name)?;
    if node.id == 0 {
        let rule = "is no node number: they begin at 1";
        return Err(IdentityError::Name { given: node.id.to_string(), rule });
    }
    let mut names = vec![dns_san(host)?];
    for host in &node.hosts {
        names.push(match host.parse() {
            Ok(address) => SanType::IpAddress(address),
            Err(_) => dns_san(host)?,
        });
    }
    let usage = [ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    let common_name = format!("gslb node {}", node.name);
    leaf_params(&common_name, cluster_uuid, peer, names, &usage)
}

/// What a certificate says that signs no others.
fn leaf_params(
    common_name: &str,
    cluster_uuid: &str,
    peer: &Peer,
    mut names: Vec<SanType>,
    usage: &[ExtendedKeyUsagePurpose],
) -> Result<CertificateParams, IdentityError> {
    let uri = role_uri(cluster_uuid, peer);
    names.push(SanType::URI(uri.as_str().try_into().map_err(crypto)?));
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.subject_alt_names = names;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = usage.to_vec();
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

/// Sets from when to when a certificate is valid.
pub(super) fn set_validity(params: &mut CertificateParams, now: SystemTime, life: Duration) {
    let since_epoch = now.duration_since(UNIX_EPOCH).unwrap_or(BACKDATE);
    let now = rcgen::date_time_ymd(1970, 1, 1) + since_epoch;
    params.not_before = now - BACKDATE;
    params.not_after = now + life;
}

/// A DNS name for a certificate.
fn dns_san(name: &str) -> Result<SanType, IdentityError> {
    let rule = "is no host name and no IP address";
    let fits = !name.is_empty()
        && name.len() <= 253
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
    if !fits {
        return Err(IdentityError::Name { given: name.to_owned(), rule });
    }
    Ok(SanType::DnsName(name.try_into().map_err(crypto)?))
}

/// Names of clusters, nodes and operators are DNS labels: they become parts of host names.
fn check_label(name: &str) -> Result<(), IdentityError> {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let fits = (1..=63).contains(&name.len())
        && name.bytes().all(inner)
        && !name.starts_with('-')
        && !name.ends_with('-');
    if fits {
        return Ok(());
    }
    let rule = "must be 1 to 63 lower-case letters, digits and hyphens, no hyphen at either end";
    Err(IdentityError::Name { given: name.to_owned(), rule })
}

/// 128 random bits as 32 hexadecimal digits.
pub(crate) fn random_uuid() -> Result<String, IdentityError> {
    let mut bytes = [0_u8; 16];
    aws_lc_rs::rand::fill(&mut bytes)
        .map_err(|_| IdentityError::Crypto("the system gave no random bytes".to_owned()))?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

/// Wraps what the certificate library says.
pub(super) fn crypto(error: impl std::fmt::Display) -> IdentityError {
    IdentityError::Crypto(error.to_string())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::identity::{AdminIdentity, Identity};
    use std::os::unix::fs::PermissionsExt;

    /// A second authority of the same cluster, as one that takes over from the first.
    pub(in crate::identity) fn successor(of: &Authority) -> Authority {
        let other = Authority::create_for(&of.cluster, of.cluster_uuid.clone());
        other.unwrap()
    }

    pub(in crate::identity) fn authority(dir: &Path) -> Authority {
        let made = Authority::create("prod").unwrap();
        made.save(dir).unwrap();
        Authority::load(dir).unwrap()
    }

    #[test]
    fn an_issued_node_knows_itself_and_its_certificate_says_so() {
        let dir = tempfile::tempdir().unwrap();
        let authority = authority(&dir.path().join("ca"));
        let node = dir.path().join("n3");
        let hosts = ["192.0.2.7".to_owned(), "api.example.net".to_owned()];
        authority.issue_node(3, "fra-1", true, &hosts).unwrap().save(&node).unwrap();
        let identity = Identity::load(&node).unwrap();
        assert_eq!((identity.node_id, identity.name.as_str()), (3, "fra-1"));
        assert!(identity.founder);
        assert_eq!(identity.cluster_uuid, authority.cluster_uuid());
        assert_eq!(identity.host_of(3), "n3.prod.gslb.internal");
        assert_eq!(identity.peer_of(&identity.tls().credentials.chain).unwrap(), Peer::Node(3));
        assert_eq!(identity.server_config().alpn_protocols.len(), 2);
        assert_eq!(identity.client_config().unwrap().alpn_protocols.len(), 1);
    }

    #[test]
    fn an_observer_is_no_node_by_its_certificate_and_is_dialled_by_no_node() {
        let dir = tempfile::tempdir().unwrap();
        let authority = authority(&dir.path().join("ca"));
        let folder = dir.path().join("edge");
        authority
            .issue_observer(4, "edge", &["192.0.2.7".to_owned()])
            .unwrap()
            .save(&folder)
            .unwrap();
        let identity = Identity::load(&folder).unwrap();
        assert!(identity.observer && !identity.founder);
        assert_eq!(identity.peer_of(&identity.tls().credentials.chain).unwrap(), Peer::Observer(4));
        identity.reload(SystemTime::now()).unwrap();
        // Its card says observer; with a node's certificate it is refused, and the other way round.
        let node = dir.path().join("n4");
        authority.issue_node(4, "n4", false, &[]).unwrap().save(&node).unwrap();
        for name in ["node.pem", "node.key"] {
            std::fs::copy(node.join(name), folder.join(name)).unwrap();
        }
        let error = Identity::load(&folder).unwrap_err().to_string();
        assert!(error.contains("it is of node 4, identity.toml says observer 4"), "{error}");
    }

    #[test]
    fn keys_are_readable_by_their_owner_only() {
        let dir = tempfile::tempdir().unwrap();
        let authority = authority(dir.path());
        authority.issue_node(1, "a", false, &[]).unwrap().save(dir.path()).unwrap();
        authority.issue_admin("ann").unwrap().save(dir.path()).unwrap();
        for key in ["ca.key", "node.key", "admin.key"] {
            let mode = std::fs::metadata(dir.path().join(key)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{key}");
        }
        assert_eq!(AdminIdentity::load(dir.path()).unwrap().name, "ann");
    }

    #[test]
    fn a_second_authority_never_replaces_the_first() {
        let dir = tempfile::tempdir().unwrap();
        authority(dir.path());
        let error = Authority::create("prod").unwrap().save(dir.path()).unwrap_err();
        assert!(error.to_string().contains("there is an authority already"), "{error}");
    }

    #[test]
    fn names_that_are_no_labels_are_refused() {
        for bad in ["", "-a", "a-", "A", "a.b", "a b", &"x".repeat(64)] {
            assert!(Authority::create(bad).is_err(), "{bad}");
        }
        Authority::create(&"x".repeat(63)).unwrap();
    }

    #[test]
    fn a_foreign_certificate_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let ours = authority(&dir.path().join("ours"));
        let theirs = authority(&dir.path().join("theirs"));
        ours.issue_node(1, "a", true, &[]).unwrap().save(&dir.path().join("n1")).unwrap();
        theirs.issue_node(2, "b", false, &[]).unwrap().save(&dir.path().join("n2")).unwrap();
        let one = Identity::load(&dir.path().join("n1")).unwrap();
        let two = Identity::load(&dir.path().join("n2")).unwrap();
        let error = one.peer_of(&two.tls().credentials.chain).unwrap_err();
        assert!(error.to_string().contains("another cluster"), "{error}");
    }

    #[test]
    fn a_folder_with_another_nodes_certificate_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let authority = authority(&dir.path().join("ca"));
        let folder = dir.path().join("n1");
        authority.issue_node(1, "a", true, &[]).unwrap().save(&folder).unwrap();
        authority.issue_node(2, "b", false, &[]).unwrap().save(&dir.path().join("n2")).unwrap();
        for name in ["node.pem", "node.key"] {
            std::fs::copy(dir.path().join("n2").join(name), folder.join(name)).unwrap();
        }
        let error = Identity::load(&folder).unwrap_err();
        assert!(error.to_string().contains("node 2"), "{error}");
    }
}
