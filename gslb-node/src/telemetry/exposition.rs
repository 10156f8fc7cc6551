//! Writes families of values that are read at the scrape.

use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use std::fmt;

/// The labels of one value.
pub type Labels = Vec<(&'static str, String)>;

/// Writes families to one scrape; `gslb_` is put before each name.
pub struct Exposition<'a>(pub(super) DescriptorEncoder<'a>);

/// Something that is read at each scrape.
pub trait Source: Send + Sync {
    /// Writes its values.
    ///
    /// # Errors
    /// The text cannot be written.
    fn read(&self, out: &mut Exposition<'_>) -> fmt::Result;
}

impl Exposition<'_> {
    /// One gauge.
    ///
    /// # Errors
    /// The text cannot be written.
    pub fn gauge(&mut self, name: &str, help: &str, value: f64) -> fmt::Result {
        self.gauges(name, help, [(Labels::new(), value)])
    }

    /// Gauges that differ by labels.
    ///
    /// # Errors
    /// The text cannot be written.
    pub fn gauges(
        &mut self,
        name: &str,
        help: &str,
        values: impl IntoIterator<Item = (Labels, f64)>,
    ) -> fmt::Result {
        let mut family = self.0.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (labels, value) in values {
            ConstGauge::new(value).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }

    /// One counter; `_total` is added to the name.
    ///
    /// # Errors
    /// The text cannot be written.
    pub fn counter(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        self.counters(name, help, [(Labels::new(), value)])
    }

    /// Counters that differ by labels; `_total` is added to the name.
    ///
    /// # Errors
    /// The text cannot be written.
    pub fn counters(
        &mut self,
        name: &str,
        help: &str,
        values: impl IntoIterator<Item = (Labels, u64)>,
    ) -> fmt::Result {
        let mut family = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (labels, value) in values {
            ConstCounter::new(value).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}
