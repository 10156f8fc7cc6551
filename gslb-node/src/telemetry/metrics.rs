//! The node's metrics.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use super::exposition::{Exposition, Source};

/// Counts what happens, and reads the rest when it is asked; clones share all.
#[derive(Clone)]
pub struct Metrics(Arc<Shared>);

struct Shared {
    registry: Registry,
    probes: Family<[(&'static str, &'static str); 1], Histogram>,
    reports_failed: Counter,
    compile: Histogram,
    compile_failed: Counter,
    places_refused: Counter,
    scrape: Arc<Scrape>,
}

/// What is read at each scrape.
#[derive(Default)]
struct Scrape {
    last_probes: Mutex<BTreeMap<String, LastProbe>>,
    source: OnceLock<Box<dyn Source>>,
}

/// What the last probe of an endpoint said.
#[derive(Clone, Copy, Debug)]
struct LastProbe {
    /// The own verdict after it, if there is one.
    up: Option<bool>,
    /// How long it took.
    took: Duration,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("gslb");
        let scrape = Arc::new(Scrape::default());
        let seconds = || Histogram::new(exponential_buckets(0.001, 2.0, 16));
        let compile = Histogram::new(exponential_buckets(0.000_1, 4.0, 10));
        let probes = Family::new_with_constructor(seconds as fn() -> Histogram);
        let (reports_failed, compile_failed) = (Counter::default(), Counter::default());
        let places_refused = Counter::default();
        registry.register(
            "probe_duration_seconds",
            "Time that probes took, by result",
            probes.clone(),
        );
        registry.register(
            "health_reports_failed",
            "Health reports that were not accepted and sent again",
            reports_failed.clone(),
        );
        registry.register(
            "compile_duration_seconds",
            "Time from an agreed change to the set that answers follow",
            compile.clone(),
        );
        registry.register(
            "compile_failed",
            "Agreed states that could not be compiled; the last good set was kept",
            compile_failed.clone(),
        );
        registry.register(
            "place_data_refused",
            "Replaced place data files that could not be used; the old data was kept",
            places_refused.clone(),
        );
        registry.register_collector(Box::new(Arc::clone(&scrape)));
        Self(Arc::new(Shared {
            registry,
            probes,
            reports_failed,
            compile,
            compile_failed,
            places_refused,
            scrape,
        }))
    }
}

impl Metrics {
    /// Gives what is read at each scrape; later calls change nothing.
    pub fn attach(&self, source: Box<dyn Source>) {
        let _ = self.0.scrape.source.set(source);
    }

    /// A probe of an endpoint ended; `up` is the own verdict after it.
    pub fn probed(&self, endpoint: &str, passed: bool, took: Duration, up: Option<bool>) {
        let result = if passed { "passed" } else { "failed" };
        self.0.probes.get_or_create(&[("result", result)]).observe(took.as_secs_f64());
        self.0.scrape.last_probes().insert(endpoint.to_owned(), LastProbe { up, took });
    }

    /// Forgets the endpoints that are no longer probed.
    pub fn keep_probes(&self, probed: &BTreeSet<&str>) {
        self.0.scrape.last_probes().retain(|endpoint, _| probed.contains(endpoint.as_str()));
    }

    /// A health report was not accepted.
    pub fn report_failed(&self) {
        self.0.reports_failed.inc();
    }

    /// A new set answers, so long after its state was known.
    pub fn compiled(&self, took: Duration) {
        self.0.compile.observe(took.as_secs_f64());
    }

    /// A state could not be compiled.
    pub fn compile_failed(&self) {
        self.0.compile_failed.inc();
    }

    /// A place data file could not be used.
    pub fn places_refused(&self) {
        self.0.places_refused.inc();
    }

    /// Everything, as OpenMetrics text.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut out = String::new();
        if text::encode(&mut out, &self.0.registry).is_err() {
            tracing::error!("the metrics could not be written");
        }
        out
    }
}

impl Scrape {
    fn last_probes(&self) -> MutexGuard<'_, BTreeMap<String, LastProbe>> {
        self.last_probes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Collector for Scrape {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut out = Exposition(encoder);
        let version = vec![("version", env!("CARGO_PKG_VERSION").to_owned())];
        out.gauges("build", "Which version runs", [(version, 1.0)])?;
        let last = self.last_probes().clone();
        let label = |endpoint: &String| vec![("endpoint", endpoint.clone())];
        out.gauges(
            "probe_up",
            "Own verdict of this node on an endpoint",
            last.iter().filter_map(|(id, l)| Some((label(id), f64::from(u8::from(l.up?))))),
        )?;
        out.gauges(
            "probe_last_seconds",
            "Time that the last probe of an endpoint took",
            last.iter().map(|(id, l)| (label(id), l.took.as_secs_f64())),
        )?;
        self.source.get().map_or(Ok(()), |source| source.read(&mut out))
    }
}

impl fmt::Debug for Scrape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scrape")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_written_even_before_the_node_is_whole() {
        let metrics = Metrics::default();
        metrics.probed("web-1", true, Duration::from_millis(3), Some(true));
        metrics.probed("gone", false, Duration::from_millis(3), Some(false));
        metrics.keep_probes(&BTreeSet::from(["web-1"]));
        metrics.compiled(Duration::from_micros(10));
        metrics.compile_failed();
        let text = metrics.encode();
        for line in [
            "gslb_probe_duration_seconds_count{result=\"passed\"} 1",
            "gslb_compile_duration_seconds_count 1",
            "gslb_compile_failed_total 1",
            "gslb_probe_up{endpoint=\"web-1\"} 1",
        ] {
            assert!(text.lines().any(|l| l.starts_with(line)), "{line} in\n{text}");
        }
        assert!(!text.contains("gone"));
        assert!(text.ends_with("# EOF\n"));
    }
}
