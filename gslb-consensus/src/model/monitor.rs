//! A declared check of the endpoints of a pool.

use super::id::MonitorId;
use serde::{Deserialize, Serialize};

/// How endpoints are probed, and when a verdict turns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Monitor {
    /// Its name.
    pub id: MonitorId,
    /// What one probe does.
    pub check: Check,
    /// Time between probes of one endpoint, ms; jitter only shortens it.
    pub interval_ms: u64,
    /// A probe that takes longer has failed, ms.
    pub timeout_ms: u64,
    /// Time between probes after a first failure until the verdict is clear, ms.
    pub recheck_ms: u64,
    /// Successes in a row that turn the verdict up.
    pub rise: u8,
    /// Failures in a row that turn the verdict down.
    pub fall: u8,
}

/// What one probe does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Check {
    /// An HTTP or HTTPS request.
    Http(HttpCheck),
    /// A TCP connection that is accepted.
    Tcp(TcpCheck),
}

/// An HTTP or HTTPS request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpCheck {
    /// Whether it is HTTPS; the certificate is verified.
    pub tls: bool,
    /// Port; an endpoint's own probe port goes before it.
    pub port: u16,
    /// `GET` or `HEAD`.
    pub method: HttpMethod,
    /// Path and query, from the slash on.
    pub path: String,
    /// Host header and TLS server name; the endpoint's address if none.
    pub host: Option<String>,
    /// Status ranges that mean success, both ends included.
    pub status: Vec<StatusRange>,
    /// PEM of the authorities trusted for this check instead of the system's.
    pub ca: Option<String>,
}

/// The method of an HTTP check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
pub enum HttpMethod {
    Get,
    Head,
}

/// A range of HTTP status codes, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusRange {
    /// First code.
    pub first: u16,
    /// Last code.
    pub last: u16,
}

/// A TCP connection that is accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TcpCheck {
    /// Port; an endpoint's own probe port goes before it.
    pub port: u16,
}

impl Monitor {
    /// The port that probes go to unless the endpoint declares its own.
    #[must_use]
    pub fn port(&self) -> u16 {
        match &self.check {
            Check::Http(http) => http.port,
            Check::Tcp(tcp) => tcp.port,
        }
    }
}
