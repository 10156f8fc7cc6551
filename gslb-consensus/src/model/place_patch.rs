//! What an operator says of the clients in a prefix, over the place data.

use geo::{Continent, Country, Point, Prefix, Subdivision};
use serde::{Deserialize, Serialize};

/// Fields of the place of a prefix; those not given are taken from the place data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlacePatch {
    /// The clients.
    pub prefix: Prefix,
    /// Their continent.
    pub continent: Option<Continent>,
    /// Their country.
    pub country: Option<Country>,
    /// Their subdivision.
    pub subdivision: Option<Subdivision>,
    /// Their city, in English.
    pub city: Option<String>,
    /// Where they are.
    pub location: Option<Point>,
}
