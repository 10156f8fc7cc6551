//! A position on the globe, in the integers that every node computes alike.

use serde::{Deserialize, Serialize};

/// A position in units of 1/10,000 degree (11 m), so that equal input gives equal bytes everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Point {
    /// Latitude north, -900,000 to 900,000.
    pub lat_e4: i32,
    /// Longitude east, -1,800,000 to 1,800,000.
    pub lon_e4: i32,
}

impl Point {
    /// The point at these degrees, rounded; `None` outside -90..=90 and -180..=180 or if not a
    /// number.
    #[must_use]
    pub fn from_degrees(lat: f64, lon: f64) -> Option<Self> {
        if !((-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lon)) {
            return None;
        }
        Some(Self {
            lat_e4: (lat * 10_000.0).round() as i32,
            lon_e4: (lon * 10_000.0).round() as i32,
        })
    }

    /// Latitude in degrees.
    #[must_use]
    pub fn lat(self) -> f64 {
        f64::from(self.lat_e4) / 10_000.0
    }

    /// Longitude in degrees.
    #[must_use]
    pub fn lon(self) -> f64 {
        f64::from(self.lon_e4) / 10_000.0
    }
}
