//! What the API is told of the parts beside it.

use geo::PlaceTable;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::watch;

use super::backups::BackupReport;
use super::dns::Dns;
use super::place_report::PlaceReport;
use crate::control;
use crate::control::shape::CertificateReport;
use crate::publish::Publication;
use crate::telemetry::Metrics;

/// What the API is told of the parts beside it.
pub(super) struct Insight {
    pub(super) metrics: Metrics,
    pub(super) dns: Arc<Dns>,
    pub(super) publication: Arc<Publication>,
    /// The place data with the operators' prefixes over it.
    pub(super) laid: watch::Receiver<Arc<PlaceTable>>,
    /// What has become of the place data.
    pub(super) places: watch::Receiver<PlaceReport>,
    pub(super) backups: watch::Receiver<BackupReport>,
    pub(super) certificates: watch::Receiver<CertificateReport>,
}

impl control::Insight for Insight {
    fn metrics(&self) -> String {
        self.metrics.encode()
    }

    fn answers(&self) -> BTreeMap<String, u64> {
        let workers = self.dns.counters();
        let regions = self.publication.current().regions.clone();
        let total = |index| workers.iter().map(|(_, counters)| counters.of_region(index)).sum();
        regions.iter().zip(0_u16..).map(|(id, index)| (id.to_string(), total(index))).collect()
    }

    fn places(&self) -> Arc<PlaceTable> {
        Arc::clone(&self.laid.borrow())
    }

    fn places_are_coarse(&self) -> bool {
        self.places.borrow().files.is_empty()
    }

    fn backup_failed(&self) -> Option<String> {
        self.backups.borrow().failed.clone()
    }

    fn certificate(&self) -> CertificateReport {
        self.certificates.borrow().clone()
    }
}
