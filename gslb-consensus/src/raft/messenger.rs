//! Calls to other nodes: HTTP/2 over mutual TLS, to the node itself and to no other.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use reqwest::{Body, Client, Method, StatusCode};
use tokio::time::timeout;

use super::address_book::{AddressBook, BookResolver};
use super::simulation::{Lost, Post, bring};
use super::timers::Timers;
use crate::dial::{self, Patience, with_causes};
use crate::identity::{Identity, IdentityError, NodeTls};

/// Says which data folder a message is meant for.
pub(crate) const DATA_HEADER: &str = "x-gslb-data";

/// Which of the separate connections a message takes, so that none waits behind another kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Heartbeats and votes: small and urgent.
    Urgent,
    /// Log entries, forwarded writes and the node's own calls.
    Log,
    /// Snapshots: large and slow.
    Snapshot,
}

/// How long what was sent before may hold up the answer to a keep-alive: HTTP/2 has at most 1 MiB of
/// a body on its way. Log entries need 1 MB a second, as their time to get through assumes.
const LOG_AHEAD: Duration = Duration::from_secs(2);

/// The same for snapshots, which may come over a line of 64 KiB a second.
const SNAPSHOT_AHEAD: Duration = Duration::from_secs(20);

/// Why a call gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CallError {
    /// The node was not reached, or would not listen: nothing has happened there.
    Unreachable(String),
    /// Its machine is there, but nothing listens: nothing has happened there.
    Refused(String),
    /// One of the two did not take the other for what it should be: nothing has happened there.
    Distrusted(String),
    /// The call was cut off: it may have taken effect.
    Broken(String),
    /// No answer in time: it may have taken effect.
    Timeout(String),
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(why) => write!(f, "not reached: {why}"),
            Self::Refused(why) => write!(f, "nothing listens: {why}"),
            Self::Distrusted(why) => write!(f, "no trust: {why}"),
            Self::Broken(why) => write!(f, "cut off: {why}"),
            Self::Timeout(why) => write!(f, "no answer in time: {why}"),
        }
    }
}

impl std::error::Error for CallError {}

/// The way to the other nodes.
pub(crate) enum Messenger {
    /// Over HTTP/2.
    Http(Box<Clients>),
    /// Within a simulation.
    Simulated(Arc<dyn Post>),
}

/// The clients, one a lane, each with its own connection to each node.
pub(crate) struct Clients {
    identity: Arc<Identity>,
    book: Arc<AddressBook>,
    timers: Timers,
    lanes: Mutex<Lanes>,
}

/// The clients that show one certificate.
struct Lanes {
    /// What they show and trust.
    tls: Arc<NodeTls>,
    urgent: Client,
    log: Client,
    snapshot: Client,
}

impl Lanes {
    /// Makes the clients; they connect when first used.
    fn new(
        tls: Arc<NodeTls>,
        book: &Arc<AddressBook>,
        timers: Timers,
    ) -> Result<Self, IdentityError> {
        let patience = timers.election();
        let client = |busy: Duration| -> Result<Client, IdentityError> {
            let (connect, keep_alive, answer) = (patience, patience, patience + busy);
            let book = Arc::new(BookResolver(Arc::clone(book)));
            dial::builder(&tls, book, Patience { connect, keep_alive, answer })?
                .build()
                .map_err(|error| IdentityError::Crypto(with_causes(&error)))
        };
        Ok(Self {
            urgent: client(Duration::ZERO)?,
            log: client(LOG_AHEAD)?,
            snapshot: client(SNAPSHOT_AHEAD)?,
            tls,
        })
    }

    /// The client of a lane.
    fn of(&self, lane: Lane) -> Client {
        match lane {
            Lane::Urgent => self.urgent.clone(),
            Lane::Log => self.log.clone(),
            Lane::Snapshot => self.snapshot.clone(),
        }
    }
}

