//! Where each node is: the pinned host name of a node, resolved without the DNS.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::identity::node_of_host;

/// `host:port` of the Raft listener of each node that this node has heard of.
#[derive(Debug, Default)]
pub(crate) struct AddressBook(RwLock<BTreeMap<u64, String>>);

impl AddressBook {
    /// Takes down where a node is now.
    pub(crate) fn set(&self, id: u64, address: &str) {
        let mut book = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if book.get(&id).is_none_or(|known| known != address) {
            book.insert(id, address.to_owned());
        }
    }

    /// Takes down where a node was, unless something is known already.
    pub(crate) fn set_if_unknown(&self, id: u64, address: &str) {
        let mut book = self.0.write().unwrap_or_else(PoisonError::into_inner);
        book.entry(id).or_insert_with(|| address.to_owned());
    }

    /// Where a node is.
    pub(crate) fn get(&self, id: u64) -> Option<String> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }
}

/// The resolver that the HTTP clients are given.
#[derive(Debug)]
pub(crate) struct BookResolver(pub(crate) Arc<AddressBook>);

impl Resolve for BookResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        let address = node_of_host(&host).and_then(|id| self.0.get(id));
        Box::pin(async move {
            let Some(address) = address else {
                return Err(format!("the address of {host} is not known").into());
            };
            let found: Vec<_> = tokio::net::lookup_host(address).await?.collect();
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}
