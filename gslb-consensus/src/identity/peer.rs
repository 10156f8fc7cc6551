//! Who the other end of a connection is, by its certificate.

use rustls_pki_types::CertificateDer;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::IdentityError;

/// The other end of a connection whose certificate this cluster's authority signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peer {
    /// A node of the cluster, by its number.
    Node(u64),
    /// An observer, by its number: it follows the feed and has no part in Raft.
    Observer(u64),
    /// An admin, by name.
    Admin(String),
    /// A user, by name: what it may do is said by the agreed state.
    User(String),
}

impl std::fmt::Display for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Node(id) => write!(f, "node {id}"),
            Self::Observer(id) => write!(f, "observer {id}"),
            Self::Admin(name) => write!(f, "admin {name}"),
            Self::User(name) => write!(f, "user {name}"),
        }
    }
}

/// The host name that nodes dial each other by; it is never looked up in the DNS.
pub(crate) fn host_name(node_id: u64, cluster: &str) -> String {
    format!("n{node_id}.{cluster}.gslb.internal")
}

/// The host name in an observer's certificate: another than a node's, so that nothing that dials a
/// node ever reaches it.
pub(crate) fn observer_host(node_id: u64, cluster: &str) -> String {
    format!("o{node_id}.{cluster}.gslb.internal")
}

/// The node number within a host name made by [`host_name`].
pub(crate) fn node_of_host(host: &str) -> Option<u64> {
    host.strip_prefix('n')?.split('.').next()?.parse().ok()
}

/// The role as it stands in a certificate.
pub(super) fn role_uri(cluster_uuid: &str, peer: &Peer) -> String {
    match peer {
        Peer::Node(id) => format!("gslb://{cluster_uuid}/node/{id}"),
        Peer::Observer(id) => format!("gslb://{cluster_uuid}/observer/{id}"),
        Peer::Admin(name) => format!("gslb://{cluster_uuid}/admin/{name}"),
        Peer::User(name) => format!("gslb://{cluster_uuid}/user/{name}"),
    }
}

/// Reads the role out of certificates whose signatures TLS has checked already.
///
/// What stands behind the first one leads to the authority. Who is no node must have been signed by
/// the authority itself: the issuing key that the nodes hold makes nodes and no operators.
pub(super) fn peer_of(
    cluster_uuid: &str,
    shown: &[CertificateDer<'_>],
) -> Result<Peer, IdentityError> {
    let refused = |why: &str| IdentityError::Certificate(why.to_owned());
    let (certificate, between) = shown.split_first().ok_or_else(|| refused("none was shown"))?;
    match role_of(cluster_uuid, certificate)? {
        Peer::Node(id) => Ok(Peer::Node(id)),
        person if between.is_empty() => Ok(person),
        person => {
            let why =
                format!("{person} is signed by a key of the nodes, which may sign nodes only");
            Err(IdentityError::Certificate(why))
        }
    }
}

/// The role that one certificate says.
fn role_of(cluster_uuid: &str, certificate: &CertificateDer<'_>) -> Result<Peer, IdentityError> {
    let refused = |why: &str| IdentityError::Certificate(why.to_owned());
    let (_, parsed) = X509Certificate::from_der(certificate)
        .map_err(|error| IdentityError::Certificate(error.to_string()))?;
    let names = parsed
        .subject_alternative_name()
        .map_err(|error| IdentityError::Certificate(error.to_string()))?
        .ok_or_else(|| refused("it names nobody"))?;
    for name in &names.value.general_names {
        let GeneralName::URI(uri) = name else { continue };
        let Some(rest) = uri.strip_prefix("gslb://") else { continue };
        let Some((uuid, role)) = rest.split_once('/') else { continue };
        if uuid != cluster_uuid {
            return Err(refused("it belongs to another cluster"));
        }
        return match role.split_once('/') {
            Some(("node", id)) => {
                id.parse().map(Peer::Node).map_err(|_| refused("its node number is no number"))
            }
            Some(("observer", id)) => {
                id.parse().map(Peer::Observer).map_err(|_| refused("its number is no number"))
            }
            Some(("admin", name)) => Ok(Peer::Admin(name.to_owned())),
            Some(("user", name)) => Ok(Peer::User(name.to_owned())),
            _ => Err(refused("it says a role that this version does not know")),
        };
    }
    Err(refused("it says no role in this kind of cluster"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_name_gives_its_node_back() {
        assert_eq!(node_of_host(&host_name(17, "prod")), Some(17));
        assert_eq!(node_of_host("www.example.net"), None);
        assert_eq!(node_of_host(&observer_host(17, "prod")), None);
    }
}
