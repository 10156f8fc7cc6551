//! The place data: loaded at the start, loaded again when a file is replaced.

use geo::PlaceTable;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use super::file_mark::FileMark;
use super::place_report::PlaceReport;
use crate::telemetry::Metrics;

/// How often the files are looked at. A change must be seen twice alike before it is read.
const LOOK: Duration = Duration::from_secs(1);

/// Keeps the place table in line with the files, and keeps the old one when they are no good.
pub(super) struct PlaceFiles {
    files: Vec<PathBuf>,
    /// Where other files come from, if they do.
    source: Option<watch::Receiver<Vec<PathBuf>>>,
    tables: watch::Sender<Arc<PlaceTable>>,
    reports: watch::Sender<PlaceReport>,
    metrics: Metrics,
    loaded: Vec<FileMark>,
}

impl PlaceFiles {
    /// Knows which files there are, and no place yet: [`Self::load_first`] does the rest.
    #[must_use]
    pub(super) fn new(files: &[PathBuf], metrics: &Metrics) -> Self {
        let table = PlaceTable::empty();
        Self {
            files: files.to_vec(),
            source: None,
            reports: watch::Sender::new(report_of(&table, &[])),
            tables: watch::Sender::new(Arc::new(table)),
            metrics: metrics.clone(),
            loaded: Vec::new(),
        }
    }

    /// Takes other files in the place of these whenever `source` has some.
    #[must_use]
    pub(super) fn with_source(mut self, source: watch::Receiver<Vec<PathBuf>>) -> Self {
        self.source = Some(source);
        self
    }

    /// Loads the files, or the built-in table if there are none.
    ///
    /// Files that are missing or corrupt keep no node from starting: it answers by the default order of
    /// each name and says so, until there is a good file.
    pub(super) fn load_first(&mut self) {
        self.loaded = FileMark::of_all(&self.files);
        match read(&self.files) {
            Ok(table) => {
                self.reports.send_replace(report_of(&table, &self.files));
                self.tables.send_replace(Arc::new(table));
            }
            Err(error) => {
                tracing::error!(%error, "no place data: names are answered in their default order");
                self.metrics.places_refused();
                self.reports.send_modify(|report| report.refused = Some(error.to_string()));
            }
        }
        tracing::info!(data = self.tables.borrow().edition().label, "place data");
    }

    /// The table in use, with every change.
    #[must_use]
    pub(super) fn tables(&self) -> watch::Receiver<Arc<PlaceTable>> {
        self.tables.subscribe()
    }

    /// What has become of the files, with every change.
    #[must_use]
    pub(super) fn reports(&self) -> watch::Receiver<PlaceReport> {
        self.reports.subscribe()
    }

    /// Follows the files for ever.
    pub(super) async fn follow(mut self) {
        if self.files.is_empty() && self.source.is_none() {
            return std::future::pending().await;
        }
        let mut ticks = interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut seen = self.loaded.clone();
        loop {
            ticks.tick().await;
            if let Some(source) = &mut self.source
                && source.has_changed().unwrap_or(false)
            {
                self.files = source.borrow_and_update().clone();
            }
            let now = FileMark::of_all(&self.files);
            // Seen twice alike: a file that is still being written is left alone.
            if now == seen && now != self.loaded {
                self.load(&now).await;
            }
            seen = now;
        }
    }

    /// Reads the files as they are now; a table that is good is used from now on.
    async fn load(&mut self, before: &[FileMark]) {
        let files = self.files.clone();
        let read = tokio::task::spawn_blocking(move || read(&files)).await;
        if FileMark::of_all(&self.files) != before {
            // Written to while it was read: the next look sees it change.
            return;
        }
        self.loaded = before.to_vec();
        let why = match read {
            Ok(Ok(table)) => {
                tracing::info!(data = table.edition().label, "new place data");
                self.reports.send_replace(report_of(&table, &self.files));
                self.tables.send_replace(Arc::new(table));
                return;
            }
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        };
        tracing::error!(error = why, "new place data is refused; the data before is kept");
        self.metrics.places_refused();
        self.reports.send_modify(|report| report.refused = Some(why));
    }
}

/// The table of the files, or the built-in one if there are none.
fn read(files: &[PathBuf]) -> Result<PlaceTable, geo::LoadError> {
    if files.is_empty() { Ok(PlaceTable::builtin()) } else { PlaceTable::load(files) }
}

fn report_of(table: &PlaceTable, files: &[PathBuf]) -> PlaceReport {
    let edition = table.edition();
    PlaceReport {
        edition: edition.id.to_string(),
        label: edition.label.clone(),
        built_s: edition.build_epoch_s,
        files: files.to_vec(),
        refused: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn without_files_the_built_in_table_is_used_and_called_coarse() {
        let mut places = PlaceFiles::new(&[], &Metrics::default());
        places.load_first();
        let report = places.reports().borrow().clone();
        assert!(report.label.contains("coarse"), "{report:?}");
        assert_eq!(report.refused, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_file_that_is_no_good_is_refused_and_the_table_before_kept() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("city.mmdb");
        let metrics = Metrics::default();
        let mut places = PlaceFiles::new(std::slice::from_ref(&file), &metrics);
        places.load_first();
        let (tables, mut reports) = (places.tables(), places.reports());
        assert!(reports.borrow_and_update().refused.as_ref().unwrap().contains("cannot be read"));
        let follow = tokio::spawn(places.follow());
        fs::write(&file, "no database").unwrap();
        let sound = |r: &PlaceReport| r.refused.as_ref().is_some_and(|w| w.contains("no sound"));
        reports.wait_for(sound).await.unwrap();
        assert!(!tables.has_changed().unwrap());
        assert!(metrics.encode().contains("gslb_place_data_refused_total 2"));
        follow.abort();
    }
}