impl Messenger {
    /// Makes the clients of the present certificate.
    pub(crate) fn new(
        identity: &Arc<Identity>,
        book: &Arc<AddressBook>,
        timers: Timers,
    ) -> Result<Self, IdentityError> {
        let lanes = Mutex::new(Lanes::new(identity.tls(), book, timers)?);
        let (identity, book) = (Arc::clone(identity), Arc::clone(book));
        Ok(Self::Http(Box::new(Clients { identity, book, timers, lanes })))
    }

    /// Calls a node; any status is an answer, but 421 and 503 say that it would not listen.
    pub(crate) async fn call(
        &self,
        lane: Lane,
        route: (Method, &str),
        node: (u64, &str),
        body: impl Into<Body>,
        ttl: Duration,
    ) -> Result<(StatusCode, Bytes), CallError> {
        let body = body.into();
        let (status, body) = match self {
            Self::Http(clients) => clients.call(lane, route, node, body, ttl).await?,
            Self::Simulated(post) => match timeout(ttl, bring(post, lane, route, node, body, ttl))
                .await
            {
                Ok(Ok(answer)) => answer,
                Ok(Err(Lost::Unreachable)) => {
                    return Err(CallError::Unreachable("no way there".to_owned()));
                }
                Ok(Err(Lost::Broken)) => return Err(CallError::Broken("no way back".to_owned())),
                Err(late) => return Err(CallError::Timeout(late.to_string())),
            },
        };
        if matches!(status, StatusCode::MISDIRECTED_REQUEST | StatusCode::SERVICE_UNAVAILABLE) {
            let why = String::from_utf8_lossy(&body).into_owned();
            return Err(CallError::Unreachable(format!("{status}: {why}")));
        }
        Ok((status, body))
    }
}

impl Clients {
    /// The client of a lane that shows the present certificate.
    ///
    /// Once that was replaced there are new clients, and thus new connections; what is on its way
    /// over the old ones ends in peace.
    fn client(&self, lane: Lane) -> Client {
        let tls = self.identity.tls();
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&lanes.tls, &tls) {
            match Lanes::new(tls, &self.book, self.timers) {
                Ok(new) => *lanes = new,
                Err(error) => tracing::error!(%error, "no connections with the new certificate"),
            }
        }
        lanes.of(lane)
    }

    async fn call(
        &self,
        lane: Lane,
        (method, path): (Method, &str),
        (node, data_uuid): (u64, &str),
        body: Body,
        ttl: Duration,
    ) -> Result<(StatusCode, Bytes), CallError> {
        let url = format!("https://{}{path}", self.identity.host_of(node));
        let mut request = self.client(lane).request(method, url).body(body).timeout(ttl);
        if !data_uuid.is_empty() {
            request = request.header(DATA_HEADER, data_uuid);
        }
        let response = request.send().await.map_err(|error| sort(&error))?;
        let status = response.status();
        Ok((status, response.bytes().await.map_err(|error| sort(&error))?))
    }
}

/// Tells calls that never arrived from calls whose fate is not known.
fn sort(error: &reqwest::Error) -> CallError {
    let why = with_causes(error);
    if error.is_connect() {
        let system = cause::<std::io::Error>(error).map(std::io::Error::kind);
        match system {
            Some(std::io::ErrorKind::ConnectionRefused) => CallError::Refused(why),
            // What rustls finds wrong comes as data that is not valid.
            Some(std::io::ErrorKind::InvalidData) => CallError::Distrusted(why),
            _ => CallError::Unreachable(why),
        }
    } else if error.is_timeout() {
        CallError::Timeout(why)
    } else {
        CallError::Broken(why)
    }
}

/// The first cause of that type behind an error.
fn cause<T: std::error::Error + 'static>(error: &dyn std::error::Error) -> Option<&T> {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(found) = cause.downcast_ref() {
            return Some(found);
        }
        source = cause.source();
    }
    None
}
