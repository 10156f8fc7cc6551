//! Calls to the nodes that feed: HTTP/2 over mutual TLS, to nodes of the cluster only.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, Response};

use super::error::FollowError;
use crate::dial::{self, Patience, with_causes};
use crate::identity::{Identity, IdentityError, NodeTls};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(3);

/// How long an answer may take to begin.
const ANSWER: Duration = Duration::from_secs(10);

/// How often a silent connection is tried.
const KEEP_ALIVE: Duration = Duration::from_secs(3);

/// Where the members are that the state names, by the host name that their certificate says.
#[derive(Debug, Default)]
struct Book(RwLock<BTreeMap<String, String>>);

/// Calls to the nodes that feed.
pub(crate) struct Dialer {
    identity: Arc<Identity>,
    /// The client, and the certificate that it shows.
    client: Mutex<(Arc<NodeTls>, Client)>,
    book: Arc<Book>,
}

impl Dialer {
    /// A dialer that shows this node's certificate.
    pub(crate) fn new(identity: &Arc<Identity>) -> Result<Self, IdentityError> {
        let book = Arc::new(Book::default());
        let tls = identity.tls();
        let client = Self::client_of(&tls, &book)?;
        Ok(Self { identity: Arc::clone(identity), client: Mutex::new((tls, client)), book })
    }

    fn client_of(tls: &NodeTls, book: &Arc<Book>) -> Result<Client, IdentityError> {
        let patience = Patience { connect: CONNECT, keep_alive: KEEP_ALIVE, answer: KEEP_ALIVE };
        dial::builder(tls, Arc::new(BookResolver(Arc::clone(book))), patience)?
            // A full of many zones is not held up by the window of one stream.
            .http2_adaptive_window(true)
            .build()
            .map_err(|error| IdentityError::Crypto(with_causes(&error)))
    }

    /// The client that shows the present certificate; one that was replaced takes new connections.
    fn client(&self) -> Client {
        let tls = self.identity.tls();
        let mut client = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&client.0, &tls) {
            match Self::client_of(&tls, &self.book) {
                Ok(new) => *client = (tls, new),
                Err(error) => tracing::error!(%error, "no connections with the new certificate"),
            }
        }
        client.1.clone()
    }

    /// Takes down where a host of the cluster's own names is: `host:port`.
    pub(crate) fn learn(&self, host: String, address: &str) {
        let mut book = self.book.0.write().unwrap_or_else(PoisonError::into_inner);
        book.insert(host, address.to_owned());
    }

    /// Begins to read an answer; `at` is `host:port`, or a host that was learnt.
    pub(crate) async fn get(&self, at: &str, path: &str) -> Result<Response, FollowError> {
        let url = format!("https://{at}{path}");
        let sent = tokio::time::timeout(ANSWER, self.client().get(url).send()).await;
        let response = sent
            .map_err(|_| FollowError::Lost("no answer in time".to_owned()))?
            .map_err(|error| FollowError::Lost(with_causes(&error)))?;
        accepted(response).await
    }

    /// Sends a body.
    pub(crate) async fn post(&self, at: &str, path: &str, body: Bytes) -> Result<(), FollowError> {
        let url = format!("https://{at}{path}");
        let sent = self.client().post(url).body(body).timeout(ANSWER).send().await;
        let response = sent.map_err(|error| FollowError::Lost(with_causes(&error)))?;
        accepted(response).await.map(drop)
    }
}

async fn accepted(response: Response) -> Result<Response, FollowError> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let why = response.text().await.unwrap_or_default();
    Err(FollowError::Refused { status: status.as_u16(), why })
}

/// The resolver: the cluster's own names by the book, all others by the system.
#[derive(Debug)]
struct BookResolver(Arc<Book>);

impl Resolve for BookResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        let known = self.0.0.read().unwrap_or_else(PoisonError::into_inner).get(&host).cloned();
        Box::pin(async move {
            let found: Vec<_> = match known {
                Some(address) => tokio::net::lookup_host(address).await?.collect(),
                None => tokio::net::lookup_host((host, 0)).await?.collect(),
            };
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}
