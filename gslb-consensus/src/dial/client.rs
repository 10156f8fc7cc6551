//! The HTTP clients for other nodes.

use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::Resolve;
use reqwest::{Client, ClientBuilder};

use crate::identity::{IdentityError, NodeTls};

/// How long a connection to another node is waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// Until it stands.
    pub(crate) connect: Duration,
    /// How often it is tried, also while nothing is asked.
    pub(crate) keep_alive: Duration,
    /// How long the answer to that may take, before it is given up.
    pub(crate) answer: Duration,
}

/// A client that shows this node's certificate and finds the nodes by `book`.
pub(crate) fn builder(
    tls: &NodeTls,
    book: Arc<impl Resolve + 'static>,
    patience: Patience,
) -> Result<ClientBuilder, IdentityError> {
    Ok(Client::builder()
        .tls_backend_preconfigured(tls.client_config()?)
        .https_only(true)
        .http2_prior_knowledge()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .dns_resolver(book)
        .tcp_nodelay(true)
        .connect_timeout(patience.connect)
        // Finds the connections that a restarted node has forgotten (openraft #1770).
        .http2_keep_alive_interval(patience.keep_alive)
        .http2_keep_alive_timeout(patience.answer)
        .http2_keep_alive_while_idle(true))
}
