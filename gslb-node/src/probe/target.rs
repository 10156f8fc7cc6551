//! What is probed: an endpoint, and how.

use gslb_consensus::model::endpoint::Target as Answer;
use gslb_consensus::model::{Check, Config, Endpoint, EndpointId, Monitor};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::verdict::Thresholds;

/// An endpoint and how it is probed; two equal ones share their verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The endpoint.
    pub endpoint: EndpointId,
    /// Where probes go.
    pub address: SocketAddr,
    /// How, how often, and when the verdict turns.
    pub monitor: Arc<Monitor>,
}

impl Target {
    fn of(endpoint: &Endpoint, monitor: &Arc<Monitor>) -> Option<Self> {
        let (address, port) = match (&endpoint.probe, &endpoint.target) {
            (Some(probe), _) => (probe.address, probe.port),
            (None, Answer::Address(address)) => (*address, None),
            // The model refuses a monitored alias without a probe address.
            (None, Answer::Alias(_)) => return None,
        };
        let address = SocketAddr::new(address, port.unwrap_or_else(|| monitor.port()));
        Some(Self { endpoint: endpoint.id.clone(), address, monitor: Arc::clone(monitor) })
    }

    /// Whether a verdict on `other` still says something of this: same address and same check.
    #[must_use]
    pub fn checks_the_same(&self, other: &Self) -> bool {
        self.address == other.address && self.monitor.check == other.monitor.check
    }

    /// What one probe does.
    #[must_use]
    pub fn check(&self) -> &Check {
        &self.monitor.check
    }

    /// A probe that takes longer has failed.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.monitor.timeout_ms)
    }

    /// When the verdict turns, and how often is probed.
    #[must_use]
    pub fn thresholds(&self) -> Thresholds {
        Thresholds {
            rise: self.monitor.rise,
            fall: self.monitor.fall,
            interval: Duration::from_millis(self.monitor.interval_ms),
            recheck: Duration::from_millis(self.monitor.recheck_ms),
        }
    }
}

/// Every endpoint of a configuration that is probed.
#[must_use]
pub fn targets(config: &Config) -> BTreeMap<EndpointId, Target> {
    let target = |(pool, endpoint): (&Arc<gslb_consensus::model::Pool>, &Endpoint)| {
        let monitor = config.monitors.get(pool.monitor.as_ref()?)?;
        Some((endpoint.id.clone(), Target::of(endpoint, monitor)?))
    };
    config.endpoints().filter_map(target).collect()
}
