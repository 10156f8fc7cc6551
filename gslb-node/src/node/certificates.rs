//! The node's certificate: read again when its files are replaced, or on SIGHUP.
//!
//! ```text
//!   files change, SIGHUP --> Identity::reload --> new connections show and trust the new ones
//!                                 | refused: the old ones stay; log, status and metrics say so
//! ```

use gslb_consensus::identity::Identity;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use super::file_mark::FileMark;
use crate::control::shape::CertificateReport;

/// How often the files are looked at. A change must be seen twice alike before they are read: they
/// are replaced one by one.
const LOOK: Duration = Duration::from_secs(2);

/// Keeps what a node shows and trusts in line with the files of its identity.
pub(super) struct Certificates {
    identity: Arc<Identity>,
    files: Vec<PathBuf>,
    loaded: Vec<FileMark>,
    reports: watch::Sender<CertificateReport>,
}

impl Certificates {
    /// Those that the identity was just read with.
    pub(super) fn new(identity: Arc<Identity>) -> Self {
        let files = identity.files();
        let reports = watch::Sender::new(report_of(&identity));
        Self { loaded: FileMark::of_all(&files), files, reports, identity }
    }

    /// Until when they are valid and what has become of the files, with every change.
    pub(super) fn reports(&self) -> watch::Receiver<CertificateReport> {
        self.reports.subscribe()
    }

    /// Follows the files for ever.
    pub(super) async fn follow(mut self) {
        let mut hangups = signal(SignalKind::hangup()).ok();
        let mut ticks = interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut seen = self.loaded.clone();
        loop {
            let is_asked = tokio::select! {
                _ = ticks.tick() => false,
                () = next(&mut hangups) => true,
            };
            let now = FileMark::of_all(&self.files);
            if is_asked || (now == seen && now != self.loaded) {
                self.load(&now).await;
            }
            seen = now;
        }
    }

    /// Reads the files as they are now; if they are good they are used from now on.
    async fn load(&mut self, before: &[FileMark]) {
        let identity = Arc::clone(&self.identity);
        let reload = move || identity.reload(SystemTime::now());
        let why = match tokio::task::spawn_blocking(reload).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(error) => Some(error.to_string()),
        };
        if FileMark::of_all(&self.files) != before && why.is_some() {
            // Written to while they were read: the next look sees them change.
            return;
        }
        self.loaded = before.to_vec();
        match &why {
            None => {
                let ends_s = self.identity.validity().ends_s;
                tracing::info!(ends_s, "the certificate was read again and is used from now on");
            }
            Some(why) => {
                tracing::error!(%why, "new certificate files are refused; what was before is used");
            }
        }
        self.reports.send_replace(CertificateReport { refused: why, ..report_of(&self.identity) });
    }
}

/// Waits for the next SIGHUP.
async fn next(hangups: &mut Option<Signal>) {
    match hangups {
        Some(hangups) => drop(hangups.recv().await),
        None => std::future::pending().await,
    }
}

fn report_of(identity: &Identity) -> CertificateReport {
    let validity = identity.validity();
    let (ends_s, authority_ends_s) = (validity.ends_s, validity.authority_ends_s);
    CertificateReport { ends_s, authority_ends_s, refused: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gslb_consensus::identity::Authority;
    use std::fs;

    #[tokio::test(start_paused = true)]
    async fn files_are_taken_when_they_fit_and_refused_when_not() {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::create("lab").unwrap();
        let own = folder.path().join("n1");
        authority.issue_node(1, "n1", true, &[]).unwrap().save(&own).unwrap();
        let identity = Arc::new(Identity::load(&own).unwrap());
        let certificates = Certificates::new(Arc::clone(&identity));
        let mut reports = certificates.reports();
        let follow = tokio::spawn(certificates.follow());
        let (before, key) = (identity.server_config(), fs::read(own.join("node.key")).unwrap());
        // Of another key: refused.
        let other = folder.path().join("other");
        authority.issue_node(1, "n1", true, &[]).unwrap().save(&other).unwrap();
        fs::copy(other.join("node.key"), own.join("node.key")).unwrap();
        let refused = |r: &CertificateReport| r.refused.is_some();
        let report = reports.wait_for(refused).await.unwrap().clone();
        assert!(report.refused.unwrap().contains("node.pem"));
        assert!(Arc::ptr_eq(&before, &identity.server_config()));
        // With its certificate: taken.
        fs::copy(other.join("node.pem"), own.join("node.pem")).unwrap();
        reports.wait_for(|r| r.refused.is_none()).await.unwrap();
        assert!(!Arc::ptr_eq(&before, &identity.server_config()));
        assert_ne!(fs::read(own.join("node.key")).unwrap(), key);
        follow.abort();
    }
}
